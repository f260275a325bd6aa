"""How good predicted probabilities are: arrays in, numbers out."""
