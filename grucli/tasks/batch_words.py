"""Which rows of a table a batch is made of, in words, for an error of training."""

from grucli.data import PanelTensors
from grucli.tensors import Tensor, torch
from grucli.text import printable, some

_MOST = 3


def batch_words(data: PanelTensors, first_B: Tensor, stop_B: Tensor) -> str:
    """The series and times from rows ``first_B`` to before ``stop_B`` [B], and the columns whose
    scaled values are the largest there, the largest first.
    """
    panel = data.panel
    series = sorted(set(panel.series_of(first_B.numpy()).tolist()))
    ids = [printable(panel.ids[number]) for number in series if panel.ids[number]]
    named = f"series {some(ids, _MOST)}, " if ids else ""
    begin = panel.frequency.format(panel.timestamps[first_B.numpy()].min())
    end = panel.frequency.format(panel.timestamps[stop_B.numpy() - 1].max())
    bounds = zip(first_B.tolist(), stop_B.tolist(), strict=True)
    peaks = torch.stack([data.scaled[first:stop].abs().amax(0) for first, stop in bounds])
    sizes = zip(panel.columns.names, peaks.amax(0).tolist(), strict=False)
    largest = sorted(sizes, key=lambda size: size[1], reverse=True)[:_MOST]
    columns = ", ".join(f"{printable(name)} {value:.2g}" for name, value in largest)
    return f"its batch is from {named}{begin} to {end}, its largest scaled values: {columns}"
