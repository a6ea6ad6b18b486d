"""Regress: one number of each series."""
