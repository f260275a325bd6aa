"""The Python interface: a run that is loaded once and asked often."""
