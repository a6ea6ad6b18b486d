"""Label: a class or a number of each row."""
