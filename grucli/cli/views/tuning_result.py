"""What a search came to, on screen: the best trials, what mattered, and what to type next."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from grucli.cli.kit.charts import bar
from grucli.cli.kit.columns import Column
from grucli.cli.kit.numbers import NONE, align_decimals, clock, digits
from grucli.cli.kit.page import Page, Screen
from grucli.recipe import scalar_text
from grucli.results import Trial, TuningResult
from grucli.text import clean, percent, plural, shorten

SHOWN_TRIALS = 10
_BAR_WIDTH = 16
_LONGEST_SETTING = 20


def render_tuning(found: TuningResult, width: int) -> Screen:
    """The best settings and what mattered, the best trials, and how much was gained."""
    return Screen(width, lambda page: _content(page, found))


def render_next(found: TuningResult, width: int) -> Screen:
    """Commands that run as they stand."""
    path = shlex.quote(found.recipe_path)
    lines = [Text(), Text("Next", style="bold"), Text(f"  grucli train {path}", style="cyan")]
    return Screen(width, lambda _page: lines)


def _content(page: Page, found: TuningResult) -> Iterator[Text]:
    yield page.line(f"Search {clean(found.study)}: {_counts(found.trials)}", style="bold")
    yield page.line(f"kept in {clean(found.storage)}", style="dim")
    yield from _settings(page, found)
    yield from trial_table(page, found.trials, SHOWN_TRIALS, own=found.own)
    yield Text("")
    yield from page.paragraphs(_verdict(found))


def _settings(page: Page, found: TuningResult) -> Iterator[Text]:
    """What the best trial has, beside the recipe and beside how much each key mattered."""
    best, own, shares = found.best.settings, found.own, found.importances
    keys = sorted(best, key=lambda key: -shares.get(key, 0.0))
    columns = [
        Column("key", tuple(map(clean, keys)), numeric=False),
        Column("best", tuple(setting_words(best[key]) for key in keys)),
    ]
    if own is not None:
        columns.append(Column("recipe", tuple(setting_words(own.settings[key]) for key in keys)))
    if shares:
        drawn = (
            f"{bar(shares.get(k, 0.0), _BAR_WIDTH)} {percent(shares.get(k, 0.0))}" for k in keys
        )
        columns.append(Column("mattered for the best trials", tuple(drawn), 1, numeric=False))
    yield from page.table(columns, styles=[""] * len(keys))


def _counts(trials: Sequence[Trial]) -> str:
    counts = [
        f"{sum(trial.state == state for trial in trials)} {word}"
        for state, word in (
            ("complete", "complete"),
            ("pruned", "ended early"),
            ("failed", "failed"),
            ("running", "running"),
        )
        if any(trial.state == state for trial in trials)
    ]
    return f"{plural(len(trials), 'trial')}, {', '.join(counts)}"


def trial_table(
    page: Page, trials: Sequence[Trial], most: int, *, own: Trial | None = None
) -> Iterator[Text]:
    """The best trials first, and the recipe's own settings; the best in bold."""
    scored = [t for t in trials if t.state == "complete" and t.score is not None]
    shown = sorted(scored, key=lambda trial: trial.score or 0.0)[:most]
    if own is not None and own in scored and own not in shown:
        shown.append(own)
    if not shown:
        return
    first = [
        Column("trial", tuple(f"{t.number}{' recipe' if t.is_own else ''}" for t in shown), 0),
        Column("validation", tuple(align_decimals([digits(t.score) for t in shown])), 0),
    ]
    last = [
        Column("epoch", tuple(f"{t.best_epoch} of {t.epochs}" for t in shown), 1),
        Column("time", tuple(clock(t.seconds) for t in shown), 1),
    ]
    keys = list(dict.fromkeys(key for trial in shown for key in trial.settings))
    settings = [
        Column(_short(key, keys), tuple(setting_words(t.settings.get(key)) for t in shown), 2)
        for key in keys
    ]
    styles = ["bold green", *[""] * (len(shown) - 1)]
    yield from page.table([*first, *last, *settings], styles=styles)


def _short(key: str, keys: Sequence[str]) -> str:
    """A key without its section, where no other ends like it."""
    end = key.rpartition(".")[2]
    return end if sum(other.rpartition(".")[2] == end for other in keys) == 1 else key


def setting_words(value: Any) -> str:
    """A value of a setting, as short as it can be."""
    if isinstance(value, float):
        return format(value, ".3g")
    if isinstance(value, bool):
        return scalar_text(value)
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    return NONE if value is None else shorten(clean(str(value)), _LONGEST_SETTING)


def _verdict(found: TuningResult) -> Iterator[str]:
    best, own = found.best, found.own
    words = f"Best: trial {best.number}, validation loss {digits(best.score)}"
    if best.is_own:
        yield f"{words}: the recipe as it is; nothing that was tried is better."
    elif own is not None and own.score and best.score is not None:
        gain = 1 - best.score / own.score
        yield (
            f"{words}, {percent(gain)} below that of the recipe as it is ({digits(own.score)}). "
            "It is the luckiest of many on one span: the test span says what is left of it."
        )
    else:
        yield f"{words}."
    yield f"Its recipe is {clean(found.recipe_path)}."
