"""A recurrent stack that reads a context and a decoder that forecasts the horizon after it.

Suffixes: B batch, T context steps, K horizon steps, C columns, F future columns, H hidden.
"""

from collections.abc import Mapping
from typing import Unpack

from grucli.nn.arguments import check_choices
from grucli.nn.categories import Categories
from grucli.nn.decoders import CHOICES, DECODERS, Ahead, Decoder, Plan, Row, Seasonality, Skip
from grucli.nn.heads import Distribution, head_of
from grucli.nn.model import HIDDEN, RecurrentModel, StackOptions
from grucli.nn.states import State
from grucli.nn.window_scale import WindowScale
from grucli.tensors import Tensor, torch


class Forecaster(RecurrentModel):
    """Forecasts K steps of the targets from T steps of all input columns, in scaled units.

    Input columns: targets, past, future and static covariates, then one flag (1 measured, 0 filled)
    for each of them where flags are used. ``recurrent`` holds the stack, ``decoder`` what makes a
    forecast of its states, ``categories`` the vectors of texts, whose argument it says.

    decoder: direct gives all steps from the last hidden state (of both directions: their final
    states side by side); recursive feeds each forecast back as the next input; segment reads and
    forecasts ``segment`` steps at a time. See ``grucli.nn.decoders``.
    skip: linear adds a linear map of the targets' contexts, all of them ``context`` steps long.
    harmonics: a seasonal profile, see ``grucli.nn.decoders.Seasonality``; with ``harmonics_alone``
    nothing else reads its columns.
    normalise: none, last, last_scaled, mean_std or mean, for each window on its targets and past
    columns, undone on the output.
    output: what is said of every value (see ``grucli.nn.heads``); quantiles are those of the
    ``levels``, the median 0.5 among them.
    channels: joint, or independent (each target is a sample of its own, weights are shared).
    tbptt_steps: in training, gradients reach at most this many context steps back; the steps
    before run forward only and hand on their state (Williams & Peng 1990). None is no limit.
    """

    def __init__(
        self,
        *,
        target_size: int = 1,
        past_size: int = 0,
        future_size: int = 0,
        static_size: int = 0,
        flag_size: int = 0,
        categories: Mapping[int, int] | None = None,
        decoder: str = "direct",
        segment: int = 1,
        horizon: int = 1,
        skip: str = "none",
        context: int = 1,
        harmonics: Mapping[int, int] | None = None,
        harmonics_alone: bool = False,
        normalise: str = "none",
        output: str = "point",
        levels: tuple[float, ...] = (),
        channels: str = "joint",
        tbptt_steps: int | None = None,
        **stack: Unpack[StackOptions],
    ) -> None:
        """Draw the weights as torch does; see ``initialise``. ``stack`` as ``StackOptions`` says.

        Raises ValueError for an unknown choice or choices that exclude each other.
        """
        super().__init__()
        check_choices(CHOICES, decoder=decoder, skip=skip, normalise=normalise, channels=channels)
        self.given = Row(target_size, past_size, future_size, static_size, flag_size)
        self.horizon, self.normalise, self.tbptt_steps = horizon, normalise, tbptt_steps
        self.head, self.is_independent = head_of(output, levels), channels == "independent"
        self.season = Seasonality(self.given, harmonics or {}, alone=harmonics_alone)
        self._check_combination(DECODERS[decoder], bidirectional=stack.get("bidirectional", False))
        self.categories = Categories(self.season.row, self.season.places(categories or {}))
        self.row = self.categories.row
        self.samples_per_window = count = target_size if self.is_independent else 1
        sample = self.row.alone() if self.is_independent else self.row
        width = DECODERS[decoder].stack_inputs(sample, stack.get("hidden", HIDDEN))
        self._add_stack(width, **stack)
        plan = Plan(sample, horizon, self.outputs, self.dropout, segment, count, self.head)
        self.decoder = DECODERS[decoder](plan)
        self.skip = Skip(context, horizon, sample.targets) if skip == "linear" else None

    def _check_combination(self, decoder: type[Decoder], *, bidirectional: bool) -> None:
        row = self.season.row
        if bidirectional and (decoder.goes_on or self.tbptt_steps is not None):
            raise ValueError("bidirectional: excludes tbptt_steps, and every decoder but direct")
        if row.past and (decoder.feeds_back or self.is_independent):
            raise ValueError("past_size: excludes decoder='recursive' and channels='independent'")
        self.head.check_windows(self.normalise, seasonal=bool(self.season.harmonics))
        row.check_flags(apart=self.is_independent)
        if self.tbptt_steps is not None and self.tbptt_steps < 1:
            raise ValueError(f"tbptt_steps: {self.tbptt_steps}; expected at least 1, or None")

    @property
    def input_size(self) -> int:
        """Columns of a context: targets, covariates, flags."""
        return self.given.size

    @property
    def width(self) -> int:
        """Values of a window's step where it is widest: its columns, or the outputs of a layer."""
        return max(self.row.size, self.outputs * self.samples_per_window)

    @property
    def rows_per_step(self) -> int:
        """Rows of a context that one step of the stack reads."""
        return self.decoder.rows_per_step

    def forward(
        self,
        context_BTC: Tensor,
        future_BKF: Tensor | None = None,
        target_BKC: Tensor | None = None,
        teacher_forcing: float = 0.0,
    ) -> Tensor:
        """Forecast [B, K, targets]: of a distribution the median.

        ``future_BKF`` are the future columns over the horizon, for a model that has any.
        ``target_BKC`` and ``teacher_forcing`` matter to the recursive decoder only: with that
        chance, drawn for each step and sample, the truth is fed back instead of the forecast.
        Raises ValueError for a context, target or future whose shape does not fit.
        """
        return self.distribution(context_BTC, future_BKF, target_BKC, teacher_forcing).point

    def distribution(
        self,
        context_BTC: Tensor,
        future_BKF: Tensor | None = None,
        target_BKC: Tensor | None = None,
        teacher_forcing: float = 0.0,
    ) -> Distribution:
        """The same forecast with all that it says of how values may come out."""
        if future_BKF is None:
            future_BKF = context_BTC.new_empty(context_BTC.shape[0], self.horizon, 0)
        self.given.check(context_BTC, target_BKC, future_BKF, horizon=self.horizon)
        profile_BKC = self.season.of(future_BKF)
        context_BTC = self.season.taken_off(context_BTC)
        context_BTC, future_BKF = self.categories(context_BTC, self.season.ahead(future_BKF))
        truth_BKC = target_BKC if teacher_forcing > 0 else None
        if truth_BKC is not None and profile_BKC is not None:
            truth_BKC = truth_BKC - profile_BKC
        if not self.is_independent:
            raw, scale = self._forecast(context_BTC, future_BKF, truth_BKC, teacher_forcing)
            return self.head.of(self.row.by_parameter(raw), scale.shifted(profile_BKC))
        count = self.row.targets
        raw, scale = self._forecast(
            self.row.separate(context_BTC),
            future_BKF.repeat_interleave(count, dim=0),
            None if truth_BKC is None else truth_BKC.mT.flatten(0, 1).unsqueeze(-1),
            teacher_forcing,
        )
        return self.head.of(self.row.together(raw), scale.together(count).shifted(profile_BKC))

    def _forecast(
        self,
        context_BTC: Tensor,
        future_BKF: Tensor,
        truth_BKC: Tensor | None,
        teacher_forcing: float,
    ) -> tuple[Tensor, WindowScale]:
        """What is read for samples: whole windows, or single targets of them (independent).

        Beside it the scale of each window, which is to be undone.
        """
        row = self.decoder.row
        scale, rows_BTC = self._normalise(context_BTC)
        last_BH, state = self._encode(self.decoder.read(rows_BTC, future_BKF))
        static_BS = context_BTC[:, -1, row.static_places]
        truth_BKC = None if truth_BKC is None else scale.apply(truth_BKC)
        ahead = Ahead(future_BKF, static_BS, truth_BKC, teacher_forcing)
        raw = self.decoder.decode(self.recurrent, last_BH, state, ahead)
        if self.skip is not None:
            raw = self.skip.upon(raw, rows_BTC[..., : row.targets])
        return raw, scale

    def window_units(self, context_BTC: Tensor) -> WindowScale:
        """How the targets of each window are normalised."""
        context_BTC = self.season.taken_off(context_BTC)
        return WindowScale.of(self.normalise, context_BTC[..., : self.row.targets])

    def normalised(self, context_BTC: Tensor) -> Tensor:
        """Contexts as the decoder is given them to read, a sample for each independent target."""
        context_BTC = self.categories.read(self.season.taken_off(context_BTC))
        samples = self.row.separate(context_BTC) if self.is_independent else context_BTC
        return self._normalise(samples)[1]

    def _normalise(self, context_BTC: Tensor) -> tuple[WindowScale, Tensor]:
        """How each sample is normalised, and its rows, that done to targets and past columns."""
        row = self.decoder.row
        scale = WindowScale.of(self.normalise, context_BTC[..., : row.measured])
        values_BTC = scale.apply(context_BTC[..., : row.measured])
        if row.size == row.measured:
            return scale, values_BTC
        return scale, torch.cat([values_BTC, context_BTC[..., row.measured :]], dim=-1)

    def step(self, row_BC: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read one row more of every series and forecast from there: ([B, K, targets], state).

        Equal to ``forward`` over all rows since the state was None. Raises ValueError where that
        cannot be: with window normalisation, a skip or segments, which need whole windows, with
        future columns, and bidirectional.
        """
        self.check_steps()
        rows_BTC = self.categories.read(row_BC.unsqueeze(1))
        samples_BC = (self.row.separate(rows_BTC) if self.is_independent else rows_BTC)[:, 0]
        hidden_BH, state = self.recurrent.step(samples_BC, state)
        ahead = Ahead(
            row_BC.new_empty(len(samples_BC), self.horizon, 0),
            samples_BC[:, self.decoder.row.static_places],
        )
        raw = self.decoder.decode(self.recurrent, hidden_BH, state, ahead)
        whole = self.row.together if self.is_independent else self.row.by_parameter
        return self.head.of(whole(raw), WindowScale(None, None)).point, state

    def check_steps(self) -> None:
        """Raise ValueError where the model cannot go on row by row."""
        if self.needs_windows:
            raise ValueError(f"step: {self.needs_windows} needs whole windows")

    @property
    def needs_windows(self) -> str:
        """What keeps the model from going on row by row, as it was set; empty where nothing does.

        A bidirectional stack says so by itself.
        """
        if self.normalise != "none":
            return f"normalise={self.normalise!r}"
        if self.skip is not None:
            return "skip='linear'"
        if self.rows_per_step > 1:
            return "decoder='segment'"
        return "future_size" if self.given.future else ""

    def _encode(self, inputs_BSC: Tensor) -> tuple[Tensor, State]:
        """Read the context: the last hidden state [B, H * directions] and the stack's state."""
        state: State | None = None
        steps = inputs_BSC.shape[1]
        kept = steps if self.tbptt_steps is None else -(-self.tbptt_steps // self.rows_per_step)
        early = steps - kept
        if self.training and early > 0:
            with torch.no_grad():
                _, state = self.recurrent(inputs_BSC[:, :early], final_only=True)
            inputs_BSC = inputs_BSC[:, early:]
        _, state = self.recurrent(inputs_BSC, state, final_only=True)
        h_LBH = state if isinstance(state, Tensor) else state[0]
        last = h_LBH.unbind(0)[-self.recurrent.directions :]
        return last[0] if len(last) == 1 else torch.cat(last, dim=-1), state
