"""What the equations do to a gradient and to a small difference: how far back either reaches.

Suffixes: T steps, B samples, S all parts of a state side by side (H for each), V vectors.
"""

import math
from collections.abc import Sequence

from grucli.nn import Forecaster
from grucli.nn.norms import step_values
from grucli.nn.recording import LayerRecord, recording
from grucli.tasks.forecast.objective import mean_loss
from grucli.tasks.forecast.samples import Batch
from grucli.tensors import Tensor, torch

REACH = 0.01
"""A gradient reaches as far back as this share of its largest is left."""
CROSSINGS = (0.5, 0.1, REACH)
_VECTORS = 4
_WARM_UP = 4
"""The first fourth of the steps only turns the vectors into the directions that grow most."""


def gradients_by_lag(model: Forecaster, batch: Batch, *, loss: str) -> list[tuple[float, ...]]:
    """Gradient of the loss by lag: how much the state k steps back still matters.

    Formula: E |dL / dh_(T-k)| for k = 0, 1, ..., T - 1; L the loss of a window, E the mean over
    windows; of an lstm the norm is that of h and c together

    Tells: whether gradients vanish, without any assumption how. It is the test that gradients of
    weights, being sums over all steps, cannot give.

    Misleads: it is a mean: some windows may reach further. A small gradient also comes from a small
    loss; the shares by lag are what to compare.

    At the start: falls to about half at each step, for so much of a state the gate keeps.

    Source: Bengio, Simard & Frasconi 1994; found by backpropagation through the recorded steps.

    Of every recorded layer.
    """
    model.eval()
    with torch.enable_grad(), recording(model.recurrent) as calls:
        forecast = model.distribution(batch.context, batch.future)
        mean, _ = mean_loss(loss, forecast, batch.target, weight=batch.weight)
        total = mean * len(batch.target)
    layers = calls[0].layers
    states = [state for record in layers for state in record.states[1:]]
    tensors = [part for state in states for part in state]
    gradients = torch.autograd.grad(total, tensors, materialize_grads=True)
    parts = len(states[0])
    norms = [
        float(torch.cat(gradients[at : at + parts], dim=-1).square().sum(dim=-1).sqrt().mean())
        for at in range(0, len(gradients), parts)
    ]
    steps = len(norms) // len(layers)
    return [tuple(norms[at : at + steps][::-1]) for at in range(0, len(norms), steps)]


def crossings(gradient: Sequence[float]) -> tuple[int | None, ...]:
    """How far back half, a tenth and a hundredth of the largest gradient are left.

    Formula: for each share q of 0.5, 0.1 and 0.01 the largest k with gradient_by_lag[k] >=
    q max gradient_by_lag

    Tells: how gradients fade, as measured, without a curve that is laid through them.

    Misleads: a curve that turns up again far back counts; none can be longer than the context.

    At the start: one or two steps for half, fewer than ten for a hundredth, for a gru of torch's
    draw.

    Source: ours.

    None each if all are 0.
    """
    top = max(gradient)
    if not top > 0:
        return (None,) * len(CROSSINGS)
    return tuple(
        max(lag for lag, size in enumerate(gradient) if size >= share * top) for share in CROSSINGS
    )


def fitted_half_life_steps(gradient: Sequence[float]) -> float | None:
    """Steps in which an exponential fitted to the gradient halves.

    Formula: ln 2 / -slope of the least-squares line through ln gradient_by_lag, over the lags
    within reach

    Tells: the memory of learning in one number, where the curve is an exponential.

    Misleads: where it is none, as in a network with short and long memories: read the measured
    crossings first.

    At the start: one or two steps for a gru of torch's draw.

    Source: ours.

    None where the gradient does not fall.
    """
    reach = crossings(gradient)[-1]
    points = [
        (lag, math.log(size))
        for lag, size in enumerate(gradient[: max(reach or 0, 2) + 1])
        if size > 0
    ]
    if len(points) < 2:
        return None
    middle = sum(lag for lag, _ in points) / len(points)
    spread = sum((lag - middle) ** 2 for lag, _ in points)
    slope = sum((lag - middle) * size for lag, size in points) / spread
    return math.log(2) / -slope if slope < 0 else None


@torch.no_grad()
def largest_lyapunov(
    record: LayerRecord, *, seed: int = 0
) -> tuple[float | None, int, tuple[float, ...]]:
    """Largest Lyapunov exponent: how fast a small difference in the state grows or fades.

    Formula: largest over i of mean ln |R_ii|, Q R = J_t Q_(t-1), J_t = dh_t / dh_(t-1), mean over
    time and samples; in 1/steps

    Tells: below 0 the state forgets where it began, in 1 / |exponent| steps to 1/e; near 0 it
    keeps; above 0 it is chaotic. With the gates in it, unlike the spectral radius.

    Misleads: over few steps it depends on where it began (the first fourth is left out); the same
    over either half of the steps says how much. It is that of the data given: other data opens
    other gates.

    At the start: below 0 for torch's draw.

    Source: Vogt et al. 2020, arXiv 2006.14123; Benettin et al. 1980 for the method.

    Also returns over how many steps, and the exponents over the first and the second half of them,
    where there are two. Layers of a stack drive each other one way only, so each has its own
    exponents. None where there are too few steps.
    """
    steps = len(record.states) - 1
    warm_up = max(steps // _WARM_UP, 1)
    if steps <= warm_up:
        return None, 0, ()
    rows = record.projected.unbind(0)
    samples = record.projected.shape[1]
    size = sum(part.shape[-1] for part in record.states[0])
    shape = (samples, size, min(_VECTORS, size))
    drawn_BSV = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    q_BSV = torch.linalg.qr(drawn_BSV.to(record.projected)).Q
    growths = []
    for index, x_BG in enumerate(reversed(rows) if record.reverse else rows):
        moved_BSV = _through_jacobian(record, x_BG, record.states[index], q_BSV)
        q_BSV, r_BVV = torch.linalg.qr(moved_BSV)
        if index >= warm_up:
            growths.append(_diagonal(r_BVV).abs().log().mean(0))
    growth_TV = torch.stack(growths)
    growth_T = growth_TV[:, int(growth_TV.mean(0).argmax(dim=0))]
    means = tuple(float(half.mean()) for half in growth_T.chunk(2)) if len(growths) > 1 else ()
    return float(growth_T.mean()), len(growths), means


def _diagonal(matrices_BVV: Tensor) -> Tensor:
    return torch.stack([matrices_BVV[:, at, at] for at in range(matrices_BVV.shape[-1])], dim=-1)


def _through_jacobian(
    record: LayerRecord, x_BG: Tensor, state: tuple[Tensor, ...], vectors_BSV: Tensor
) -> Tensor:
    """The Jacobian of one step, at each sample's state, times its vectors: [B, S, V].

    J v as the derivative of u J, which is linear in u: two backward passes, and no need of
    torch's forward mode.
    """
    samples, _, count = vectors_BSV.shape
    vectors = vectors_BSV.mT.reshape(samples * count, -1)
    with torch.enable_grad():
        x_NG = x_BG.detach().repeat_interleave(count, dim=0)
        starts = [p.detach().repeat_interleave(count, dim=0).requires_grad_() for p in state]
        after_NS = torch.cat(
            step_values(record.rule, record.weights, x_NG, tuple(starts)).state, dim=-1
        )
        u_NS = torch.zeros_like(after_NS.detach()).requires_grad_()
        backward = torch.autograd.grad(after_NS, starts, u_NS, create_graph=True)
        (moved_NS,) = torch.autograd.grad(torch.cat(backward, dim=-1), u_NS, vectors)
    return moved_NS.view(samples, count, -1).mT
