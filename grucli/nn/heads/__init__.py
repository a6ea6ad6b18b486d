"""What a forecast says of every value: a number alone, or how it may come out."""

from grucli.nn.heads.distribution import Distribution
from grucli.nn.heads.point import Point

__all__ = ["Distribution", "Point"]
