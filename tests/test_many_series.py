"""One table of many series: read, dealt out, scaled each by its own, learned from and forecast."""

import csv
import io
import json
import re

import numpy as np
import pytest
import torch

from grucli import evaluate, predict, train
from grucli.columns import Columns
from grucli.data import (
    Scaler,
    SeriesScaler,
    build_panel,
    build_tensors,
    fit_scaler,
    measured_columns,
    parse_table,
    scaler_from_plain,
    split_panel,
    whole_span,
)
from grucli.data.readers.wanted import Wanted
from grucli.errors import CheckpointError, DataError, TrainingError, UsageError
from grucli.runs.explaining import explain
from grucli.runs.reporting import report_run
from grucli.runs.streaming import Stream
from grucli.runs.tracing import trace
from tests.conftest import grucli
from tests.recipe_texts import errors_of

SHOPS = """\
shop,item,day,sold,kind
b,1,2024-01-01,1,x
a,1,2024-01-01,10,y
b,1,2024-01-02,2,x
a,1,2024-01-02,20,y
a,1,2024-01-03,30,y
"""


def table_of(text, *texts):
    return parse_table(text.encode(), Wanted("day", columns=("sold",), texts=texts), source="f")


def panel_of(text, *, series=("shop",), texts=(), **options):
    return build_panel(
        table_of(text, *series, *texts), Columns(("sold",)), series=series, **options
    )


def faults_of(text, **options):
    with pytest.raises(DataError) as caught:
        panel_of(text, **options)
    return list(caught.value.problems)


# --- texts -----------------------------------------------------------------------------------
@pytest.mark.parametrize("text", [SHOPS, SHOPS.replace("b,", '"b",', 1)], ids=["fast", "strict"])
def test_texts_are_counted_in_the_order_in_which_they_appear(text):
    shop, kind = table_of(text, "shop", "kind").texts
    assert (shop.name, shop.words, shop.codes.tolist()) == ("shop", ("b", "a"), [0, 1, 0, 1, 1])
    assert (kind.words, kind.codes.tolist()) == (("x", "y"), [0, 1, 0, 1, 1])


@pytest.mark.parametrize("word", ["007", "NA", "nan", "1e5", "a b", "ü", "True"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_texts_stay_as_they_are_written(word, quote):
    (column,) = table_of(f"shop,day,sold\n{quote}{word}{quote},1,2\n", "shop").texts
    assert column.words == (word,)


def test_blanks_around_a_text_are_no_part_of_it():
    (column,) = table_of("shop,day,sold\n a ,1,2\na,2,2\n", "shop").texts
    assert (column.words, column.codes.tolist()) == (("a",), [0, 0])


def test_a_row_without_a_text_is_named():
    with pytest.raises(DataError, match="f:3: column 'shop': no text; expected one in every row"):
        table_of("shop,day,sold\na,1,2\n,2,2\n", "shop")


def test_texts_of_many_blocks_share_one_vocabulary(monkeypatch):
    monkeypatch.setattr("grucli.data.readers.csv_fast.BLOCK_BYTES", 40)
    shop = table_of(SHOPS, "shop").texts[0]
    assert (shop.words, shop.codes.tolist()) == (("b", "a"), [0, 1, 0, 1, 1])


# --- rows dealt out --------------------------------------------------------------------------
def test_series_keep_the_order_of_their_first_rows_wherever_the_others_stand():
    panel = panel_of(SHOPS, texts=("kind",))
    assert (panel.ids, panel.bounds.tolist()) == (("b", "a"), [0, 2, 5])
    assert panel.values[:, 0].tolist() == [1, 2, 10, 20, 30]
    assert panel.texts == {"shop": ("b", "a"), "kind": ("x", "y")}
    assert panel.notes == ("2 series of 2 to 3 rows",)


def test_two_columns_name_a_series_together():
    rows = "p,1,1,5,x\nq,1,1,6,x\np,2,1,7,x\np,1,2,8,x\nq,1,2,9,x\np,2,2,9,x\n"
    panel = panel_of("shop,item,day,sold,kind\n" + rows, series=("shop", "item"))
    assert panel.ids == ("p, 1", "q, 1", "p, 2")
    assert panel.values[:, 0].tolist() == [5, 8, 6, 9, 7, 9]


def test_a_series_of_one_row_goes_with_the_others():
    panel = panel_of(SHOPS + "c,1,2024-01-09,5,x\n")
    assert (panel.ids, panel.bounds.tolist()) == (("b", "a", "c"), [0, 2, 5, 6])


def test_series_of_one_row_each_show_no_frequency():
    (fault,) = faults_of("shop,day,sold\na,1,2\nb,1,2\n")
    assert fault.startswith("f: 2 series of one row each; expected one of at least 2 rows")


def test_faults_of_all_series_are_named_with_their_lines():
    rows = ["a,1,5", "b,1,5", "a,2,6", "b,2,", "a,4,6", "b,3,6", "a,4,7", "c,1,1", "c,2,1", "c,3,1"]
    faults = faults_of("shop,day,sold\n" + "\n".join(rows) + "\n")
    assert [fault.partition(";")[0] for fault in faults] == [
        "f:8: column 'day': 4 stands on line 6 too",
        "f:5: column 'sold': a missing value",
    ]


def test_gaps_are_filled_within_a_series_only():
    rows = ["a,1,5", "b,1,50", "a,2,", "b,3,70", "a,3,7"]
    text = "shop,day,sold\n" + "\n".join(rows) + "\n"
    panel = panel_of(text, missing="forward")
    assert panel.values[:, 0].tolist() == [5, 5, 7, 50, 50, 70]
    assert panel.notes[1:] == (
        "a: 1 missing value filled (forward)",
        "b: 1 absent row in 1 gap counted as missing",
        "b: 1 missing value filled (forward)",
    )


def test_a_series_of_another_frequency_is_named():
    rows = "".join(f"a,{day},1\n" for day in range(9)) + "b,0,1\nb,7,1\nb,14,1\n"
    (fault,) = faults_of("shop,day,sold\n" + rows, missing="forward")
    assert fault == (
        "f:11: rows of series 'b' are numbered in steps of 7, others numbered one by one; "
        "expected one frequency; resample the series"
    )


def test_a_series_without_a_value_in_a_column_is_named():
    (fault,) = faults_of("shop,day,sold\na,1,1\na,2,1\nb,1,\nb,2,\n", missing="forward")
    assert fault.startswith("f:4: series 'b': column 'sold': no value at all")


def test_a_text_that_changes_within_a_series_is_named():
    (fault,) = faults_of(SHOPS.replace("30,y", "30,x"), texts=("kind",))
    assert fault == (
        "f:6: column 'kind': 'x' in series 'a', which has 'y' on line 3; expected one text in all "
        "rows of a series; correct it"
    )


# --- scales ----------------------------------------------------------------------------------
LEVELS = "shop,day,sold\n" + "".join(
    f"{shop},{day},{level * (day % 3 + 1)}\n"
    for shop, level in (("big", 1000), ("small", 1), ("flat", 0))
    for day in range(9)
)


def scaler_of(panel, *, by="shop"):
    train = split_panel(panel, train=None, valid=2, test=2).train
    whole = fit_scaler("standard", measured_columns(panel, train), panel.columns.values)
    return SeriesScaler.fit(whole, panel, train, (by,))


def test_each_series_is_scaled_by_its_own_training_rows():
    panel = panel_of(LEVELS)
    own = scaler_of(panel).of(panel, whole_span(panel))
    scaled = build_tensors(panel, own, torch.device("cpu")).scaled[:, 0]
    torch.testing.assert_close(scaled[:5], scaled[9:14])
    values = np.array([1000.0, 2000, 3000, 1000, 2000])
    np.testing.assert_allclose(scaled[:5], (values - values.mean()) / values.std(), rtol=1e-6)


def test_a_constant_series_takes_its_level_and_the_spread_of_all():
    scaler = scaler_of(panel_of(LEVELS))
    assert scaler.center[2].tolist() == [0.0]
    assert scaler.spread[2].tolist() == scaler.whole.spread.tolist()


def test_a_series_that_was_not_trained_on_is_scaled_by_its_own_history():
    scaler = scaler_of(panel_of(LEVELS))
    other = panel_of("shop,day,sold\nbig,20,7\nbig,21,9\nnew,3,7\nnew,4,9\n")
    own = scaler.of(other, whole_span(other))
    assert own.center[0] == scaler.center[0]
    assert (own.center[1].tolist(), own.spread[1].tolist()) == ([8.0], [1.0])
    back = own.at(np.array([[0], [1]])).unscale(torch.zeros(2, 3, 1).double())
    assert back[:, 0, 0].tolist() == [scaler.center[0, 0], 8.0]


def test_a_series_without_a_row_in_the_training_span_is_not_among_those_trained_on():
    panel = panel_of(LEVELS + "".join(f"late,{day},5\n" for day in range(7, 16)))
    train = split_panel(panel, train=None, valid="7", test="8").train
    whole = fit_scaler("standard", measured_columns(panel, train), panel.columns.values)
    scaler = SeriesScaler.fit(whole, panel, train, ("shop",))
    assert scaler.names == (("big",), ("small",), ("flat",))
    assert len(scaler.center) == 3


def test_a_scaler_by_series_survives_a_checkpoint_and_a_changed_one_is_refused():
    scaler = scaler_of(panel_of(LEVELS))
    plain = scaler.to_plain()
    again = scaler_from_plain(plain)
    assert again.names == (("big",), ("small",), ("flat",))
    assert again.spread.tobytes() == scaler.spread.tobytes()
    plain["by_series"]["spread"] = scaler.spread * 0
    with pytest.raises(CheckpointError, match=r"by_series.*the file was changed"):
        scaler_from_plain(plain)


def test_one_scaler_is_that_of_every_series():
    scaler = Scaler("none", ("sold",), np.zeros(1), np.ones(1))
    panel = panel_of(LEVELS)
    assert scaler.of(panel, whole_span(panel)).at(np.array([0, 2])) is scaler


# --- recipes ---------------------------------------------------------------------------------
DATA = """\
name: a
data:
  path: x.csv
  time: t
  target: y
  {}
task: {{context: 10, horizon: 2}}
"""


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("series: t", "data.series: found 't', which is the time column"),
        ("series: [id, y]", "data.series: found 'y', which is a target"),
        ("series: [id, id]", "data.series: found 'id' twice"),
        ("scale_by: series", "data.scale_by: found series without data.series"),
        ("{series: id, scale_by: series, scale: none}", "data.scale_by: found series with scale"),
    ],
)
def test_series_that_make_no_sense_are_refused_at_their_line(line, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = line.strip("{}").replace(", scale", "\n  scale")
    (error,) = errors_of(DATA.format(lines))
    assert what in error
    assert error.startswith(f"r.yaml:{7 if 'scale:' in lines else 6}:")


# --- from a table to forecasts ---------------------------------------------------------------
MANY = """\
name: shops
data:
  path: shops.csv
  time: day
  series: [shop, item]
  target: sold
  scale_by: {}
  split: {{valid: 6, test: 6}}
task: {{context: 8, horizon: 3, normalise: last}}
model: {{hidden: 6}}
train: {{lr: 1.0e-2, epochs: 2, seed: 0}}
"""


def shop_rows(lengths, *, names="zyxwv"):
    """Rows of shops, day by day so that series are interleaved."""
    rows = [
        (day, f"{names[place]},1,{day},{100**place * (3 + np.sin(day + place)):.4f}")
        for place, length in enumerate(lengths)
        for day in range(length)
    ]
    return ["shop,item,day,sold", *(row for _, row in sorted(rows, key=lambda pair: pair[0]))]


@pytest.fixture(scope="module", params=["table", "series"])
def shops(request, tmp_path_factory):
    """A folder with a finished run over three shops, of which one is too short to train on."""
    place = tmp_path_factory.mktemp("shops")
    (place / "shops.csv").write_text("\n".join(shop_rows((60, 40, 16))) + "\n")
    (place / "shops.yaml").write_text(MANY.format(request.param))
    train(place / "shops.yaml", run_dir=place / "run")
    return place


def test_a_forecast_names_its_series_first_and_keeps_their_order(shops):
    done = grucli("predict", shops / "run/best.pt")
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert header == ["shop", "item", "day", "sold"]
    assert [row[:3] for row in rows] == [
        [name, "1", str(last + step)]
        for name, last in (("z", 60), ("y", 40), ("x", 16))
        for step in range(3)
    ]


def test_the_forecast_of_a_series_does_not_depend_on_the_others(shops):
    together = predict(shops / "run/best.pt").values["sold"]
    rows = shop_rows((60, 40, 16))
    (shops / "y.csv").write_text("\n".join([rows[0], *(r for r in rows if r[0] == "y")]) + "\n")
    alone = predict(shops / "run/best.pt", str(shops / "y.csv")).values["sold"]
    np.testing.assert_allclose(alone, together[3:6], rtol=1e-5)


def test_series_that_were_not_trained_on_are_forecast_near_their_own_level(shops):
    (shops / "new.csv").write_text("\n".join(shop_rows((30, 30), names="nm")) + "\n")
    forecast = predict(shops / "run/best.pt", str(shops / "new.csv"))
    assert forecast.ids["shop"] == ("n", "n", "n", "m", "m", "m")
    if "scale_by: series" in (shops / "shops.yaml").read_text():
        low, high = np.split(np.array(forecast.values["sold"]), 2)
        assert 1 < low.mean() < 6
        assert 100 < high.mean() < 600


def test_series_with_too_few_rows_are_left_out_and_counted(shops):
    (shops / "short.csv").write_text("\n".join(shop_rows((30, 7))) + "\n")
    done = grucli("predict", shops / "run/best.pt", shops / "short.csv")
    assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == ["z", "z", "z"]
    note = "note: 1 of 2 series have fewer than 8 rows (task.context) and were left out\n"
    assert done.stderr == "note: 2 series of 7 to 30 rows\n" + note
    assert grucli("predict", "--quiet", shops / "run/best.pt", shops / "short.csv").stderr == ""


def test_a_table_of_short_series_only_is_refused(shops):
    (shops / "none.csv").write_text("\n".join(shop_rows((7, 5))) + "\n")
    with pytest.raises(DataError, match="csv: 7 rows of history in the longest series"):
        predict(shops / "run/best.pt", str(shops / "none.csv"))


def test_scores_are_those_of_the_windows_of_all_series(shops):
    scores = evaluate(shops / "run/best.pt")
    assert (scores.windows, scores.values) == (3 * 4, 3 * 4 * 3)
    table = evaluate(shops / "run/best.pt", str(shops / "shops.csv"), split="all")
    assert table.windows == 50 + 30 + 6


def test_scaled_errors_are_in_the_units_of_each_series(shops):
    checkpoint = torch.load(shops / "run/best.pt", weights_only=True)
    scores = evaluate(shops / "run/best.pt")
    if "by_series" in checkpoint["scaler"]:
        assert checkpoint["scaler"]["by_series"]["names"] == [["z", "1"], ["y", "1"], ["x", "1"]]
        assert 1e-2 < scores.baselines["naive"].scaled_mse < 10
    else:
        spread = checkpoint["scaler"]["spread"][0]
        naive = scores.baselines["naive"]
        assert naive.scaled_mse == pytest.approx(naive.mse / spread**2)


def test_streaming_many_series_is_refused(shops):
    with pytest.raises(
        UsageError, match=r"--stream carries the state of one series on.*shop, item"
    ):
        Stream(shops / "run/best.pt")


def test_what_happens_inside_is_shown_of_the_first_series(shops):
    traced = trace(shops / "run/best.pt")
    assert traced.report.table.endswith("shops.csv, series z, 1")
    assert (traced.report.first, traced.report.last) == ("52", "59")
    shown = explain(shops / "run/best.pt", at="59")
    assert shown.series == "z, 1"
    done = grucli("explain", shops / "run/best.pt", "--at", "59")
    assert "8 rows of series z, 1 up to 59" in " ".join(done.stdout.split())


def test_a_report_draws_series_by_name(shops):
    report = report_run(shops / "run")
    assert report.missing == {}
    beyond = [example for example in report.forecasts if not example.truth]
    assert [example.series for example in beyond] == ["z, 1", "y, 1", "x, 1"]
    assert beyond[1].times[0] == "32"
    assert beyond[1].times[-1] == "42"


def test_json_names_the_series_of_every_row(shops):
    told = json.loads(grucli("predict", shops / "run/best.pt", "--json").stdout)
    assert told["ids"]["shop"] == ["z"] * 3 + ["y"] * 3 + ["x"] * 3


def spoilt_at(day, folder):
    """What training says of a table of two series with an extreme value on a day of the second."""
    days = [f"2024-02-{day:02}" for day in range(1, 29)]
    rows = [f"{shop},{day},{place}" for shop in "ab" for place, day in enumerate(days)]
    rows[28 + days.index(day)] = f"b,{day},1e25"
    (folder / "two.csv").write_text("\n".join(["shop,day,sold", *rows]))
    (folder / "two.yaml").write_text(
        "data: {path: two.csv, time: day, series: shop, target: sold, scale: none, "
        "split: {valid: 5, test: 5}}\ntask: {context: 3, horizon: 1}\n"
        "model: {hidden: 2}\ntrain: {batch_size: 1, epochs: 1, average: ema}\nname: two\n"
    )
    with pytest.raises(TrainingError) as caught:
        train(folder / "two.yaml", run_dir=folder / "run", threads=1)
    return str(caught.value)


def test_a_loss_that_is_not_finite_names_series_times_and_columns(tmp_path):
    found = re.search(
        r"; its batch is from series b, (2024-02-\d\d) to (2024-02-\d\d), its largest scaled "
        r"values: sold 1e\+25; the weights were left",
        spoilt_at("2024-02-06", tmp_path),
    )
    assert found
    assert found[1] <= "2024-02-06" <= found[2]


def test_a_validation_loss_that_is_not_finite_names_the_first_window_of_it(tmp_path):
    assert spoilt_at("2024-02-21", tmp_path) == (
        "epoch 1: the validation loss is inf; expected a number; its batch is from series b, "
        "2024-02-18 to 2024-02-21, its largest scaled values: sold 1e+25; look for extreme values "
        "there, or try a smaller train.lr"
    )
