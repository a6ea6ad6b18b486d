"""From a file, a pipe or bytes to a table: read exactly, or refused at the right line."""
