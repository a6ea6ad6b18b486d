"""Student's t distribution with a whole number of degrees of freedom, in closed form.

Source: Abramowitz & Stegun 1964, 26.7.3 and 26.7.4.
"""

from math import atan, cos, pi, sin, sqrt

_MOST_DEGREES = 200
"""With more the distribution is taken for that of so many, whose quantiles are wider by 1 %."""
_HALVINGS = 100


def share_within(t: float, degrees: int) -> float:
    """The chance that Student's t is between -t and t, for t of 0 or more."""
    degrees = min(degrees, _MOST_DEGREES)
    angle = atan(t / sqrt(degrees))
    is_odd = degrees % 2 == 1
    term = cos(angle) if is_odd else 1.0
    total = term if degrees > 1 else 0.0
    for factor in range(3 if is_odd else 2, degrees - 1, 2):
        term *= cos(angle) ** 2 * (factor - 1) / factor
        total += term
    return (angle + sin(angle) * total) * 2 / pi if is_odd else sin(angle) * total


def two_sided_quantile(share: float, degrees: int) -> float:
    """The t of which ``share_within`` is so much, between 0 and 1."""
    low, high = 0.0, 1.0
    while share_within(high, degrees) < share:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if share_within(middle, degrees) < share else (low, middle)
    return high
