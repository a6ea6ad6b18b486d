"""Categories as a baseline sees them: a column of 0 and 1 for each text."""

from collections.abc import Mapping
from dataclasses import dataclass

from grucli.columns import Columns
from grucli.data import PanelTensors
from grucli.tensors import Tensor, torch


def with_indicators(data: PanelTensors) -> Tensor:
    """All scaled rows of a panel, its categories as indicators: [N, C]."""
    return Indicators(data.panel.columns, data.texts).of(data.scaled)


@dataclass(frozen=True)
class Indicators:
    """Of a row's columns those that are categories, ``texts``, with the number of their texts.

    A row of class 0, the unknown, has 0 in all columns of a category; one of 0 texts has none.
    """

    columns: Columns
    texts: Mapping[str, int]

    def places(self, chosen: range) -> list[int]:
        """Where columns at these places of a row stand in what ``of`` makes of it."""
        widths = [self.texts.get(name, 1) for name in self.columns.names]
        firsts = [sum(widths[:place]) for place in range(len(widths))]
        return [firsts[place] + part for place in chosen for part in range(widths[place])]

    def of(self, rows: Tensor, *, first: int = 0) -> Tensor:
        """Rows [..., C] that begin with the column at place ``first``."""
        names = self.columns.names[first : first + rows.shape[-1]]
        if not any(name in self.texts for name in names):
            return rows
        parts = []
        for place, name in enumerate(names):
            column = rows[..., place, None]
            if name in self.texts:
                numbers = torch.arange(1, self.texts[name] + 1, device=rows.device)
                column = (column == numbers).to(rows)
            parts.append(column)
        return torch.cat(parts, dim=-1)
