"""Where the application of the tests believes to be served."""

ORIGIN = 'http://127.0.0.1:8000'
