"""Is it true? What evaluate.py measures of a trained run, part by part."""
