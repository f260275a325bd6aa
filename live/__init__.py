"""The live page: a run that answers a browser while one types."""
