"""Columns that are known in advance: read at the step they belong to, and nothing else is."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.cli.app import run
from grucli.columns import Columns
from grucli.data import (
    Horizon,
    Scaler,
    build_panel,
    build_tensors,
    parse_table,
    place_in_zone,
    whole_span,
)
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError, UsageError
from grucli.nn import Forecaster
from grucli.recipe import ForecastRecipe
from grucli.runs.explaining import explain
from grucli.runs.opened import open_table
from grucli.runs.predicting import Predictor
from grucli.runs.reporting import report_run
from grucli.runs.streaming import Stream
from grucli.runs.tracing import trace
from grucli.tasks.forecast.ridge import fit_ridge
from grucli.tasks.forecast.samples import build_windows
from tests.recipe_texts import BASE, errors_of
from tests.shops import ahead_of, frame_of_shops, train_shops

CPU = torch.device("cpu")
T, K = 4, 3
COLUMNS = Columns(("y",), past=("rain",), future=("promo",))


def windows_of(values, missing="error"):
    """Windows of a table [N, 3] in which NaN stands for a missing value; nothing is scaled."""
    frame = pd.DataFrame(values, columns=COLUMNS.read)
    text = frame.to_csv(index_label="t")
    table = parse_table(text.encode(), Wanted("t"), source="f")
    flagged = COLUMNS.read if missing == "mask" else ()
    columns = Columns(("y",), past=("rain",), future=("promo",), flagged=flagged)
    panel = build_panel(table, columns, missing=missing)
    plain = Scaler("none", columns.values, np.zeros(3), np.ones(3))
    task = ForecastRecipe(context=T, horizon=K)
    return build_windows(build_tensors(panel, plain, CPU), whole_span(panel), task)


def random_table(rows=12, gaps=0.0):
    random = np.random.default_rng(5)
    values = random.normal(size=(rows, 3))
    values[1:][random.random((rows - 1, 3)) < gaps] = np.nan
    return values


# --- samples ---------------------------------------------------------------------------------
def test_a_batch_has_the_known_columns_of_its_horizon():
    values = random_table()
    batch = windows_of(values).gather(torch.tensor([0, 5]))
    expected = np.stack([values[T : T + K, 2:], values[5 + T : 5 + T + K, 2:]])
    np.testing.assert_allclose(batch.future.numpy(), expected, rtol=1e-6)


def test_without_such_columns_a_batch_has_none():
    table = parse_table(
        b"t,y\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(9)), Wanted("t"), source="f"
    )
    panel = build_panel(table, Columns(("y",)))
    plain = Scaler("none", ("y",), np.zeros(1), np.ones(1))
    windows = build_windows(
        build_tensors(panel, plain, CPU), whole_span(panel), ForecastRecipe(context=T, horizon=K)
    )
    index = torch.arange(2)
    assert windows.gather(index).future is None
    assert len(windows.inputs(index)) == 1


@pytest.mark.parametrize("missing", ["error", "forward", "linear", "mask"])
@pytest.mark.parametrize("decoder", ["direct", "segment"])
def test_nothing_else_of_the_horizon_reaches_a_model(missing, decoder):
    values = random_table(gaps=0.0 if missing == "error" else 0.4)
    before = windows_of(values, missing)
    flags = 3 if missing == "mask" else 0
    sizes = {"past_size": 1, "future_size": 1, "flag_size": flags}
    model = Forecaster(horizon=K, hidden=5, decoder=decoder, segment=2, **sizes).eval()
    for index in range(len(before)):
        at = torch.tensor([index])
        later = values.copy()
        later[index + T :, :2] = 7.0
        forecast = model(*before.inputs(at))
        assert torch.equal(model(*windows_of(later, missing).inputs(at)), forecast)


@pytest.mark.parametrize("missing", ["error", "linear"])
def test_a_known_column_reaches_the_steps_of_its_own_horizon_only(missing):
    values = random_table()
    at = torch.tensor([0])
    model = Forecaster(horizon=K, hidden=5, past_size=1, future_size=1).eval()
    forecast = model(*windows_of(values, missing).inputs(at))
    for row in range(T, T + K):
        moved = values.copy()
        moved[row, 2] += 1
        change = (model(*windows_of(moved, missing).inputs(at)) - forecast).abs()[0, :, 0]
        assert (change > 0).nonzero().flatten().tolist() == [row - T]
    later = values.copy()
    later[T + K :] = np.nan if missing == "linear" else 3.0
    assert torch.equal(model(*windows_of(later[: T + K + 5], missing).inputs(at)), forecast)


def test_gaps_of_a_known_column_are_carried_forward_and_not_drawn_to_what_follows():
    values = random_table()
    values[T + 1 : T + K, 2] = np.nan
    batch = windows_of(values, "linear").gather(torch.tensor([0]))
    assert batch.future[0, :, 0].tolist() == pytest.approx([values[T, 2]] * K)


def test_ridge_sees_what_is_known_of_the_horizon():
    random = np.random.default_rng(1)
    promo = random.integers(0, 2, 300).astype(float)
    values = np.stack([3 * promo, random.normal(size=300), promo], axis=1)
    windows = windows_of(values)
    ridge = fit_ridge(windows, windows)
    batch = windows.gather(torch.arange(len(windows)))
    assert (ridge(batch.context, batch.future) - batch.target).abs().max() < 1e-4


# --- a trained model -------------------------------------------------------------------------
RECIPE = """\
name: shops
data:
  path: shops.csv
  time: day
  series: shop
  target: sold
  future: [promo, price]
  calendar: [weekday]
  split: {valid: 0.2, test: 0.2}
task: {context: 10, horizon: 4}
model: {hidden: 6, layer_norm: split}
train: {epochs: 1, lr: 0.01, seed: 3}
"""


def shop_columns(random, _, rows):
    promo = random.integers(0, 2, rows)
    return {
        "sold": 5 + 2 * promo + random.normal(size=rows),
        "promo": promo,
        "price": random.normal(size=rows),
    }


def shop_frame():
    return frame_of_shops(shop_columns, a=60, b=67)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    return train_shops(tmp_path_factory.mktemp("shops"), shop_frame(), RECIPE)


@pytest.fixture(scope="module")
def best(shops):
    return shops / "run" / "best.pt"


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_forecast_with_a_table_of_the_future_is_that_of_the_window_in_the_whole_table(best):
    frame = shop_frame()
    before, future = ahead_of(frame, 4)
    forecast = predict(best, before, future=future)
    opened = open_table(best, frame)
    windows = opened.data.samples("all")
    newest = windows.samples.stop - 1
    scaler = opened.data.scaler("all").only(("sold",))
    with torch.inference_mode():
        expected = scaler.unscale(opened.model(*windows.inputs(newest)).double())
    assert forecast.values["sold"] == pytest.approx(expected.flatten().tolist(), rel=1e-6)
    assert forecast.ids["shop"] == ("a",) * 4 + ("b",) * 4
    assert forecast.timestamps == tuple(frame.groupby("shop").tail(4)["day"])


def test_rows_may_stand_in_any_order_and_others_are_not_looked_at(best):
    before, future = ahead_of(shop_frame(), 4)
    mixed = pd.concat([shop_frame().drop(columns="sold").iloc[:9], future]).iloc[::-1]
    strange = future.assign(shop="c")
    assert predict(best, before, future=pd.concat([mixed, strange])) == predict(
        best, before, future=future
    )


def test_a_longer_forecast_goes_on_block_by_block_with_what_is_known_of_each(best):
    before, future = ahead_of(shop_frame(), 8)
    whole = predict(best, before, horizon=7, future=future)
    first = future.groupby("shop").head(4)
    block = predict(best, before, future=first)
    fed = pd.concat([before, first.assign(sold=block.values["sold"])]).sort_values(["shop", "day"])
    second = predict(best, fed, future=future.groupby("shop").tail(4))
    sold = np.reshape(whole.values["sold"], (2, 7))
    np.testing.assert_allclose(sold[:, :4].ravel(), block.values["sold"], rtol=1e-6)
    expected = np.reshape(second.values["sold"], (2, 4))[:, :3]
    np.testing.assert_allclose(sold[:, 4:], expected, rtol=1e-4)


def test_a_shorter_forecast_is_the_first_part_of_the_whole_one(best):
    before, future = ahead_of(shop_frame(), 4)
    short = predict(best, before, horizon=2, future=future)
    whole = np.reshape(predict(best, before, future=future).values["sold"], (2, 4))
    assert short.values["sold"] == tuple(whole[:, :2].ravel())


def problem_of(best, future, **options):
    before, _ = ahead_of(shop_frame(), 4)
    with pytest.raises((DataError, UsageError)) as caught:
        predict(best, before, future=future, **options)
    (problem,) = caught.value.problems
    return problem


def test_what_is_not_there_is_named_by_series_time_and_column(best):
    _, future = ahead_of(shop_frame(), 4)
    assert problem_of(best, future.iloc[[0, 1, 2, 3, 4, 5, 7]]) == (
        "the table: no row for series 'b', 2024-03-06, with columns 'promo', 'price'; expected 4 "
        "rows after the newest of the table; `grucli predict --future-template FILE` writes the "
        "rows and columns to fill in"
    )
    assert "no row for series 'a', 2024-02-26 (and for 3 more steps), with" in problem_of(
        best, future[future["shop"] == "b"]
    )
    holed = future.reset_index(drop=True)
    holed.loc[5, "price"] = np.nan
    assert problem_of(best, holed) == (
        "the table, row 5: column 'price': no value at 2024-03-05 of series 'b'; expected a number "
        "for every step of the forecast; fill it in"
    )


def test_a_step_that_stands_there_twice_is_named(best):
    _, future = ahead_of(shop_frame(), 4)
    assert problem_of(best, pd.concat([future, future.iloc[:1]])) == (
        "the table, row 8: 2024-02-26 stands there twice; expected each time of a series once; "
        "remove one of the rows"
    )


def test_times_of_another_kind_are_refused(best):
    _, future = ahead_of(shop_frame(), 4)
    assert problem_of(best, future.assign(day=range(8))).startswith(
        "the table: times are a whole number; expected YYYY-MM-DD, as in the table; `grucli"
    )


def test_a_value_beyond_all_measure_is_named(best):
    _, future = ahead_of(shop_frame(), 4)
    assert problem_of(best, future.assign(price=1e300)) == (
        "the table: column 'price': 1e+300 is too large for float32 after scaling; correct the "
        "value"
    )


def test_the_table_of_the_future_is_asked_for_and_only_where_it_is_read(best, trained):
    assert problem_of(best, None) == (
        f"{best}: the model reads columns of the steps that it forecasts (data.future: promo, "
        "price); expected --future FILE; --future-template FILE writes the table to fill in"
    )
    other = trained / "run" / "best.pt"
    with pytest.raises(UsageError) as caught:
        predict(other, future=shop_frame())
    assert str(caught.value) == (
        f"--future: {other} reads no columns that are known in advance (data.future); leave it out"
    )
    with pytest.raises(UsageError, match="there is nothing to fill in"):
        Predictor(other).future_template(path="x.csv")


def test_the_other_verbs_need_no_future(best):
    assert evaluate(best).windows > 0
    assert trace(best).report.rows == 10
    names = [value.column for value in explain(best, at="2024-02-20").inputs]
    assert names == ["sold", "promo", "price", "weekday sin", "weekday cos"]
    report = report_run(best)
    assert report.missing["forecasts"].startswith(f"{best}: the model reads columns of the steps")
    assert len(report.forecasts) > 0
    with pytest.raises(
        UsageError, match=r"the steps ahead \(promo, price, weekday sin, weekday co"
    ):
        Stream(best)


@pytest.mark.parametrize("decoder", ["recursive", "segment"])
def test_every_decoder_reads_the_future_and_the_calendar(shops, tmp_path, decoder):
    overrides = [f"model.decoder={decoder}", *(["model.segment=2"] if decoder == "segment" else [])]
    finished = train(shops / "shops.yaml", overrides, run_dir=tmp_path)
    before, future = ahead_of(shop_frame(), 4)
    forecast = predict(finished.best_path, before, future=future)
    moved = predict(finished.best_path, before, future=future.assign(promo=1 - future["promo"]))
    assert np.abs(np.subtract(forecast.values["sold"], moved.values["sold"])).min() > 0
    if decoder == "recursive":
        with pytest.raises(UsageError, match="each row is read beside the next one's promo, price"):
            trace(finished.best_path)


# --- the command line ------------------------------------------------------------------------
def test_the_template_is_filled_in_and_read_back(best, tmp_path, capsys):
    empty, full = str(tmp_path / "empty.csv"), str(tmp_path / "full.csv")
    assert run(["predict", str(best), "--future-template", empty, "--horizon", "5"]) == 0
    assert capsys.readouterr().out == ""
    head, *rows = csv.reader(io.StringIO(Path(empty).read_text()))
    assert head == ["shop", "day", "promo", "price"]
    assert rows[0] == ["a", "2024-03-01", "", ""]
    assert (len(rows), rows[-1]) == (16, ["b", "2024-03-15", "", ""])
    assert run(["predict", str(best), "--future", empty]) == 3
    problem = f"{empty}:2: column 'promo': no value at 2024-03-01 of series 'a'"
    assert problem in capsys.readouterr().err
    filled = [[*row[:2], "1", "0.5"] for row in rows]
    Path(full).write_text("\n".join(map(",".join, [head, *filled])))
    assert run(["predict", str(best), "--future", full, "--horizon", "5", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["timestamps"]) == 10


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--future-template", "t.csv", "-o", "x"], "leave out --future, -o, --plot and --json"),
        (["--future-template", "t.csv", "--json"], "leave out --future, -o, --plot and --json"),
        (["-", "--future", "-"], "standard input is DATA already; expected a file"),
        (["--stream", "--future", "f.csv"], "leave out DATA, -o and all options but --threads"),
        (["--stream", "--level", "80"], "leave out DATA, -o and all options but --threads"),
        (["--stream", "--horizon", "9"], "leave out DATA, -o and all options but --threads"),
        (["--stream", "--json"], "leave out DATA, -o and all options but --threads"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(best, in_folder, capsys, options, words):
    assert run(["predict", str(best), *options]) == 2
    assert words in capsys.readouterr().err
    assert list(in_folder.iterdir()) == []


def test_the_table_of_the_future_is_not_written_over(best, tmp_path, capsys):
    table = tmp_path / "f.csv"
    table.write_text("x")
    assert run(["predict", str(best), "--future", str(table), "-o", str(table)]) == 2
    assert "is the table of the future that is read, which would be lost" in capsys.readouterr().err
    assert table.read_text() == "x"


# --- times as people write them --------------------------------------------------------------
HOURS = 30


def hourly(columns, dialect):
    """A table whose times are written in some columns, and what is read of it."""
    moments = pd.date_range("2024-03-30 00:00", periods=HOURS, freq="h")
    frame = pd.DataFrame({name: moments.strftime(form) for name, form in columns.items()})
    frame = frame.assign(y=range(HOURS), promo=0)
    text = frame.to_csv(index=False, sep=dialect.delimiter or ",")
    wanted = Wanted(list(columns), columns=("y", "promo"), dialect=dialect)
    table = parse_table(text.encode(dialect.encoding), wanted, source="f.csv")
    return build_panel(table, Columns(("y",), future=("promo",))), wanted


@pytest.mark.parametrize(
    ("columns", "dialect", "first"),
    [
        ({"t": "%Y-%m-%d %H:%M"}, Dialect(), "2024-03-31 06:00,"),
        ({"day": "%Y-%m-%d", "time": "%H:%M"}, Dialect(), "2024-03-31,06:00,"),
        ({"year": "%Y", "month": "%m", "day": "%d", "hour": "%H"}, Dialect(), "2024,3,31,6,"),
        (
            {"Tag": "%d.%m.%Y", "Zeit": "%H:%M"},
            Dialect(delimiter=";", encoding="cp1252", time_format="%d.%m.%Y %H:%M"),
            "31.03.2024;06:00;",
        ),
    ],
)
def test_a_template_writes_times_as_the_table_does_and_is_read_back(columns, dialect, first):
    panel, wanted = hourly(columns, dialect)
    ahead = Horizon(panel, np.array([0]), 2)
    content = ahead.template(wanted.times, dialect, path="f.csv").decode(dialect.encoding)
    assert content.splitlines()[1] == first
    filled = content.replace(f"{first[-1]}\n", f"{first[-1]}8\n")
    wanted = replace(wanted, columns=("promo",))
    table = parse_table(filled.encode(dialect.encoding), wanted, source="f.csv")
    assert ahead.known(table, ()).ravel().tolist() == [8, 8]


def test_times_of_a_clock_are_found_across_its_change():
    dialect = Dialect(time_zone="Europe/Berlin")
    moments = pd.date_range("2024-10-26 12:00", periods=12, freq="h").strftime("%Y-%m-%d %H:%M")
    text = "t,y,promo\n" + "".join(f"{time},{n},{n % 2}\n" for n, time in enumerate(moments))
    wanted = Wanted("t", columns=("y", "promo"), dialect=dialect)
    table = parse_table(text.encode(), wanted, source="f")
    panel = build_panel(place_in_zone(table), Columns(("y",), future=("promo",)))
    ahead = Horizon(panel, np.array([0]), 6)
    assert ahead.written[2:5] == ("2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00")
    rows = "".join(f"{time},{n}\n" for n, time in enumerate(ahead.written))
    wanted = replace(wanted, columns=("promo",))
    future = parse_table(f"t,promo\n{rows}".encode(), wanted, source="f")
    assert ahead.known(future, ()).ravel().tolist() == [0, 1, 2, 3, 4, 5]
    wrong = f"t,promo\n2024-03-31 02:30,1\n{rows}"
    with pytest.raises(DataError, match="f:2: 2024-03-31 02:30 does not exist in Europe/Berlin"):
        ahead.known(parse_table(wrong.encode(), wanted, source="f"), ())


# --- recipes ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("future: [t]", "found 't', which is the time column; expected a column of numbers"),
        ("future: [y]", "found 'y', which is a target and so an input already; remove it"),
        ("future: [a, a]", "found 'a' twice; expected each column once"),
        (
            "past: [a]\n  future: [a]",
            "found 'a', which is in data.past too; expected it in one of them",
        ),
    ],
)
@pytest.mark.usefixtures("in_folder")
def test_a_known_column_stands_in_one_list(keys, problem):
    (found,) = errors_of(BASE.replace("  target: y", f"  target: y\n  {keys}"))
    assert found.endswith(f"data.future: {problem}")
