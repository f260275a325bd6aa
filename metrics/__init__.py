"""How good probabilities, scores and explanations are: arrays to numbers."""
