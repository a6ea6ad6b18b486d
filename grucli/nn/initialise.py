"""How the matrices of a recurrent stack begin: drawn gate by gate, or copied from trained ones."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from grucli.cells import CELLS
from grucli.cells.address import MatrixAddress, Place, matrices_of, parse_parameter
from grucli.errors import CheckpointError, RecipeError
from grucli.nn.stack import Recurrent
from grucli.tensors import Tensor, nn, torch

DRAWS = {"xavier": "xavier_uniform_", "orthogonal": "orthogonal_"}
"""What can take the place of the uniform draw, as torch calls it; acts on one gate's matrix."""


def matrices_in(recurrent: Recurrent) -> Iterator[tuple[MatrixAddress, Tensor]]:
    """Every gate's share of every parameter with its name; writing to it writes the parameter."""
    for name, parameter in recurrent.named_parameters():
        for matrix in matrices_of(recurrent.cell, name):
            yield matrix, matrix.of(parameter.detach())


@torch.no_grad()
def initialise(
    recurrent: Recurrent,
    *,
    input_hidden: str = "uniform",
    hidden_hidden: str = "uniform",
    chrono_steps: int | None = None,
    gain: float = 1.0,
) -> None:
    """Draw all parameters anew from torch's global generator.

    input_hidden, hidden_hidden: uniform (torch's +-1/sqrt(H)), xavier (Glorot & Bengio 2010,
    uniform) or orthogonal (Saxe et al. 2014), each gate's matrix on its own. chrono_steps: the
    longest dependency expected, at least 2; draws the bias of the gate that keeps the state so
    that units remember from 1 to that many steps (Tallec & Ollivier 2018, arXiv 1804.11188).
    gain: first value of all layer normalisation gains.

    Raises RecipeError where a choice is unknown or the stack has nothing to apply it to.
    """
    recurrent.reset_parameters()
    schemes = {"weight_ih": input_hidden, "weight_hh": hidden_hidden}
    for kind, scheme in schemes.items():
        if scheme != "uniform" and scheme not in DRAWS:
            known = ", ".join(["uniform", *DRAWS])
            raise RecipeError(f"initialisation: {scheme!r} is unknown; expected one of {known}")
        if scheme != "uniform" and kind not in recurrent.rule.spec.weights:
            raise RecipeError(f"initialisation: {scheme!r} has nothing to act on; no {kind}")
    if gain != 1.0 and not recurrent.rule.norm.groups:
        raise RecipeError(f"gain: {gain} has nothing to act on; the stack has no layer norm gains")
    for matrix, values in matrices_in(recurrent):
        if matrix.kind.startswith("gain"):
            values.fill_(gain)
        elif schemes.get(matrix.kind, "uniform") != "uniform":
            getattr(nn.init, DRAWS[schemes[matrix.kind]])(values)
    if chrono_steps is not None:
        _draw_chrono_biases(recurrent, chrono_steps)


def _draw_chrono_biases(recurrent: Recurrent, chrono_steps: int) -> None:
    """Ln u or -ln u as the cell says for each gate, u uniform in [1, chrono_steps - 1] by unit.

    Where a gate has two biases the hidden one carries the value and the input one is zero.
    """
    signs = recurrent.rule.spec.chrono
    if not signs or not recurrent.bias:
        lacks = "biases" if signs else "gate that keeps its state"
        raise RecipeError(f"chrono_steps: {chrono_steps} has nothing to act on; no {lacks}")
    if chrono_steps < 2:
        raise RecipeError(f"chrono_steps: {chrono_steps} is too short; expected at least 2")
    drawn: dict[Place, Tensor] = {}
    for matrix, values in matrices_in(recurrent):
        if not matrix.kind.startswith("bias") or matrix.gate not in signs:
            continue
        if matrix.kind == "bias_ih":
            values.zero_()
            continue
        if matrix.place not in drawn:
            drawn[matrix.place] = torch.empty_like(values).uniform_(1, chrono_steps - 1).log_()
        values.copy_(signs[matrix.gate] * drawn[matrix.place])


@torch.no_grad()
def copy_matrices(
    recurrent: Recurrent, weights: Mapping[str, Any], matrices: Sequence[str] = ()
) -> None:
    """Copy all matrices, or the named ones, from a state dictionary of tensors or numpy arrays.

    ``weights`` may hold other tensors beside one recurrent stack, under any prefix. ``matrices``
    are names such as W_hz (in every layer and direction) or addresses such as 0.update.hh; empty
    means all. Nothing is written unless everything fits.

    Raises RecipeError for a name this stack does not have, CheckpointError where ``weights`` has
    no such matrix, one of another shape, or another cell.
    """
    chosen = choose_matrices(recurrent, matrices)
    found = _stack_in(weights, recurrent.cell)
    parameters = dict(recurrent.named_parameters())
    problems: dict[str, str] = {}
    for matrix, _ in chosen:
        name, expected = matrix.parameter, tuple(parameters[matrix.parameter].shape)
        if name not in found:
            problems[name] = f"{name}: not among the trained weights; leave {matrix.symbol} out"
        elif tuple(found[name].shape) != expected:
            shape = tuple(found[name].shape)
            problems[name] = f"{name}: trained with shape {shape}; this model expects {expected}"
    if problems:
        raise CheckpointError(*problems.values())
    for matrix, values in chosen:
        values.copy_(matrix.of(found[matrix.parameter]))


def choose_matrices(
    recurrent: Recurrent, names: Sequence[str], *, key: str = "matrices"
) -> list[tuple[MatrixAddress, Tensor]]:
    """The matrices that the names mean, all of them for no names; writing to one writes the stack.

    Raises RecipeError, which begins with ``key``, for a name that this stack does not have.
    """
    every = list(matrices_in(recurrent))
    known = list(dict.fromkeys(n for m, _ in every for n in (m.symbol, m.long)))
    problems = []
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
            problems.append(f"{key}: {name!r} is no matrix of this model; {hint}")
    if problems:
        raise RecipeError(*problems)
    return [pair for pair in every if not names or {pair[0].symbol, pair[0].long} & set(names)]


def _stack_in(weights: Mapping[str, Any], cell: str) -> dict[str, Tensor]:
    """The one recurrent stack of a state dictionary, its parameters without their prefix."""
    stacks: dict[str, dict[str, Tensor]] = {}
    for name, value in weights.items():
        parsed = parse_parameter(name)
        if parsed is not None:
            stack = stacks.setdefault(parsed.prefix, {})
            stack[name.removeprefix(parsed.prefix)] = torch.as_tensor(value)
    if len(stacks) != 1:
        found = " and ".join(sorted(repr(prefix) for prefix in stacks)) or "none"
        raise CheckpointError(f"trained weights: expected one recurrent stack; found {found}")
    (stack,) = stacks.values()
    gates = len(CELLS[cell].gates)
    square = stack.get("weight_hh_l0")
    if square is not None and square.dim() == 2 and square.shape[0] != gates * square.shape[1]:
        raise CheckpointError(
            f"trained weights: weight_hh_l0 has shape {tuple(square.shape)}; a {cell} has "
            f"{gates} rows for each column; choose the cell that was trained"
        )
    return stack
