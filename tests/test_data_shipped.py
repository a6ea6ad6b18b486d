"""The tables in data/ are what their README says, and can be made again."""

import gzip
import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from grucli.columns import Columns
from grucli.data import build_panel, read_table
from grucli.data.readers.wanted import Wanted

REPOSITORY = Path(__file__).parent.parent
DATA = REPOSITORY / "data"


def content_of(name):
    packed = (DATA / name).read_bytes()
    return gzip.decompress(packed) if name.endswith(".gz") else packed


@pytest.mark.parametrize("name", ["co2_weekly.csv", "sunspots.csv", "adding.csv.gz", "walks.csv"])
def test_the_readme_has_the_sha256_of_every_table(name):
    text = (DATA / "README.md").read_text()
    by_name = {file: digest for digest, file in re.findall(r"([0-9a-f]{64})  (\S+)", text)}
    assert by_name[name.removesuffix(".gz")] == hashlib.sha256(content_of(name)).hexdigest()


def test_weekly_co2_keeps_its_missing_weeks():
    panel = build_panel(
        read_table(str(DATA / "co2_weekly.csv"), Wanted("week")), Columns(("co2",)), missing="mask"
    )
    assert panel.frequency.words == "weekly (7 days)"
    assert panel.values.shape == (2284, 1)
    assert int((~panel.observed).sum()) == 59
    assert panel.frequency.format(panel.timestamps[0]) == "1958-03-29"
    assert panel.frequency.format(panel.timestamps[-1]) == "2001-12-29"


def test_sunspots_are_yearly_from_1700_to_2008():
    panel = build_panel(
        read_table(str(DATA / "sunspots.csv"), Wanted("year")), Columns(("sunspots",))
    )
    assert panel.timestamps.tolist() == list(range(1700, 2009))
    assert panel.values[:, 0].min() == 0


def test_a_constant_guess_at_the_adding_problem_errs_by_a_sixth():
    table = read_table(str(DATA / "adding.csv.gz"), Wanted("step", columns=["sum"]))
    sums = table.values[100::101, 0]
    np.testing.assert_allclose(sums.var(), 1 / 6, rtol=0.05)


def test_generated_tables_are_drawn_again_the_same():
    place = REPOSITORY / "tools" / "make_data.py"
    spec = importlib.util.spec_from_file_location("make_data", place)
    make_data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_data)
    assert make_data.make_walks() == content_of("walks.csv")
    assert gzip.decompress(make_data.make_adding()) == content_of("adding.csv.gz")
    assert len(content_of("adding.csv.gz").splitlines()) == 1 + 4000 * 101
