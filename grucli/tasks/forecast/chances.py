"""How good a forecast is that says how values may come out: its pinball loss and its CRPS."""

from grucli.data import Scaler
from grucli.nn.heads import Distribution, Point, pinball
from grucli.tensors import Tensor, torch

DECILES = tuple(step / 10 for step in range(1, 10))
LEVELS = tuple((step + 0.5) / 50 for step in range(50))
"""Those that stand for a whole distribution without a closed form, each for as much of it."""


def chance_errors(made: Distribution, truth: Tensor, own: Scaler) -> dict[str, Tensor]:
    """Pinball loss and CRPS [B, K, C] in original units, where the truth is given.

    ``made`` is in scaled units, of targets with the scaler ``own``. {} of a forecast of one number,
    whose error says both.
    """
    if isinstance(made, Point):
        return {}
    return {"pinball": _mean_pinball(made, truth, own, DECILES), "crps": _crps(made, truth, own)}


def _crps(made: Distribution, truth: Tensor, own: Scaler) -> Tensor:
    """In closed form, where there is one in original units too; else from quantiles."""
    closed = None if own.transformed else made.crps(own.scale(truth))
    if closed is None:
        return 2 * _mean_pinball(made, truth, own, LEVELS)
    return closed * torch.as_tensor(own.spread, device=truth.device)


def _mean_pinball(
    made: Distribution, truth: Tensor, own: Scaler, levels: tuple[float, ...]
) -> Tensor:
    total = torch.zeros_like(truth)
    for level in levels:
        total += pinball(own.unscale(made.quantile(level).double()), truth, level)
    return total / len(levels)
