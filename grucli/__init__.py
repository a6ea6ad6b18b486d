"""Gated recurrent sequence models on a command line.

`import grucli` is light: the library calls load torch when they are first used.
"""

__version__ = "0.1.0"
