"""What people look at: the parts of the HTML page, and the figures."""
