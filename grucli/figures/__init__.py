"""Figures as PNG, SVG or HTML. Needs matplotlib, which is optional."""
