"""Forecast: the steps that follow a context, of one series or many."""
