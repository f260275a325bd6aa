"""Files: read, downloaded, and written whole or not at all."""
