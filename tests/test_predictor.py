"""A checkpoint opened once predicts from any number of tables, of one series or many."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import grucli
from grucli.checkpoint import load_checkpoint
from grucli.columns import Columns
from grucli.data import build_panel, parse_table
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import CheckpointError, DataError, UsageError
from grucli.tasks.forecast.newest import forecast_places, left_out

RECIPE = """\
name: shops
data:
  path: shops.csv
  time: day
  series: shop
  target: sold
  missing: forward
  split: {valid: 4, test: 4}
task: {context: 6, horizon: 2, normalise: last}
model: {hidden: 5}
train: {epochs: 1, batch_size: 64}
"""


def shops(names, *, days=30):
    """A walk of every shop, as a frame."""
    draw = np.random.default_rng(3)
    stamps = pd.date_range("2024-01-01", periods=days).strftime("%Y-%m-%d")
    return pd.DataFrame(
        {
            "shop": np.repeat(names, days),
            "day": np.tile(stamps, len(names)),
            "sold": draw.normal(size=len(names) * days).cumsum().round(3),
        }
    )


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """The checkpoint of a tiny model of three shops."""
    place = tmp_path_factory.mktemp("shops")
    shops(["a", "b", "c"]).to_csv(place / "shops.csv", index=False)
    (place / "shops.yaml").write_text(RECIPE)
    return grucli.train(place / "shops.yaml", run_dir=place / "run").best_path


@pytest.fixture(scope="module")
def predictor(best):
    return grucli.Predictor(best)


def test_a_predictor_says_what_the_call_says(best, predictor):
    frame = shops(["x", "y"])
    assert predictor.predict(frame) == grucli.predict(best, frame)
    assert predictor.predict(levels=[50]) == grucli.predict(best, levels=[50])


@pytest.mark.parametrize(
    "form",
    [
        pl.from_pandas,
        pa.Table.from_pandas,
        lambda frame: frame.assign(shop=frame.shop.astype("category")),
    ],
    ids=["polars", "pyarrow", "categories"],
)
def test_every_kind_of_frame_gives_the_same(predictor, form):
    frame = shops(["x", "y", "z"])
    assert predictor.predict(form(frame)) == predictor.predict(frame)


def test_a_path_is_a_table(predictor, tmp_path):
    frame = shops(["x", "y"])
    frame.to_csv(tmp_path / "two.csv", index=False)
    assert predictor.predict(tmp_path / "two.csv") == predictor.predict(frame)


def test_many_series_in_one_call_are_each_as_in_a_call_of_its_own(predictor):
    frame = shops([f"s{number}" for number in range(40)])
    together = pd.DataFrame(predictor.predict(frame).table)
    alone = [
        pd.DataFrame(predictor.predict(own).table) for _, own in frame.groupby("shop", sort=False)
    ]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True), rtol=1e-5)


def test_the_table_of_a_forecast_has_the_columns_of_its_csv(predictor):
    table = predictor.predict(shops(["x"]), levels=[50]).table
    assert list(table) == ["shop", "day", "sold", "sold-lo-50", "sold-hi-50"]
    assert (table["shop"], table["day"]) == (("x", "x"), ("2024-01-31", "2024-02-01"))


def test_a_pickle_needs_no_file_where_it_arrives(best, tmp_path):
    moved = tmp_path / "gone.pt"
    shutil.copyfile(best, moved)
    predictor = grucli.Predictor(moved)
    frame, sent = shops(["x"]), pickle.dumps(predictor)
    moved.unlink()
    (tmp_path / "sent").write_bytes(sent)
    frame.to_pickle(tmp_path / "frame")
    program = (
        "import pickle, sys; from pathlib import Path; here = Path(sys.argv[1]); "
        "predictor = pickle.loads((here / 'sent').read_bytes()); "
        "print(predictor.predict(pickle.loads((here / 'frame').read_bytes())).values)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(predictor.predict(frame).values)


POOL = """\
import pickle, sys, warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import torch, grucli

warnings.simplefilter("ignore")
torch.set_num_threads(2)
torch.ones(10**7).sum()  # by OpenMP's threads, which no child has
predictor, frame = grucli.Predictor(sys.argv[1]), pickle.load(open(sys.argv[2], "rb"))
wanted = predictor.predict(frame).values
with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
    found = list(pool.map(predictor.predict, [frame] * 4))
assert all(one.values == wanted for one in found)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_forked_pool_predicts_after_its_parent_has(best, tmp_path):
    shops([f"shop {number}" for number in range(400)]).to_pickle(tmp_path / "frame")
    command = [sys.executable, "-c", POOL, best, tmp_path / "frame"]
    for kernel in ("auto", "torch"):
        environ = os.environ | {"GRUCLI_KERNEL": kernel}
        subprocess.run(command, check=True, timeout=60, env=environ)


def test_a_pickle_leaves_the_state_of_training_behind(best):
    last = best.replace("best.pt", "last.pt")
    assert load_checkpoint(last).training is not None
    assert len(pickle.dumps(grucli.Predictor(last))) < Path(last).stat().st_size


def test_what_is_wrong_is_said_at_the_call(best, predictor):
    with pytest.raises(CheckpointError, match="no such file"):
        grucli.Predictor("nowhere.pt")
    with pytest.raises(DataError, match="5 rows of history in the longest series"):
        predictor.predict(shops(["x", "y"], days=5))
    with pytest.raises(UsageError, match="reads no columns that are known in advance"):
        predictor.predict(shops(["x"]), future=shops(["x"]))


def test_texts_of_frames_are_looked_at_once_each(monkeypatch):
    from grucli.data.readers import frame as reader

    asked = []
    monkeypatch.setattr(reader, "style_of", lambda text, dialect: asked.append(text))
    with pytest.raises(DataError, match="row 0: column 'day'"):
        reader.read_frame(shops(["x"] * 9, days=7), Wanted("day", dialect=Dialect()), source="f")
    assert len(asked) == 7


@pytest.mark.parametrize("newest", ["0,1\n1,2\n2,3\n", "0,1\n1,\n2,3\n"])
def test_series_whose_newest_context_is_empty_are_left_out_wherever_they_stand(newest):
    empty = "0,1\n1,\n2,\n"
    for place in range(3):
        parts = [newest] * 3
        parts[place] = empty
        rows = [
            f"{name},{row}" for name, part in zip("abc", parts, strict=True) for row in part.split()
        ]
        table = parse_table(
            "\n".join(["s,t,v", *rows, ""]).encode(),
            Wanted("t", columns=("v",), texts=("s",)),
            source="f",
        )
        panel = build_panel(table, Columns(("v",)), series=("s",), missing="forward")
        assert forecast_places(panel, 2).tolist() == [p for p in range(3) if p != place]
        assert "1 of 3 series have a column without a measured value" in left_out(panel, 2)[0]
