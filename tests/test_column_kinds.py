"""Missing values column by column, logarithms of targets, and columns constant within a series."""

import io

import numpy as np
import pandas as pd
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.columns import Columns
from grucli.data import (
    Scaler,
    SeriesScaler,
    Span,
    build_panel,
    build_tensors,
    fit_scaler,
    measured_columns,
    parse_table,
    scaler_from_plain,
    whole_span,
)
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError
from grucli.recipe import ForecastRecipe, dump_recipe
from grucli.runs.streaming import Stream
from grucli.runs.tables import read_panel
from grucli.runs.tracing import trace
from grucli.tasks.forecast.samples import build_windows
from tests.recipe_texts import BASE, errors_of, load

CPU = torch.device("cpu")
ABC = Columns(("a",), past=("b", "c", "d"))
HOLES = "t,a,b,c,d\n1,1,10,5,1\n2,,,,2\n4,4,40,,4\n5,5,50,8,5\n"


def panel_of(text, missing, columns=ABC, **options):
    table = parse_table(text.encode(), Wanted("t", columns=columns.read), source="f")
    return build_panel(table, columns, missing=missing, **options)


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- missing values --------------------------------------------------------------------------
def test_missing_values_are_filled_column_by_column():
    panel = panel_of(HOLES, ("forward", "linear", "zero", "mask"))
    assert panel.values.tolist() == [
        [1, 10, 5, 1],
        [1, 20, 0, 2],
        [1, 30, 0, 2],
        [4, 40, 0, 4],
        [5, 50, 8, 5],
    ]
    assert panel.notes[1:] == (
        "2 missing values filled (forward)",
        "2 missing values filled (linear)",
        "3 missing values filled (zero)",
        "1 missing value filled (mask)",
    )


def test_what_counts_as_zero_counts_as_measured():
    panel = panel_of(HOLES, "zero")
    assert panel.observed.all()
    assert panel.values[:, 0].tolist() == [1, 0, 0, 4, 5]
    empty = panel_of("t,a,b,c,d\n1,1,,1,1\n2,2,,2,2\n", "zero")
    assert empty.values[:, 1].tolist() == [0, 0]


def test_a_column_that_is_not_named_must_have_all_its_values():
    text = "t,a,b,c,d\n1,1,10,5,1\n2,2,,,2\n"
    with pytest.raises(DataError) as caught:
        panel_of(text, ("error", "forward", "error", "error"))
    assert str(caught.value).startswith("f:3: column 'c': a missing value; expected a number")
    with pytest.raises(DataError, match="f:4: column 't': 1 row is absent between 2 and 4"):
        panel_of(HOLES, ("forward", "linear", "zero", "error"))


@pytest.mark.parametrize("missing", ["forward", "linear", "mask", "zero"])
def test_filling_never_looks_across_a_split(missing):
    random = np.random.default_rng(0)
    values = random.normal(size=(30, 1))
    values[[4, 9, 10, 18, 19, 20]] = np.nan  # the last three lie across the split
    columns = Columns(("a",), flagged=("a",) if missing == "mask" else ())

    def seen(values):
        text = pd.DataFrame(values, columns=["a"]).to_csv(index_label="t")
        panel = panel_of(text, missing, columns)
        train = Span(np.array([0]), np.array([20]))
        scaler = fit_scaler("standard", measured_columns(panel, train), ("a",))
        task = ForecastRecipe(context=5, horizon=2)
        windows = build_windows(build_tensors(panel, scaler, CPU), train, task)
        batch = windows.gather(torch.arange(len(windows)))
        return [scaler.center, scaler.spread, *map(np.asarray, (batch.context, batch.target))]

    later = values.copy()
    later[20:] = 100 + random.normal(size=(10, 1))
    for before, after in zip(seen(values), seen(later), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.usefixtures("in_folder")
def test_a_recipe_says_it_column_by_column_and_reads_back():
    missing = 'missing: {y: mask, "a: b": zero}'
    recipe = load(BASE.replace("  target: y", f'  target: y\n  past: ["a: b", c]\n  {missing}'))
    assert recipe.data.policies == ("mask", "zero", "error")
    assert recipe.data.columns.flagged == ("y",)
    assert load(dump_recipe(recipe)) == recipe


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "missing: {z: zero}",
            "data.missing: found 'z', which is no column that is read; expected y",
        ),
        (
            "missing: {y: nothing}",
            "data.missing: found a section; expected error, forward, linear, mask or zero, or a "
            "mapping of columns to these",
        ),
        (
            "missing: zero\n  transform: log",
            "data.transform: found log with data.missing zero of 'y'; 0 has no logarithm; expected "
            "log1p",
        ),
        (
            "past: [a]\n  static: [a]",
            "data.static: found 'a', which is in data.past too; expected it in one of them",
        ),
        (
            "series: a\n  static: [a]",
            "data.series: found 'a', which is in static; expected a column of names; remove it",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_recipe(keys, problem):
    (found,) = errors_of(BASE.replace("  target: y", f"  target: y\n  {keys}"))
    assert found.partition(": ")[2] == problem


# --- logarithms ------------------------------------------------------------------------------
FORWARD = {"log": np.log, "log1p": np.log1p}


@pytest.mark.parametrize("transform", ["log", "log1p"])
@pytest.mark.parametrize("kind", ["standard", "minmax", "robust", "none"])
def test_a_transformed_column_is_scaled_as_its_logarithm_and_comes_back(kind, transform):
    values = np.random.default_rng(0).lognormal(size=(50, 2))
    options = {"transform": transform, "transformed": ("y",)}
    scaler = fit_scaler(kind, values.T, ("y", "x"), **options)
    both = np.stack([FORWARD[transform](values[:, 0]), values[:, 1]], axis=1)
    plain = fit_scaler(kind, both.T, ("y", "x"))
    scaled = scaler.scale(values)
    np.testing.assert_array_equal(scaled, plain.scale(both))
    np.testing.assert_allclose(scaler.unscale(scaled), values, rtol=1e-12)
    back = scaler.unscale(torch.from_numpy(scaled)).numpy()
    np.testing.assert_allclose(back, values, rtol=1e-12)
    assert scaler.only(("x",)).transformed == ()
    kept = scaler_from_plain(scaler.to_plain())
    np.testing.assert_array_equal(kept.scale(values), scaled)


def test_a_scaler_without_a_transform_is_kept_as_it_always_was():
    plain = Scaler("none", ("y",), np.zeros(1), np.ones(1)).to_plain()
    assert plain.keys() == {"kind", "columns", "center", "spread"}


def test_every_series_is_scaled_by_its_own_logarithms():
    text = "s,t,y\n" + "".join(
        f"{name},{n},{scale * (n + 1)}\n"
        for name, scale in (("a", 1), ("b", 100))
        for n in range(6)
    )
    table = parse_table(text.encode(), Wanted("t", columns=("y",), texts=("s",)), source="f")
    panel = build_panel(table, Columns(("y",)), series=("s",))
    span = whole_span(panel)
    options = {"transform": "log", "transformed": ("y",)}
    whole = fit_scaler("standard", measured_columns(panel, span), ("y",), **options)
    own = SeriesScaler.fit(whole, panel, span, ("s",)).of(panel, span)
    a, b = (
        own.at(np.array(place)).scale(panel.values[6 * place : 6 * place + 6]) for place in (0, 1)
    )
    np.testing.assert_allclose(a, b, rtol=1e-12)  # b is a hundred times a
    assert a.std() == pytest.approx(1)


SOLD = """\
name: sold
data:
  path: sold.csv
  time: day
  target: sold
  transform: log
  split: {valid: 0.2, test: 0.2}
task: {context: 7, horizon: 3}
model: {hidden: 4}
train: {epochs: 1, seed: 1}
"""


def sold_frame(rows=60):
    random = np.random.default_rng(4)
    days = pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d")
    return pd.DataFrame({"day": days, "sold": np.exp(random.normal(size=rows))})


def test_a_model_of_logarithms_forecasts_and_is_scored_in_the_units_of_the_table(in_folder):
    sold_frame().to_csv("sold.csv", index=False)
    (in_folder / "sold.yaml").write_text(SOLD)
    best = train("sold.yaml", run_dir="run").best_path
    forecast = np.array(predict(best).values["sold"])
    assert (forecast > 0).all()
    logs = sold_frame().assign(sold=np.log(sold_frame()["sold"]))
    logs.to_csv("sold.csv", index=False)
    plain = train("sold.yaml", ["data.transform=none"], run_dir="plain").best_path
    np.testing.assert_allclose(np.log(forecast), predict(plain).values["sold"], rtol=1e-5)
    sold_frame().to_csv("sold.csv", index=False)
    found, expected = evaluate(best).model, evaluate(plain, logs).model
    assert found.scaled_mse == pytest.approx(expected.scaled_mse, rel=1e-5)
    assert found.mse != pytest.approx(expected.mse, rel=1e-2)
    assert trace(best).report.rows == 7
    zero = sold_frame()
    zero.loc[3, "sold"] = 0
    with pytest.raises(DataError) as caught:
        predict(best, zero)
    assert str(caught.value) == (
        "the table, row 3: column 'sold': 0 has no logarithm (data.transform: log); expected a "
        "value above 0; correct it, or choose another transform"
    )
    stream = Stream(best)
    with pytest.raises(DataError, match=r"-:2: column 'sold': -1 has no logarithm \(data.transf"):
        list(stream.answers(io.BytesIO(b"day,sold\n2024-01-01,-1\n"), "-"))


# --- columns that are constant within a series ------------------------------------------------
SIZES = "s,t,y,size\n" + "".join(
    f"{name},{n},{(n * 7) % 5 + size},{size}\n"
    for name, size in (("a", 1), ("b", 4))
    for n in range(30)
)


@pytest.mark.usefixtures("in_folder")
def test_a_static_column_is_read_of_every_row_and_of_the_steps_ahead():
    keys = "series: s\n  static: [size]\n  scale_by: series"
    recipe = load(BASE.replace("  target: y", f"  target: y\n  {keys}"))
    panel = read_panel(recipe.data, SIZES.encode())
    assert panel.columns.values == ("y", "size")
    assert panel.values[[0, 29, 30, 59], 1].tolist() == [1, 1, 4, 4]
    span = whole_span(panel)
    whole = fit_scaler("standard", measured_columns(panel, span), panel.columns.values)
    own = SeriesScaler.fit(whole, panel, span, ("s",)).of(panel, span)
    assert own.center[:, 1].tolist() == [2.5, 2.5]  # not each its own, which would say nothing


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize("missing", ["zero", "linear", "mask", "{y: zero}"])
def test_a_static_column_is_the_same_in_rows_that_are_absent(missing):
    keys = f"series: s\n  static: [size]\n  missing: {missing}"
    recipe = load(BASE.replace("  target: y", f"  target: y\n  {keys}"))
    panel = read_panel(recipe.data, SIZES.replace("b,9,7,4\n", "").encode())
    assert panel.values[30:, 1].tolist() == [4] * 30
    assert recipe.data.columns.flagged == (("y",) if missing == "mask" else ())


@pytest.mark.usefixtures("in_folder")
def test_a_static_column_that_changes_is_named_by_series_and_rows():
    recipe = load(BASE.replace("  target: y", "  target: y\n  series: s\n  static: [size]"))
    with pytest.raises(DataError) as caught:
        read_panel(recipe.data, SIZES.replace("b,9,7,4", "b,9,7,5").encode())
    assert str(caught.value) == (
        "the table: column 'size': series 'b' has 4 at 0 and 5 at 9; expected one value in all "
        "rows of a series; correct it, or name the column in data.past or data.future"
    )


@pytest.mark.parametrize("decoder", ["direct", "recursive"])
def test_a_model_with_static_columns_forecasts(in_folder, decoder):
    (in_folder / "x.csv").write_text(SIZES)
    keys = "series: s\n  static: [size]\n  split: {valid: 3, test: 3}"
    recipe = BASE.replace("  target: y", f"  target: y\n  {keys}")
    (in_folder / "a.yaml").write_text(recipe.replace("context: 10", "context: 5"))
    best = train("a.yaml", ["train.epochs=1", f"model.decoder={decoder}"], run_dir="run").best_path
    forecast = predict(best, horizon=5)
    frame = pd.read_csv("x.csv").replace({"size": {4: 1, 1: 4}})
    moved = predict(best, frame, horizon=5)
    assert np.abs(np.subtract(forecast.values["y"], moved.values["y"])).min() > 0
