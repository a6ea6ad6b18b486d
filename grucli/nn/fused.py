"""A whole layer without normalisation through torch's own call for it, which is cuDNN's on CUDA.

Suffixes: T time, B batch, C inputs, H hidden.
"""

from collections.abc import Callable
from typing import Any

from grucli.nn.rules import CellRule, LayerState, LayerWeights
from grucli.tensors import Tensor, packing, torch

Call = Callable[..., Any]


def fused_call(rule: CellRule) -> Call | None:
    """Torch's call for a layer of this rule; None where it has none."""
    name = rule.equations.fused
    if name is None or rule.norm.groups:
        return None
    call: Call = getattr(torch, name.format(activation=rule.spec.activation.name))
    return call


def run_layer_fused(
    call: Call,
    weights: LayerWeights,
    x_TBC: Tensor,
    state: LayerState,
    *,
    reverse: bool,
    lengths_B: Tensor | None,
) -> tuple[Tensor, LayerState]:
    """As ``run_layer``, of a rule whose ``fused_call`` is given, which only runs forwards."""
    x_TBC = _turned(x_TBC, lengths_B) if reverse else x_TBC
    if lengths_B is None:
        output_TBH, *finals = _called(call, weights, (x_TBC,), state)
    else:
        order_B = torch.argsort(lengths_B, descending=True, stable=True)
        packed = packing.pack_padded_sequence(x_TBC[:, order_B], lengths_B[order_B])
        starts = tuple(part[order_B] for part in state)
        data, *finals = _called(call, weights, (packed.data, packed.batch_sizes), starts)
        sorted_TBH, _ = packing.pad_packed_sequence(
            packing.PackedSequence(data, packed.batch_sizes), total_length=x_TBC.shape[0]
        )
        back_B = torch.argsort(order_B)
        output_TBH, *finals = (part[:, back_B] for part in (sorted_TBH, *finals))
    output_TBH = _turned(output_TBH, lengths_B) if reverse else output_TBH
    return output_TBH, tuple(part.squeeze(0) for part in finals)


def _called(
    call: Call, weights: LayerWeights, data: tuple[Tensor, ...], state: LayerState
) -> list[Tensor]:
    """One layer, one direction, no dropout; ``data`` is x_TBC, or what is packed and its sizes."""
    stacked = (weights.weight_ih, weights.weight_hh, weights.bias_ih, weights.bias_hh)
    flat = [parameter for parameter in stacked if parameter is not None]
    if data[0].is_cuda:
        flat = _side_by_side(flat)
    starts = [part.unsqueeze(0) for part in state]
    batch_first = () if len(data) == 2 else (False,)
    # "Training" only says that gradients will be asked.
    settings = (len(flat) == 4, 1, 0.0, torch.is_grad_enabled(), False, *batch_first)
    return list(call(*data, starts if len(starts) > 1 else starts[0], flat, *settings))


def _side_by_side(tensors: list[Tensor]) -> list[Tensor]:
    """The same tensors as one run of memory, which cuDNN asks for and says so otherwise."""
    run = torch.cat([tensor.flatten() for tensor in tensors])
    parts = torch.split(run, [tensor.numel() for tensor in tensors])
    return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


def _turned(x_TBC: Tensor, lengths_B: Tensor | None) -> Tensor:
    """Reverse each row in time within its own length."""
    if lengths_B is None:
        return x_TBC.flip(0)
    steps_T1 = torch.arange(x_TBC.shape[0])[:, None]
    source_TB = torch.where(steps_T1 < lengths_B, lengths_B - 1 - steps_T1, steps_T1)
    index = source_TB.to(x_TBC.device).unsqueeze(-1).expand_as(x_TBC)
    return x_TBC.gather(0, index)
