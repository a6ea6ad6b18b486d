"""How a stack reads a context and forecasts the horizon after it: one file for each way."""

from grucli.nn.decoders.decoder import Decoder
from grucli.nn.decoders.direct import Direct
from grucli.nn.decoders.recursive import Recursive
from grucli.nn.decoders.rows import Ahead, Plan, Row
from grucli.nn.decoders.seasonality import Seasonality
from grucli.nn.decoders.segment import Segment
from grucli.nn.decoders.skip import Skip
from grucli.nn.window_scale import WINDOW_SCALES

DECODERS: dict[str, type[Decoder]] = {
    "direct": Direct,
    "recursive": Recursive,
    "segment": Segment,
}
"""Name in the recipe -> decoder."""
CHOICES = {
    "decoder": tuple(DECODERS),
    "skip": ("none", "linear"),
    "normalise": WINDOW_SCALES,
    "channels": ("joint", "independent"),
}
"""What there is to choose of what stands around a stack."""

__all__ = ["CHOICES", "DECODERS", "Ahead", "Decoder", "Plan", "Row", "Seasonality", "Skip"]
