"""The pages that walk through a run show what their commands print, of a run made here."""

import functools
import re
import shlex

import pytest

from tests import forked
from tests.conftest import REPOSITORY
from tools import docs_pictures, docs_walk, make_docs

PAGES = {path.stem: path.read_text() for path in make_docs.WALKED}
BLOCKS = [
    pytest.param(*block, id=f"{name}-{number}")
    for name in ("learning", "questions")
    for number, block in enumerate(docs_walk.blocks(PAGES[name]))
]
PACE = re.compile(r"[\d,.]+ windows/s +[\d:]+|in [\d:]+ \([\d.]+ steps/s\)")
SHADES, NUMBER = re.compile("[▁▂▃▄▅▆▇█]+"), re.compile(r"\d[\d,]*\.?\d*(?:e[-+]\d+)?")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Gives what a command of the pages prints; one that is given again is not run again."""
    folder = tmp_path_factory.mktemp("walk")
    for name in ("recipes", "data"):
        (folder / name).symlink_to(REPOSITORY / name)

    @functools.cache
    def run(command):
        if command.startswith("cat "):
            return (folder / command.removeprefix("cat ")).read_text()
        line = command.removesuffix(" > /dev/null")
        done = forked.run_on_terminal(shlex.split(line)[1:], folder, docs_walk.PLAIN)
        assert done.returncode == 0, done.stderr
        return docs_walk.plain_lines(done.stderr + done.stdout * (line == command), folder)

    return run


@pytest.mark.parametrize(("command", "choose", "block"), BLOCKS)
def test_a_block_is_what_its_command_prints(shown, command, choose, block):
    now, kept = (PACE.sub("pace", text) for text in (choose(shown(command)), block))
    shapes = [
        NUMBER.sub("0", SHADES.sub("▄", re.sub("[ –]+", " ", text))).splitlines()
        for text in (now, kept)
    ]
    assert shapes[0] == shapes[1], "run `make docs`"
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (now, kept)]
    assert numbers[0] == pytest.approx(numbers[1], rel=0.3, abs=1e-6), "run `make docs`"


def test_a_block_of_a_chosen_line_shows_nothing_else():
    page = "<!-- lines: ^b -->\n```console\n$ x\n```\n"
    walked = docs_walk.walk(page, lambda _: "a\nb\na\na\nb\na\n")
    assert walked == page.replace("$ x\n", "$ x\nb\n…\nb\n")
    with pytest.raises(ValueError, match="found in none"):
        docs_walk.walk(page, lambda _: "a\n")


def test_pictures_are_those_that_are_made_and_all_are_shown():
    made = {*docs_pictures.PLOTTED, *docs_pictures.DRAWN}
    links = re.findall(r"\((?:docs/)?pictures/([\w.]+)\)", "".join(PAGES.values()))
    assert made == set(links) == {path.name for path in docs_pictures.PICTURES.iterdir()}
    sizes = [path.stat().st_size for path in docs_pictures.PICTURES.iterdir()]
    assert max(sizes) < 100_000


@pytest.mark.parametrize("path", make_docs.WALKED, ids=lambda path: path.stem)
def test_links_of_a_walked_page_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert links
    assert all((path.parent / link).exists() for link in links)
