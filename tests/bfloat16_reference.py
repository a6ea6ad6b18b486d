"""Layers in float64 whose products have factors of bfloat16: a loop from the equations.

A product rounds both its factors; those of the weights after the mean over the units that are
normalised together was taken out of them, for which nothing is taken out of the product then. Its
gradients are products of rounded factors too.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from tests.kernel_cases import Case


def rounded(values: Tensor) -> Tensor:
    """To bfloat16, ties to even, from float32, as float64."""
    bits = values.float().contiguous().view(torch.int32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & -0x10000).view(torch.float32).double()


class _Product(torch.autograd.Function):
    """a W^T, for W less the mean over each group of ``units`` of its rows."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, weight: Tensor, groups: Sequence[tuple[int, int]]) -> Tensor:
        ctx.save_for_backward(a, weight)
        centred = weight.float()
        for first, last in groups:
            mean = torch.zeros(weight.shape[1])
            for row in weight.float()[first:last]:  # in this order: a last bit may turn a rounding
                mean += row
            centred[first:last] -= mean / (last - first)
        return rounded(a) @ rounded(centred).T

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        a, weight = ctx.saved_tensors
        factor = rounded(gradient)
        return factor @ rounded(weight), factor.T @ rounded(a), None


class _Scaled(torch.autograd.Function):
    """Numbers without their mean, divided by their size; the gradient is that of both."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, eps: float) -> Tensor:
        size = (a.square().mean(-1, keepdim=True) + eps).sqrt()
        ctx.save_for_backward(a / size, size)
        return a / size

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        normal, size = ctx.saved_tensors
        along = (gradient * normal).mean(-1, keepdim=True)
        return (gradient - gradient.mean(-1, keepdim=True) - normal * along) / size, None


class _Layer:
    """The equations of one case."""

    def __init__(self, case: Case, parameters: dict[str, Tensor]) -> None:
        self.rule, self.hidden = case.rule, case.h_BH.shape[1]
        self.cell, self.norm = case.rule.spec.name, case.rule.norm.name
        self.parameters = parameters
        gates = len(case.rule.spec.gates)
        joint = [(0, gates * self.hidden)]
        self.groups = {
            "none": [],
            "ba2016": [(0, 2 * self.hidden), (2 * self.hidden, 3 * self.hidden)]
            if self.cell == "gru"
            else joint,
            "sum": [(0, self.hidden), (self.hidden, 2 * self.hidden)]
            if self.cell == "gru"
            else joint,
        }.get(self.norm, joint)

    def get(self, name: str) -> Tensor | float:
        return self.parameters.get(name, 0.0)

    def scaled(self, a: Tensor) -> Tensor:
        scaled: Tensor = _Scaled.apply(a, self.rule.eps)
        return scaled

    def side(self, name: str, a: Tensor) -> Tensor:
        """One side's share of the gates."""
        a = _Product.apply(a, self.parameters[f"weight_{name}"], self.groups)
        if self.norm.startswith("sum"):
            return a
        if self.groups:
            parts = [self.scaled(a[:, first:last]) for first, last in self.groups]
            a = torch.cat(parts, -1) * self.get(f"gain_{name}")
        return a + self.get(f"bias_{name}")

    def activated(self, a: Tensor) -> Tensor:
        return torch.relu(a) if self.rule.spec.activation.name == "relu" else torch.tanh(a)

    def step(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        x, q = self.side("ih", x), self.side("hh", state[0])
        return getattr(self, self.cell)(x, q, state)

    def rnn(self, x: Tensor, q: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        a = x + q
        if self.norm.startswith("sum"):
            a = self.scaled(a) * self.get("gain_sum") + self.get("bias_sum")
        return (self.activated(a),)

    def gru(self, x: Tensor, q: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        (x_r, x_z, x_n), (q_r, q_z, q_n) = x.chunk(3, -1), q.chunk(3, -1)
        if self.norm == "sum_joint":
            c = self.scaled(x + q) * self.get("gain_sum") + self.get("bias_sum")
            a_r, a_z, c_n = c.chunk(3, -1)
            a_n = torch.sigmoid(a_r) * c_n
        elif self.norm == "sum":
            (g_r, g_z, g_n), (b_r, b_z, b_n) = (
                self.parameters["gain_sum"].chunk(3),
                (self.get("bias_sum") + 0 * self.parameters["gain_sum"]).chunk(3),
            )
            a_r, a_z = self.scaled(x_r + q_r) * g_r + b_r, self.scaled(x_z + q_z) * g_z + b_z
            a_n = layer_norm(
                x_n + torch.sigmoid(a_r) * q_n, (self.hidden,), g_n, b_n, self.rule.eps
            )
        else:
            a_r, a_z = x_r + q_r, x_z + q_z
            a_n = x_n + torch.sigmoid(a_r) * q_n
        z, n = torch.sigmoid(a_z), torch.tanh(a_n)
        return (z * state[0] + (1 - z) * n,)

    def lstm(self, x: Tensor, q: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        a_i, a_f, a_g, a_o = (x + q).chunk(4, -1)
        c = torch.sigmoid(a_f) * state[1] + torch.sigmoid(a_i) * torch.tanh(a_g)
        shown = c
        if self.groups:
            gain, bias = self.parameters["gain_state"], self.parameters.get("bias_state")
            shown = layer_norm(c, (self.hidden,), gain, bias, self.rule.eps)
        after = shown if self.norm == "split_state" else c
        return torch.sigmoid(a_o) * torch.tanh(shown), after


def reference(case: Case, output_TBH: Tensor) -> dict[str, Tensor]:
    """What ``kernel_cases.run`` gives. ``output_TBH`` are the outputs that are judged: every step
    reads the state that they say, so that no difference in a last bit turns a later rounding.
    """
    exact = case.to(torch.float64)
    leaves = {"x": exact.x_TBC, "h": exact.h_BH, "c": exact.c_BH, **exact.parameters}
    leaves = {k: v.clone().requires_grad_() for k, v in leaves.items() if v is not None}
    layer = _Layer(case, leaves)
    state = tuple(leaves[part] for part in case.rule.spec.state)
    steps = range(len(output_TBH))
    outputs = [torch.zeros_like(state[0])] * len(steps)
    for t in reversed(steps) if case.reverse else steps:
        live_B1 = torch.ones(len(state[0]), 1, dtype=torch.bool)
        if case.lengths_B is not None:
            live_B1 = (t < case.lengths_B)[:, None]
        after = layer.step(leaves["x"][t], state)
        outputs[t] = torch.where(live_B1, after[0], 0.0)
        judged = after[0] + (output_TBH[t].double() - after[0]).detach()
        state = tuple(
            torch.where(live_B1, new, old)
            for new, old in zip((judged, *after[1:]), state, strict=True)
        )
    gradients = [exact.gradient_TBH, exact.gradient_BH, exact.gradient_c_BH]
    output = torch.stack(outputs)
    torch.autograd.backward([output, *state], gradients[: 1 + len(state)])
    results = dict(zip(("output", "final", "final c"), (output, *state), strict=False))
    results = {name: value.detach() for name, value in results.items()}
    return results | {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
