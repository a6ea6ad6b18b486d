"""Functions of distributions that torch has none of, on tensors of any shape, in float64."""

from functools import lru_cache
from statistics import NormalDist

from grucli.tensors import Tensor, torch

_TINY = 1e-300
_CLOSE = 1e-12
_MOST_TERMS = 10_000
_NODES = 1024
_HALVINGS = 55


def normal_quantile(level: float) -> float:
    """What a standard normal value is below with a chance of ``level``."""
    return NormalDist().inv_cdf(level)


def log_beta(a: Tensor, b: Tensor) -> Tensor:
    """The logarithm of the beta function."""
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def beta_share(a: Tensor, b: Tensor, x: Tensor, rest: Tensor) -> Tensor:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and ``rest`` = 1 - x.

    Source: the continued fraction of Abramowitz & Stegun 1964, 26.5.8, by Lentz's method, on the
    side where it converges fast: I_x(a, b) = 1 - I_(1-x)(b, a).
    """
    a, b, x, rest = a.double(), b.double(), x.double(), rest.double()
    turned = x > (a + 1) / (a + b + 2)
    a, b = torch.where(turned, b, a), torch.where(turned, a, b)
    x, rest = torch.where(turned, rest, x), torch.where(turned, x, rest)
    front = torch.exp(torch.xlogy(a, x) + torch.xlogy(b, rest) - log_beta(a, b)) / a
    share = front * _fraction(a, b, x)
    return torch.where(turned, 1 - share, share)


def _fraction(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """1 / (1 + d_1 / (1 + d_2 / (1 + ...)))."""

    def kept(value: Tensor) -> Tensor:
        return torch.where(value.abs() < _TINY, _TINY, value)

    c = torch.ones_like(x)
    d = 1 / kept(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / kept(1 + term * d), kept(1 + term / c)
            value = value * d * c
        if bool(((d * c - 1).abs() < _CLOSE).all()):
            break
    return value


def student_t_share(t: Tensor, degrees: Tensor) -> Tensor:
    """The chance that Student's t is below ``t``."""
    t, degrees = t.double(), degrees.double()
    whole = degrees + t.square()
    half = torch.full_like(t, 0.5)
    tail = beta_share(degrees / 2, half, degrees / whole, t.square() / whole) / 2
    return torch.where(t > 0, 1 - tail, tail)


def student_t_quantile(level: float, degrees: Tensor) -> Tensor:
    """What Student's t of 2 degrees of freedom or more is below with a chance of ``level``.

    On lines between ``_NODES`` values of 1 / degrees.
    """
    nodes = _student_t_nodes(max(level, 1 - level)).to(degrees)
    place = (2 * (_NODES - 1) / degrees).clamp(0, _NODES - 1)
    below = place.floor().clamp(max=_NODES - 2).long()
    size = torch.lerp(nodes[below], nodes[below + 1], place - below)
    return size if level >= 0.5 else -size


@lru_cache(maxsize=256)
def _student_t_nodes(level: float) -> Tensor:
    """The quantile of a level of 0.5 or more for 1 / degrees from 0 to 1/2, by halving."""
    degrees = 2 * (_NODES - 1) / torch.arange(1, _NODES, dtype=torch.float64)
    low, high = torch.zeros_like(degrees), torch.full_like(degrees, 2 / (1 - level))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_low = student_t_share(middle, degrees) < level
        low, high = torch.where(is_low, middle, low), torch.where(is_low, high, middle)
    start = torch.tensor([normal_quantile(level)], dtype=torch.float64)
    return torch.cat([start, (low + high) / 2])
