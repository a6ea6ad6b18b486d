"""What a table seems to be: how it is written, and what its columns are; guesses, to be checked."""
