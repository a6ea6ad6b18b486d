"""Drawing a run in progress into a given number of lines and columns."""

from rich.text import Text

from grucli.cli.kit.charts import BEST_STYLE, SERIES_STYLES, bar, sparkline
from grucli.cli.kit.line_chart import line_chart
from grucli.cli.kit.numbers import NONE, clock, count, digits, power
from grucli.cli.views.training_state import TrainingState
from grucli.results import GateUpdate, TrainingStarted
from grucli.text import clean, percent, plural, shorten

SIDE_WIDTH = 27
SIDE_FROM_WIDTH = 68
CHART_LINES = 18
LEAST_CHART_LINES = 6
_GATE_HEAD = f"  {'':<4}  {'gradient':>8}  {'update':>8}"
LEGEND = "update: size of an epoch's last step over that of the matrix; about 1e-03 is usual"
TRAIN_STYLE, VALID_STYLE = SERIES_STYLES[:2]


def draw(state: TrainingState, width: int, height: int, *, ascii_only: bool) -> list[Text]:
    """Draw at most ``height`` lines of at most ``width`` characters; the least needed go first.

    Kept longest are the bars, then the numbers, the loss curve, the gates, the header's details.
    """
    if state.started is None or height < 1 or width < 1:
        return []
    head = header(state.started)
    bars = progress(state, width)
    gates = gate_table(state, width)
    if height < len(head) + len(bars) + 2 + LEAST_CHART_LINES:
        head = head[:1]
    top = [*head, Text(), *bars] if height > len(bars) + 1 else bars
    room = height - len(top) - 1
    if gates and room < 9 + 1 + min(len(gates), 4):
        gates = []
    shown = _cut(gates, room - 9 - 1)
    middle = _middle(state, width, room - (len(shown) + 1 if shown else 0), ascii_only=ascii_only)
    lines = list(top)
    for part in (middle, shown):
        lines += [Text(), *part] if part else []
    if shown and len(lines) < height - 1:
        lines.append(Text(LEGEND, style="dim"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines[:height]


def header(started: TrainingStarted) -> list[Text]:
    """Say what is trained, on what, and where it goes."""
    facts = [
        f"{count(started.parameters)} parameters",
        f"{started.device}, {plural(started.threads, 'thread')}, kernel {started.kernel}",
        f"seed {started.seed}",
    ]
    columns = ", ".join(clean(name) for name in started.columns)
    data = f"{count(started.rows)} rows, {clean(started.frequency)} · {shorten(columns, 40)}"
    windows = [
        f"{count(number)} {name}"
        for name, number in (
            ("train", started.train_windows),
            ("valid", started.valid_windows),
            ("test", started.test_windows),
        )
    ]
    folder = clean(started.run_dir)
    return [
        Text.assemble((clean(started.recipe), "bold"), f"  {clean(started.model)}"),
        Text(" · ".join(facts), style="dim"),
        Text(data, style="dim"),
        Text(f"{started.samples_word}s: {' · '.join(windows)} · into {folder}", style="dim"),
    ]


def progress(state: TrainingState, width: int) -> list[Text]:
    """Draw the bars of the epoch and of the run, with rate and time left."""
    started, step = state.started, state.step
    if started is None:
        return []
    pace, finished = state.pace, state.finished
    epoch = step.epoch if step else max(started.start_epoch, 1)
    in_epoch, per_epoch = (step.step_in_epoch, step.steps_per_epoch) if step else (0, 1)
    total = max(started.epochs * started.steps_per_epoch, 1)
    rate = "" if pace.steps_per_second is None else f"{digits(pace.steps_per_second, 3)} steps/s"
    if finished is not None:
        rate = f"{digits(finished.steps_per_second, 3)} steps/s"
    left = "done" if finished else state.activity or f"{clock(pace.epoch_seconds)} left"
    ends = {"epochs": "done", "patience": "stopped early"}
    rest = ends.get(finished.reason, "done") if finished else f"{clock(pace.run_seconds)} left"
    rows = [
        (f"epoch {epoch}/{started.epochs}", in_epoch / max(per_epoch, 1), rate, left),
        ("run", state.done_steps / total, f"{clock(state.elapsed)}", rest),
    ]
    name_room = len(f"epoch {started.epochs}/{started.epochs}")
    narrow = width < name_room + 2 + 6 + 14 + 15
    room = width - name_room - 2 - 6 - 14 - 15
    lines = []
    for name, share, middle, last in rows:
        line = Text(f"{name:<{name_room}}  ")
        if room >= 8:
            line.append(bar(share, room), "green" if finished else "cyan")
        line.append(f"{int(100 * share):>4} %", "bold")
        lines.append(line.append(f"{'' if narrow else f'{middle:>14}'}{last:>15}"))
    return lines


def _middle(state: TrainingState, width: int, room: int, *, ascii_only: bool) -> list[Text]:
    """The loss curve with the numbers beside it, or below it where the screen is narrow."""
    numbers = figures(state)
    if width < SIDE_FROM_WIDTH:
        paired = _in_pairs(numbers, width)
        chart = curve(state, width, room - len(paired) - 1, ascii_only=ascii_only)
        return [*chart, Text(), *paired] if chart else paired[: max(room, 0)]
    chart = curve(state, width - SIDE_WIDTH - 3, min(room, CHART_LINES), ascii_only=ascii_only)
    if not chart:
        return _in_pairs(numbers, width)[: max(room, 0)]
    lines = []
    for index, line in enumerate(chart):
        line.pad_right(width - SIDE_WIDTH - len(line.plain))
        lines.append(line.append_text(numbers[index] if index < len(numbers) else Text()))
    return lines


def _in_pairs(numbers: list[Text], width: int) -> list[Text]:
    half = (len(numbers) + 1) // 2
    lines = []
    for index in range(half):
        line = numbers[index].copy()
        if index + half < len(numbers) and width >= 2 * SIDE_WIDTH + 3:
            line.pad_right(SIDE_WIDTH + 3 - len(line.plain))
            line.append_text(numbers[index + half])
        lines.append(line)
    return lines


def figures(state: TrainingState) -> list[Text]:
    """The numbers of the last epoch, one to a line."""
    epoch = state.epochs[-1] if state.epochs else None
    step = state.step
    loss = state.losses[-1] if state.losses else None
    patience = NONE
    if epoch is not None:
        left = epoch.patience_left
        patience = "off" if left is None else f"{left} left"
    best = f"epoch {epoch.best_epoch}" if epoch else NONE
    word = state.started.samples_word if state.started else "window"
    rows = [
        ("train loss", digits(epoch.train_loss if epoch else loss), TRAIN_STYLE),
        ("valid loss", digits(epoch.valid_loss if epoch else None), VALID_STYLE),
        ("best valid loss", digits(epoch.best_valid_loss if epoch else None), BEST_STYLE),
        ("best epoch", f"◆ {best}" if epoch else best, BEST_STYLE),
        ("patience", patience, ""),
        ("learning rate", power(step.lr if step else None), ""),
        ("gradient norm", digits(epoch.gradient_norm if epoch else None, 3), ""),
        ("clipped steps", percent(epoch.clipped_share) if epoch else NONE, ""),
        (f"{word}s/s", count(epoch.windows_per_second) if epoch else NONE, ""),
    ]
    if epoch is not None and epoch.skipped_steps:
        rows.append(("left-out steps", count(epoch.skipped_steps), ""))
    return [
        Text.assemble((f"{name:<15} ", "dim"), (f"{value:>11}", style))
        for name, value, style in rows
    ]


def curve(state: TrainingState, width: int, height: int, *, ascii_only: bool) -> list[Text]:
    """Draw train and validation loss by epoch; before two epochs are done, the loss by step."""
    if height < LEAST_CHART_LINES - 1:
        return []
    epochs, best = state.epochs, state.best
    if len(epochs) < 2:
        labels = ("start", "loss by step")
        return line_chart(
            {"train": list(state.losses)}, width, height, x_labels=labels, ascii_only=ascii_only
        )
    series = {
        "train": [epoch.train_loss for epoch in epochs],
        "valid": [epoch.valid_loss for epoch in epochs],
    }
    labels = (f"epoch {epochs[0].epoch}", str(epochs[-1].epoch))
    mark = None if best is None else ("valid", epochs.index(best))
    return line_chart(series, width, height, best=mark, x_labels=labels, ascii_only=ascii_only)


def gate_table(state: TrainingState, width: int) -> list[Text]:
    """Gradient norm and update ratio of each gate's matrices, input and hidden side by side."""
    gates = state.epochs[-1].gates if state.epochs else ()
    rows: dict[tuple[int, str, str], list[GateUpdate]] = {}
    for update in gates:
        rows.setdefault((update.layer, update.direction, update.gate), []).append(update)
    if not rows:
        return []
    layered = len({(layer, direction) for layer, direction, _ in rows}) > 1
    words = {
        place: f"{place[0]}{'r' if place[1] == 'reverse' else ''} {place[2]}"
        if layered
        else place[2]
        for place in rows
    }
    name_room = max(map(len, words.values()))
    across = max(map(len, rows.values()))
    cell = (width - name_room) // across
    shows_gradient = cell >= len(_GATE_HEAD)
    head = _GATE_HEAD if shows_gradient else _GATE_HEAD.replace("  gradient", "")
    room = min(max(cell - len(head) - 1, 0), 16)
    head += f" {'by epoch' if room >= 8 else '':<{room}}"
    lines = [Text(" " * name_room + head * across, style="dim")]
    for place, updates in rows.items():
        line = Text(f"{words[place]:<{name_room}}")
        for update in updates:
            line.append(f"  {update.matrix:<4}", "bold")
            line.append(f"  {power(update.gradient_norm):>8}" if shows_gradient else "")
            line.append(f"  {power(update.update_ratio):>8} ")
            trend = sparkline(state.ratios(update), room)
            line.append(f"{trend:<{room}}", "magenta")
        lines.append(line)
    return lines


def _cut(lines: list[Text], room: int) -> list[Text]:
    """As many lines as fit, the last one saying how many were left out."""
    if len(lines) <= room:
        return lines
    if room < 3:
        return []
    left_out = len(lines) - room + 1
    return [*lines[: room - 1], Text(f"… {plural(left_out, 'more row')}", style="dim")]
