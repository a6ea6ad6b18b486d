"""The statistics of one matrix: what computes them, and the table of them all."""
