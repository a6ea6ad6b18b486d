"""What is read from the errors of forecasts: one function for each field of ``MetricSet``.

In the formulas y is the truth and f the forecast; means and sums are over the values that were
measured, in all windows, steps of the horizon and columns that are looked at.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Errors:
    """Sums over the errors that are looked at.

    ``by_column`` has for every name of ``ErrorSums`` an array [C]; ``spread`` [C] turns original
    into scaled units, ``naive_mae`` [C] is what mase divides by (zero: unknown); ``zeros`` says
    whether a truth was zero.
    """

    by_column: Mapping[str, Array]
    spread: Array
    naive_mae: Array
    zeros: bool

    def total(self, name: str) -> float:
        """One of the sums over all columns."""
        return float(self.by_column[name].sum())

    @property
    def count(self) -> float:
        """Number of values; NaN without any."""
        return self.total("count") or math.nan


def mse(errors: Errors) -> float:
    """Mean squared error, in squared units of the table.

    Formula: mean (f - y)^2

    Tells: what the mean of all that may come makes smallest; large misses count for most.

    Misleads: a few outliers of the truth decide it, and of several columns the one with the largest
    numbers: see scaled_mse.

    At the start: the variance of the truth about its mean in the training span; with
    task.normalise: last, near that of the naive forecast.

    Source: the usual definition.
    """
    return errors.total("squared") / errors.count


def rmse(errors: Errors) -> float:
    """Root mean squared error, in units of the table.

    Formula: sqrt(mean (f - y)^2)

    Tells: the same as mse, as a size that can be held against the numbers of the table.

    Misleads: as mse does; and it is no mean of the errors of its parts.

    At the start: the root of mse.

    Source: the usual definition.
    """
    return float(mse(errors) ** 0.5)


def mae(errors: Errors) -> float:
    """Mean absolute error, in units of the table.

    Formula: mean |f - y|

    Tells: how far off a forecast is on average; what the median of all that may come makes
    smallest.

    Misleads: a forecast of rare peaks that never peaks can have a small one.

    At the start: as mse, without the square.

    Source: the usual definition.
    """
    return errors.total("absolute") / errors.count


def mape(errors: Errors) -> float | None:
    """Mean absolute error in per cent of the truth.

    Formula: 100 mean |f - y| / |y|; none where a y is 0

    Tells: an error that people read without knowing the units.

    Misleads: small truths decide it, a forecast that is too low costs at most 100, one too high
    any amount: it rewards low forecasts. Without meaning for units with an arbitrary zero.

    At the start: any.

    Source: the usual definition.
    """
    return None if errors.zeros else 100.0 * errors.total("percent") / errors.count


def smape(errors: Errors) -> float:
    """Symmetric mean absolute percentage error, from 0 to 200.

    Formula: 200 mean |f - y| / (|f| + |y|), 0 where both are 0

    Tells: what the M4 competition ranked by, which it can be compared with.

    Misleads: where a truth is 0 every forecast but 0 costs 200. Not symmetric in spite of its
    name: low forecasts cost more than high ones of the same distance.

    At the start: any.

    Source: Makridakis, Spiliotis & Assimakopoulos 2018, the M4 competition.
    """
    return 200.0 * errors.total("symmetric") / errors.count


def mase(errors: Errors) -> float | None:
    """Mean absolute scaled error: mae beside that of the seasonal naive forecast in training.

    Formula: mean over columns of mae / mean |y_t - y_(t-m)| of the training span, m the season, 1
    without one; columns whose truth repeats itself exactly are left out

    Tells: below 1, better than repeating the last season one step ahead. Can be compared between
    tables.

    Misleads: forecasts many steps ahead are held against errors one season ahead; and where the
    test span is calmer than the training span everything looks good.

    At the start: any.

    Source: Hyndman & Koehler 2006, International Journal of Forecasting 22(4).
    """
    scale, by_column = errors.naive_mae, errors.by_column
    known = (by_column["count"] > 0) & (scale > 0)
    if not known.any():
        return None
    absolute = by_column["absolute"][known] / by_column["count"][known]
    return float((absolute / scale[known]).mean())


def r2(errors: Errors) -> float | None:
    """Coefficient of determination: the share of the truth's variance that a forecast explains.

    Formula: mean over columns of 1 - sum (f - y)^2 / sum (y - mean y)^2; columns whose truth does
    not vary are left out

    Tells: 1 is a perfect forecast, 0 that of the mean of the scored span, below 0 worse than that.

    Misleads: of a series with a trend even a poor forecast is near 1, for the mean is far off.

    At the start: about 0, or below where the level has moved since the training span.

    Source: the usual definition.
    """
    by_column = errors.by_column
    count = np.maximum(by_column["count"], 1.0)
    variation = by_column["truth_squared"] - by_column["truth"] ** 2 / count
    varies = variation > 1e-12 * np.maximum(by_column["truth_squared"], 1e-300)
    if not varies.any():
        return None
    return float((1.0 - by_column["squared"][varies] / variation[varies]).mean())


def pinball(errors: Errors) -> float:
    """Mean pinball loss of the deciles, in units of the table.

    Formula: mean over the levels p of 0.1, 0.2, ..., 0.9 and over the values of p (y - q) where y
    is above the quantile q of level p, (1 - p) (q - y) where it is below

    Tells: how good the quantiles are, each weighed by its level. Of a forecast of one number, which
    stands for every quantile, it is half the mae.

    Misleads: it says nothing of the tails beyond the outer deciles. Quantiles between those that a
    model was trained on are on lines between them.

    At the start: any.

    Source: Koenker & Bassett 1978, Econometrica 46(1).
    """
    return errors.total("pinball") / errors.count


def crps(errors: Errors) -> float:
    """Continuous ranked probability score, in units of the table.

    Formula: mean of the integral over x of (F(x) - [x >= y])^2, F the forecast distribution; in
    closed form for gaussian, student_t and negative_binomial; else, and with data.transform, twice
    the mean of the pinball losses of 50 levels from 0.01 to 0.99

    Tells: how near the whole distribution is to what came, sharp and right at once. Of a forecast
    of one number it is the mae, so that both can be held against each other.

    Misleads: the tails of a forecast of quantiles end at its outermost levels. Large values decide
    it, as they do mae.

    At the start: any.

    Source: Gneiting & Raftery 2007, Journal of the American Statistical Association 102(477).
    """
    return errors.total("crps") / errors.count


def scaled_mse(errors: Errors) -> float:
    """Mean squared error in units of the scaler, as papers report it.

    Formula: mean ((f - y) / spread)^2, the spread of each column as the scaler learned it

    Tells: the error with all columns of one weight; published tables of the long-horizon
    benchmarks have this one.

    Misleads: it depends on data.scale and on the training span, so compare figures of one protocol
    only.

    At the start: about 1 with data.scale: standard; with task.normalise: last, that of naive.

    Source: the protocol of Zhou et al. 2021 (Informer), arXiv 2012.07436.
    """
    return float((errors.by_column["own_squared"] / errors.spread**2).sum()) / errors.count


def scaled_mae(errors: Errors) -> float:
    """Mean absolute error in units of the scaler.

    Formula: mean |f - y| / spread

    Tells: the same as scaled_mse, with large misses counted for less.

    Misleads: as scaled_mse does.

    At the start: about 0.8 with data.scale: standard and a truth of normal distribution.

    Source: as scaled_mse.
    """
    return float((errors.by_column["own_absolute"] / errors.spread).sum()) / errors.count


METRICS: dict[str, Callable[[Errors], float | None]] = {
    function.__name__: function
    for function in (mse, rmse, mae, mape, smape, mase, r2, pinball, crps, scaled_mse, scaled_mae)
}
"""The function of every field of ``MetricSet``."""
