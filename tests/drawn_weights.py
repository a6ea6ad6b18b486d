"""Weights of networks, and what is drawn of them."""

import io

import torch
from rich.console import Console


class Ascii(io.StringIO):
    encoding = "ascii"


def drawn(renderable, width, *, file=None, colour=False):
    console = Console(
        width=width,
        file=file or io.StringIO(),
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        legacy_windows=False,
    )
    console.print(renderable)
    return console.file.getvalue()


def gru_state(inputs=3, hidden=24, **options):
    torch.manual_seed(0)
    return dict(torch.nn.GRU(inputs, hidden, **options).state_dict())
