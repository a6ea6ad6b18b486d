"""Reports as pictures: one HTML page about a run, and figures as PNG, SVG or HTML."""
