"""Several runs side by side: what compare.py tells of them."""
