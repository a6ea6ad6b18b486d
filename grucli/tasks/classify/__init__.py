"""Classify: the class of each series."""
