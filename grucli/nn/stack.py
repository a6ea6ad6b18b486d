"""What all recurrent modules share: layers, directions, packed sequences, states, checks.

Suffixes: T time, B batch, C inputs, H hidden, L layers times directions (as in torch's h_n).
"""

import math
from typing import Any

from grucli.cells.address import Place, matrices_of, places
from grucli.nn.arguments import check_input, check_sizes, check_stack
from grucli.nn.chunks import Chunks, chunk_steps
from grucli.nn.layer import Layers
from grucli.nn.native.stepper import Stepper
from grucli.nn.rules import Equations, LayerWeights, cell_rule, parameter_shapes
from grucli.nn.states import State, in_order, joined, last_step, parts_of
from grucli.tensors import Tensor, nn, packing, torch


class Recurrent(nn.Module):
    """A stack of recurrent layers; each cell's module says with which equations.

    Parameters carry torch's names: weight_ih_l0 [gates * H, C], weight_hh_l0 [gates * H, H],
    bias_ih_l0, bias_hh_l0, with suffix _reverse for the second direction. Layer normalised ones
    have gain_ih and gain_hh beside them (split, ba2016), or gain_sum and bias_sum instead of the
    two biases (sum, sum_joint), and gain_state and bias_state [H] where a part of the state is
    normalised; with norm_bias norm_bias_ih and norm_bias_hh too. Equations: ``grucli.nn.cells``.

    In precision bfloat16 the compiled kernel rounds the factors of W x, of U h and of the products
    for their gradients to it. Their sums, the parameters and all else stay float32, and so does
    what another kernel computes.
    """

    equations: Equations
    bias: bool

    def __init__(  # noqa: PLR0917 (the order of torch's arguments)
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        layer_norm: str = "none",
        eps: float | None = None,
        activation: str | None = None,
        norm_bias: bool = False,
        precision: str = "float32",
        recompute_steps: int | None = None,
        kernel: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Take torch's arguments in torch's order; ``eps`` None is 1e-5 (sum_joint: 1e-3).

        activation: of the gates that cells differ in, None is the cell's own; see ``RNN``.
        norm_bias: give each product a bias of its own, inside the normalisation.
        precision: what the compiled kernel forms products in; RuntimeError where it cannot.
        recompute_steps: gradients of long sequences in little memory: keep the state of every so
        many steps and run the steps between forward again in the backward pass. Same results.
        kernel: auto, torch or native, see ``run_layer``; RuntimeError where it is not installed.
        Raises ValueError for what cannot be, such as recompute_steps of a bidirectional stack.
        """
        super().__init__()
        rest: Any = {"eps": eps, "activation": activation, "norm_bias": norm_bias}
        self.rule = cell_rule(self.equations, layer_norm, precision=precision, **rest)
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        rest = {"bidirectional": bidirectional, "recompute_steps": recompute_steps}
        check_stack(num_layers, bias=bias, dropout=dropout, **rest)
        sizes = (input_size, hidden_size, num_layers)
        self.input_size, self.hidden_size, self.num_layers = sizes
        self.bias, self.batch_first = bias, batch_first
        self.dropout, self.bidirectional = float(dropout), bidirectional
        self.layer_norm, self.recompute_steps, self.kernel = layer_norm, recompute_steps, kernel
        self._stepper = Stepper(self.rule, sizes, bias=bias, kernel=kernel)
        self._register_parameters(device, dtype)

    def _register_parameters(
        self, device: torch.device | str | None, dtype: torch.dtype | None
    ) -> None:
        """Make every parameter, in torch's order, and draw its values."""
        self._kinds = tuple(parameter_shapes(self.rule, 1, 1, bias=self.bias))
        for place in places(self.num_layers, self.directions):
            width = self.input_size if place.layer == 0 else self.hidden_size * self.directions
            shapes = parameter_shapes(self.rule, width, self.hidden_size, bias=self.bias)
            for kind, shape in shapes.items():
                empty = torch.empty(shape, device=device, dtype=dtype)
                self.register_parameter(kind + place.suffix, nn.Parameter(empty))
        self._names = tuple(name for name, _ in self.named_parameters())
        self.reset_parameters()

    @property
    def cell(self) -> str:
        """The name of the cell."""
        return self.rule.spec.name

    @property
    def directions(self) -> int:
        """2 for a bidirectional stack, else 1."""
        return 2 if self.bidirectional else 1

    def weights_at(self, place: Place) -> LayerWeights:
        """The parameters of one layer in one direction, as they are now."""
        return LayerWeights(**{kind: getattr(self, kind + place.suffix) for kind in self._kinds})

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw weights, and biases without layer normalisation, from U(-1/sqrt(H), 1/sqrt(H)).

        Layer normalised variants start with gain 1 and bias 0, but for their ``first_biases``.
        """
        bound = 1 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            if name.startswith("gain"):
                parameter.fill_(1.0)
            elif parameter.dim() == 1 and self.rule.norm.groups:
                for matrix in matrices_of(self.cell, name):
                    value = self.rule.norm.first_bias(matrix.kind, matrix.gate)
                    matrix.of(parameter).fill_(value)
            else:
                parameter.uniform_(-bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: programs written for torch's modules may call it before each sequence."""

    def extra_repr(self) -> str:
        """Sizes, and whatever differs from the defaults."""
        settings = {
            "num_layers": (self.num_layers, 1),
            "bias": (self.bias, True),
            "batch_first": (self.batch_first, False),
            "dropout": (self.dropout, 0.0),
            "bidirectional": (self.bidirectional, False),
            "layer_norm": (self.layer_norm, "none"),
            "eps": (self.rule.eps, self.rule.norm.eps),
            "norm_bias": (self.rule.norm_bias, False),
            "precision": (self.rule.precision, "float32"),
            "activation": (self.rule.spec.activation.name, self.equations.spec.activation.name),
            "recompute_steps": (self.recompute_steps, None),
            "kernel": (self.kernel, "auto"),
        }
        changed = [f"{k}={value!r}" for k, (value, usual) in settings.items() if value != usual]
        return ", ".join([str(self.input_size), str(self.hidden_size), *changed])

    def forward(
        self,
        input: Tensor | packing.PackedSequence,  # noqa: A002 (torch's name for it)
        hx: State | None = None,
        *,
        final_only: bool = False,
    ) -> tuple[Tensor | packing.PackedSequence, State]:
        """Run over a sequence; returns (output, final state) as torch's modules do.

        input: [T, B, C], [B, T, C] with batch_first, [T, C] unbatched, or a PackedSequence.
        hx: [layers * directions, B, H] (without B when unbatched), a pair of them for an lstm;
        None is zeros. output: as the input, with H * directions columns. With ``final_only``
        outputs are not kept, so that long sequences need little memory: the output is one step,
        the last layer's final h of each direction.

        Raises ValueError or RuntimeError where dimensions, sizes or types do not fit.
        """
        if isinstance(input, packing.PackedSequence):
            return self._forward_packed(input, hx, final_only=final_only)
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: input has {input.dim()} dimensions; expected 3 "
                "(a batch) or 2 (one sequence)"
            )
        if input.dim() == 2:
            states = self._states(input.unsqueeze(1), hx, batched=False)
            output_TBH, final = self._run(input.unsqueeze(1), states, final_only=final_only)
            return output_TBH.squeeze(1), joined([part.squeeze(1) for part in final])
        x_TBC = input.transpose(0, 1) if self.batch_first else input
        output_TBH, final = self._run(x_TBC, self._states(x_TBC, hx), final_only=final_only)
        output = output_TBH.transpose(0, 1) if self.batch_first else output_TBH
        return output, joined(final)

    def step(self, x_BC: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run one step: a row of inputs for each sequence to (output [B, H], next state).

        Equal to the same step of a whole sequence, and without gradients much faster than a
        sequence of one. Raises ValueError for a bidirectional stack, whose second direction has to
        begin at the end.
        """
        if self.bidirectional:
            raise ValueError("step: a bidirectional stack cannot go step by step; it needs the end")
        if x_BC.dim() != 2:
            raise ValueError(f"step: input has {x_BC.dim()} dimensions; expected 2 (batch, inputs)")
        if not (self.training and self.dropout > 0):
            stepped = self._stepper.step(self._parameters, x_BC, state)
            if stepped is not None:
                return stepped
        x_1BC = x_BC.unsqueeze(0)
        output_1BH, final = self._run(x_1BC, self._states(x_1BC, state))
        return output_1BH.squeeze(0), joined(final)

    def _forward_packed(
        self, packed: packing.PackedSequence, hx: State | None, *, final_only: bool
    ) -> tuple[packing.PackedSequence, State]:
        """Rows stay in the packed order inside, states are in the caller's order outside."""
        x_TBC, lengths_B = packing.pad_packed_sequence(
            packing.PackedSequence(packed.data, packed.batch_sizes)
        )
        states = self._states(x_TBC, hx)
        states = states and in_order(states, packed.sorted_indices)
        output_TBH, final = self._run(x_TBC, states, lengths_B, final_only=final_only)
        final = in_order(final, packed.unsorted_indices)
        kept_B = torch.ones_like(lengths_B) if final_only else lengths_B
        data, sizes, _, _ = packing.pack_padded_sequence(output_TBH, kept_B)
        return packing.PackedSequence(data, sizes, *packed[2:]), joined(final)

    def _parameter(self, name: str) -> Tensor:
        """A parameter, past the long way of torch's modules where nothing computes it."""
        own: Any = self._parameters.get(name)
        return getattr(self, name) if own is None else own  # type: ignore[no-any-return]

    def _run(
        self,
        x_TBC: Tensor,
        states: list[Tensor] | None,
        lengths_B: Tensor | None = None,
        *,
        final_only: bool = False,
    ) -> tuple[Tensor, list[Tensor]]:
        """All layers, time first. ``states`` (None: zeros) and the result hold h, or h and c."""
        drop, sizes = self.dropout if self.training else 0.0, (self.num_layers, self.directions)
        layers = Layers(self.rule, self._kinds, *sizes, drop, self.kernel)
        parameters = [self._parameter(name) for name in self._names]
        releases = final_only and not self.bidirectional
        steps = chunk_steps(x_TBC, self.hidden_size, self.recompute_steps, final_only=releases)
        whole = layers if steps is None else Chunks(layers, steps, keep_outputs=not final_only)
        output_TBH, final = whole.run(x_TBC, states, parameters, lengths_B)
        if final_only:
            output_TBH = last_step(final[0], self.directions)
        return output_TBH, final

    def _states(
        self, x_TBC: Tensor, hx: State | None, *, batched: bool = True
    ) -> list[Tensor] | None:
        """Check input and initial state; returns the state's parts, [L, B, H] each, or None."""
        name, dtype = type(self).__name__, self._parameter(self._names[0]).dtype
        check_input(x_TBC, name=name, columns=self.input_size, dtype=dtype)
        if hx is None:
            return None
        batch = (x_TBC.shape[1],) if batched else ()
        shape = (self.num_layers * self.directions, *batch, self.hidden_size)
        parts = parts_of(hx, name=name, count=len(self.rule.spec.state), shape=shape)
        return parts if batched else [part.unsqueeze(1) for part in parts]
