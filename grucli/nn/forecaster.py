"""A recurrent stack that reads a context and a decoder that forecasts the horizon after it.

Suffixes: B batch, T context steps, K horizon steps, C columns, H hidden.
"""

from typing import Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional

from grucli.nn.arguments import check_choice
from grucli.nn.model import RecurrentModel, StackOptions
from grucli.nn.states import State
from grucli.nn.window_scale import WINDOW_SCALES, WindowScale


class Forecaster(RecurrentModel):
    """Forecasts K steps of the targets from T steps of all input columns, in scaled units.

    Input columns: targets, then past covariates, then one flag (1 measured, 0 filled) for each of
    them where flags are used. ``recurrent`` holds the stack, ``decoder`` the linear layer.

    decoder: direct gives all steps from the last hidden state (of both directions: their final
    states side by side); recursive feeds each forecast back as the next input.
    normalise: none, last or mean_std, for each window on its value columns, undone on the output.
    channels: joint, or independent (each target is a sample of its own, weights are shared).
    tbptt_steps: in training, gradients reach at most this many context steps back; the steps
    before run forward only and hand on their state (Williams & Peng 1990). None is no limit.
    """

    def __init__(
        self,
        *,
        target_size: int = 1,
        past_size: int = 0,
        flag_size: int = 0,
        decoder: str = "direct",
        horizon: int = 1,
        normalise: str = "none",
        channels: str = "joint",
        tbptt_steps: int | None = None,
        **stack: Unpack[StackOptions],
    ) -> None:
        """Draw the weights as torch does; see ``initialise``. ``stack`` as ``StackOptions`` says.

        Raises ValueError for an unknown choice or choices that exclude each other.
        """
        super().__init__()
        check_choice("decoder", decoder, ("direct", "recursive"))
        check_choice("normalise", normalise, WINDOW_SCALES)
        check_choice("channels", channels, ("joint", "independent"))
        self.target_size, self.past_size, self.flag_size = target_size, past_size, flag_size
        self.horizon, self.normalise, self.tbptt_steps = horizon, normalise, tbptt_steps
        self.is_recursive, self.is_independent = decoder == "recursive", channels == "independent"
        self._check_combination(stack.get("bidirectional", False))
        self.samples_per_window = target_size if self.is_independent else 1
        self._add_stack(self.input_size // self.samples_per_window, **stack)
        values = target_size // self.samples_per_window * (1 if self.is_recursive else horizon)
        self.decoder = nn.Linear(self.outputs, values)

    def _check_combination(self, bidirectional: bool) -> None:
        values = self.target_size + self.past_size
        if bidirectional and (self.is_recursive or self.tbptt_steps is not None):
            raise ValueError("bidirectional: excludes decoder='recursive' and tbptt_steps")
        if self.past_size and (self.is_recursive or self.is_independent):
            raise ValueError("past_size: excludes decoder='recursive' and channels='independent'")
        if self.flag_size not in (0, values):
            raise ValueError(f"flag_size: {self.flag_size} flags; expected 0 or {values}")
        if self.tbptt_steps is not None and self.tbptt_steps < 1:
            raise ValueError(f"tbptt_steps: {self.tbptt_steps}; expected at least 1, or None")

    @property
    def input_size(self) -> int:
        """Columns of a context: targets, past covariates, flags."""
        return self.target_size + self.past_size + self.flag_size

    @property
    def width(self) -> int:
        """Values of a window's step where it is widest: its columns, or the outputs of a layer."""
        return max(self.input_size, self.outputs * self.samples_per_window)

    def forward(
        self,
        context_BTC: Tensor,
        target_BKC: Tensor | None = None,
        teacher_forcing: float = 0.0,
    ) -> Tensor:
        """Forecast [B, K, targets].

        ``target_BKC`` and ``teacher_forcing`` matter to the recursive decoder only: with that
        chance, drawn for each step and sample, the truth is fed back instead of the forecast.
        Raises ValueError for a context or target whose shape does not fit.
        """
        self._check_shapes(context_BTC, target_BKC)
        truth_BKC = target_BKC if teacher_forcing > 0 else None
        if not self.is_independent:
            return self._forecast(context_BTC, truth_BKC, teacher_forcing)
        truth_BKC = None if truth_BKC is None else self._separate(truth_BKC)
        forecast = self._forecast(self._separate(context_BTC), truth_BKC, teacher_forcing)
        return forecast.view(len(context_BTC), self.target_size, self.horizon).mT

    def _forecast(
        self, context_BTC: Tensor, truth_BKC: Tensor | None, teacher_forcing: float
    ) -> Tensor:
        """Forecast samples: whole windows, or single targets of them (independent channels)."""
        values = context_BTC.shape[-1] - self.flag_size // self.samples_per_window
        values_BTC, flags_BTC = context_BTC[..., :values], context_BTC[..., values:]
        scale = WindowScale.of(self.normalise, values_BTC)
        inputs_BTC = scale.apply(values_BTC)
        if self.flag_size:
            inputs_BTC = torch.cat([inputs_BTC, flags_BTC], dim=-1)
        last_BH, state = self._encode(inputs_BTC)
        truth_BKC = None if truth_BKC is None else scale.apply(truth_BKC)
        return scale.undo(self._decode_horizon(last_BH, state, truth_BKC, teacher_forcing))

    def step(self, row_BC: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read one row more of every series and forecast from there: ([B, K, targets], state).

        Equal to ``forward`` over all rows since the state was None. Raises ValueError where that
        cannot be: with window normalisation, which needs the window's end, and bidirectional.
        """
        if self.normalise != "none":
            raise ValueError(f"step: normalise={self.normalise!r} needs whole windows; use none")
        samples_BC = self._separate(row_BC.unsqueeze(1))[:, 0] if self.is_independent else row_BC
        hidden_BH, state = self.recurrent.step(samples_BC, state)
        forecast_BKC = self._decode_horizon(hidden_BH, state, None, 0.0)
        if self.is_independent:
            forecast_BKC = forecast_BKC.view(len(row_BC), self.target_size, self.horizon).mT
        return forecast_BKC, state

    def _encode(self, inputs_BTC: Tensor) -> tuple[Tensor, State]:
        """Read the context: the last hidden state [B, H * directions] and the stack's state."""
        state: State | None = None
        early = inputs_BTC.shape[1] - (self.tbptt_steps or inputs_BTC.shape[1])
        if self.training and early > 0:
            with torch.no_grad():
                _, state = self.recurrent(inputs_BTC[:, :early], final_only=True)
            inputs_BTC = inputs_BTC[:, early:]
        _, state = self.recurrent(inputs_BTC, state, final_only=True)
        h_LBH = state if isinstance(state, Tensor) else state[0]
        last = h_LBH.unbind(0)[-self.recurrent.directions :]
        return last[0] if len(last) == 1 else torch.cat(last, dim=-1), state

    def _decode(self, hidden_BH: Tensor) -> Tensor:
        if self.training:
            hidden_BH = functional.dropout(hidden_BH, self.dropout)
        forecast: Tensor = self.decoder(hidden_BH)
        return forecast

    def _decode_horizon(
        self, last_BH: Tensor, state: State, truth_BKC: Tensor | None, teacher_forcing: float
    ) -> Tensor:
        if self.is_recursive:
            return self._decode_steps(last_BH, state, truth_BKC, teacher_forcing)
        return self._decode(last_BH).view(len(last_BH), self.horizon, -1)

    def _decode_steps(
        self,
        hidden_BH: Tensor,
        state: State,
        truth_BKC: Tensor | None,
        teacher_forcing: float,
    ) -> Tensor:
        """One step after the other; what is fed back counts as measured."""
        measured_BC = hidden_BH.new_ones(len(hidden_BH), self.flag_size // self.samples_per_window)
        steps = [self._decode(hidden_BH)]
        for k in range(1, self.horizon):
            previous_BC = steps[-1]
            if truth_BKC is not None:
                forced_B1 = torch.rand_like(previous_BC[:, :1]) < teacher_forcing
                previous_BC = torch.where(forced_B1, truth_BKC[:, k - 1], previous_BC)
            row_BC = torch.cat([previous_BC, measured_BC], dim=-1)
            hidden_BH, state = self.recurrent.step(row_BC, state)
            steps.append(self._decode(hidden_BH))
        return torch.stack(steps, dim=1)

    def _separate(self, values_BTC: Tensor) -> Tensor:
        """[B, T, parts * targets] to [B * targets, T, parts]: each target with its own flag."""
        parts_BTPC = values_BTC.reshape(*values_BTC.shape[:2], -1, self.target_size)
        return parts_BTPC.permute(0, 3, 1, 2).flatten(0, 1)

    def _check_shapes(self, context_BTC: Tensor, target_BKC: Tensor | None) -> None:
        if context_BTC.dim() != 3 or context_BTC.shape[-1] != self.input_size:
            raise ValueError(
                f"context: shape {tuple(context_BTC.shape)}; expected (windows, steps, "
                f"{self.input_size})"
            )
        expected = (context_BTC.shape[0], self.horizon, self.target_size)
        if target_BKC is not None and tuple(target_BKC.shape) != expected:
            raise ValueError(f"target: shape {tuple(target_BKC.shape)}; expected {expected}")
