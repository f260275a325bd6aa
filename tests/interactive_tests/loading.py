"""With what the explainers of the tests are loaded."""

K = 7  # neighbours a layer
