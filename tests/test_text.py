"""Words for people: foreign text cannot act on a terminal, and counts read the same everywhere."""

import pytest

from grucli.text import clean, plural, printable, quoted, shorten, some

FOREIGN = "a\x1b[2J\nb\x9b\ud800"


def test_foreign_text_cannot_act_on_a_terminal():
    assert clean(FOREIGN) == "a\\x1b[2J\\nb\\x9b\\ud800"


@pytest.mark.parametrize("written", [clean, printable, quoted])
def test_what_is_written_out_prints(written):
    assert written(FOREIGN).isprintable()


def test_long_names_end_in_dots_and_long_cells_keep_their_quotes():
    assert printable("n" * 9, limit=8) == "nnnnn..."
    assert quoted("n" * 9, limit=8) == "'nnnnn...'"


def test_a_shortened_text_fills_its_width():
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


def test_a_long_list_says_how_many_more_there_are():
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert some(["a", "b"], 2) == "a, b"


@pytest.mark.parametrize(
    ("count", "thousands", "text"),
    [
        (1, ",", "1 row"),
        (0, ",", "0 rows"),
        (1234567, ",", "1,234,567 rows"),
        (1234567, "", "1234567 rows"),
    ],
)
def test_counts_are_written_with_their_noun(count, thousands, text):
    assert plural(count, "row", thousands=thousands) == text
