"""What ``grucli init`` saw of a table."""

from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.page import MARGIN, Page, Screen
from grucli.results import RecipeDraft
from grucli.text import clean


def render_seen(draft: RecipeDraft, output: str | None, width: int) -> Screen:
    """One line for each thing that was looked for, and what to do next."""
    return Screen(width, lambda page: _content(page, draft, output))


def _content(page: Page, draft: RecipeDraft, output: str | None) -> Iterator[Text]:
    yield page.line(f"Looked at {clean(draft.table)}", style="bold")
    room = max(map(len, draft.seen))
    for what, words in draft.seen.items():
        yield page.line(f"{' ' * MARGIN}{what:<{room}}  {words}")
    if output is not None:
        yield Text(f"Wrote {clean(output)}. Train it: grucli train {clean(output)}")
