"""What ridge regression sees of a window.

Suffixes: B windows, C targets, F features with the one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grucli.columns import Columns
from grucli.tasks.forecast.samples import Windows
from grucli.tasks.indicators import Indicators
from grucli.tensors import Tensor, torch

RIDGE_LAGS = 1024
"""Ridge sees at most this many numbers of a context: the newest rows."""


@dataclass(frozen=True)
class Features:
    """What ridge regression sees of a window: the last ``lags`` values of a target itself.

    With ``joint`` those of all columns, but of what the calendar gives: of that, as of every column
    known in advance, it sees the horizon. Static columns count once, and a category as a column of
    0 and 1 for each of its texts.
    """

    columns: Columns
    lags: int
    joint: bool
    texts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_all(cls, windows: Windows) -> "Features | None":
        """All columns within ``RIDGE_LAGS`` numbers; None where the contexts leave no room.

        Of contexts that do not fit, the newest rows are seen where something is known in advance.
        Where there is no room for categories they are left out.
        """
        texts = windows.data.texts
        choices = [texts, dict.fromkeys(texts, 0)] if texts else [texts]
        fitting = (cls._of_all(windows, chosen) for chosen in choices)
        return next((features for features in fitting if features is not None), None)

    @classmethod
    def _of_all(cls, windows: Windows, texts: Mapping[str, int]) -> "Features | None":
        columns, steps = windows.columns, windows.context_steps
        whole = cls(columns, steps, joint=True, texts=texts)
        known = windows.horizon_steps * len(whole._ahead) + len(whole._once)
        lags = min(steps, (RIDGE_LAGS - known) // len(whole._lagged))
        if lags < 1 or (lags < steps and not columns.ahead):
            return None
        return replace(whole, lags=lags)

    @property
    def _indicators(self) -> Indicators:
        return Indicators(self.columns, self.texts)

    @property
    def _lagged(self) -> list[int]:
        """Places of the columns that are seen at every lag, as indicators have them."""
        places = range(len(self.columns.names))
        calendar = self._indicators.places(places[self.columns.calendar_places])
        left_out = {*calendar, *self._once}
        return [place for place in self._indicators.places(places) if place not in left_out]

    @property
    def _once(self) -> list[int]:
        places = range(len(self.columns.names))
        return self._indicators.places(places[self.columns.static_places])

    @property
    def _ahead(self) -> list[int]:
        places = range(len(self.columns.names))
        return self._indicators.places(places[self.columns.ahead_places])

    def of(self, context: Tensor, future: Tensor | None) -> Tensor:
        """In float64 with a one: [B, C, F]; [B, 1, F], the same for all targets, when joint."""
        places, lags = self.columns.target_places, self.lags
        own = (context[:, -lags:, places] - context[:, -1:, places]).double()
        rows = own.transpose(1, 2)
        if self.joint:
            context = self._indicators.of(context)
            others = context[:, -lags:, self._lagged[places.stop :]].double().transpose(1, 2)
            parts = [torch.cat([rows, others], dim=1).flatten(1)]
            if future is not None:
                first = self.columns.ahead_places.start
                known = self._indicators.of(future, first=first)
                parts.append(known.double().flatten(1))
            if self._once:
                parts.append(context[:, -1, self._once].double())
            rows = torch.cat(parts, dim=1).unsqueeze(1)
        return torch.cat([rows, rows.new_ones((*rows.shape[:-1], 1))], dim=-1)
