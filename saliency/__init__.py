"""Which words a prediction is due to: methods, the explainer, its records."""
