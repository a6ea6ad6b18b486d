"""The fast and the strict reader give the same for every cell, or the fast one leaves it."""

import pytest

from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from tests.sweeps.cells import column_of


@pytest.mark.parametrize(
    "text", ["+9E 6", "+99E 5", "9E 6", "+0.41 ", "+1.7e-5 ", " +0.1234567890123", "+.5\t"]
)
def test_a_plus_sign_is_left_to_the_strict_reader(text):
    assert column_of(read_fast, ["1", text]) is None


def test_a_plus_sign_in_an_exponent_is_plain():
    assert column_of(read_fast, ["1e+05", "2.5E+00"]) == column_of(read_strict, ["1e5", "2.5"])


def test_a_line_longer_than_the_strict_reader_takes_is_left_to_it():
    for text in ("x" * 140_000, "x" * 120_000):
        content = f"t,a,note\n0,1,\n1,2,{text}\n2,3,\n".encode()
        fast = read_fast(Source("f", content), Wanted(["t"], columns=["a"], dialect=Dialect()))
        assert (fast is None) == (len(text) > 131_072)
