"""Columns of texts as categories: found, learned as vectors, kept, and known again."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from grucli import evaluate, inspect_weights, predict, train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.columns import Columns, vector_size
from grucli.data import (
    Classes,
    Span,
    build_panel,
    check_texts,
    fit_vocabularies,
    number_texts,
    parse_table,
    read_frame,
    read_table,
)
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.dialect import Dialect
from grucli.errors import DataError
from grucli.nn import Forecaster, SequenceModel
from grucli.recipe import load_recipe
from grucli.runs.explaining import explain
from grucli.runs.opened import open_table
from grucli.runs.streaming import Stream
from grucli.runs.tables import read_panel
from grucli.runs.tracing import trace
from grucli.tasks.forecast.ridge import fit_ridge
from tests.recipe_texts import BASE, errors_of

PLAIN = Dialect()
WIND = "t,y,wind,promo\n1,1,NW,\n2,2,,tv\n3,3,NA,tv\n4,4,SE,flyer\n"


def read(text, *, known=None, **options):
    """A table with its texts as numbers, and these texts."""
    wanted = {"time": "t", "columns": ("y", "wind", "promo"), "undecided": ("wind", "promo")}
    table = parse_table(text.encode(), source="f", **(wanted | options))
    return number_texts(table, wanted["columns"], known or {}, options.get("dialect", PLAIN))


# --- reading ---------------------------------------------------------------------------------
def test_a_column_whose_first_cell_is_a_text_is_numbered_by_its_texts():
    table = read(WIND)
    assert table.values.tolist() == [[1, 1, 0], [2, 0, 1], [3, 0, 1], [4, 2, 2]]
    assert table.categories == {"wind": ("", "NW", "SE"), "promo": ("", "tv", "flyer")}
    assert table.texts == ()


def test_texts_that_are_known_keep_their_numbers():
    table = read(WIND, known={"wind": ("", "SE", "N")})
    assert table.values[:, 1].tolist() == [3, 0, 0, 1]
    assert table.categories["wind"] == ("", "SE", "N", "NW")


def test_both_ways_to_read_a_csv_give_the_same_texts():
    asked = {"time": ("t",), "columns": ("y",), "texts": ("wind",), "sparse": ("wind",)}
    source = Source("f", WIND.encode())
    fast, strict = (how(source, **asked, dialect=PLAIN) for how in (read_fast, read_strict))
    for table in (fast, strict):
        assert [table.texts[0].words[code] for code in table.texts[0].codes] == [
            *("NW", "", "NA", "SE")
        ]
    quoted = read(WIND.replace("NW", '"NW"').replace("SE", " SE"))
    assert quoted.values.tolist() == read(WIND).values.tolist()


def held(kind, tmp_path):
    """The same table as another kind of thing."""
    frame = pd.read_csv(io.StringIO(WIND), keep_default_na=False)
    frame = frame.replace({"": None, "NA": None})
    if kind == "categorical":
        return frame.astype({"wind": "category"})
    if kind == "polars":
        return pl.from_pandas(frame).with_columns(pl.col("wind").cast(pl.Categorical))
    if kind == "pyarrow":
        table = pa.Table.from_pandas(frame)
        return table.set_column(2, "wind", table["wind"].dictionary_encode())
    if kind == "parquet":
        path = tmp_path / "f.parquet"
        frame.to_parquet(path)
        return str(path)
    return frame


@pytest.mark.parametrize("kind", ["pandas", "categorical", "polars", "pyarrow", "parquet"])
def test_frames_and_parquet_files_give_the_same(tmp_path, kind):
    asked = {"time": "t", "columns": ("y", "wind", "promo"), "undecided": ("wind", "promo")}
    table = held(kind, tmp_path)
    read_it = read_table if isinstance(table, str) else read_frame
    options = {} if isinstance(table, str) else {"source": "f"}
    found = read_it(table, **asked, **options, dialect=PLAIN)
    numbered = number_texts(found, asked["columns"], {}, PLAIN)
    assert numbered.values.tolist() == read(WIND).values.tolist()


def test_truth_values_of_a_frame_are_the_texts_that_a_file_would_have():
    frame = pd.DataFrame({"t": [1, 2, 3], "y": [1.0, 2, 3], "promo": [True, False, True]})
    asked = {"time": "t", "columns": ("y", "promo"), "undecided": ("promo",)}
    table = number_texts(read_frame(frame, source="f", **asked, dialect=PLAIN), *NAMED)
    assert table.categories == {"promo": ("", "True", "False")}


NAMED = (("y", "promo"), {}, PLAIN)


def test_a_number_is_the_same_name_in_a_file_and_in_a_frame_with_gaps():
    frame = pd.DataFrame({"t": [1, 2, 3], "y": [1.0, 2, 3], "promo": [3, None, 7]})
    asked = {"time": "t", "columns": ("y",), "texts": ("promo",), "sparse": ("promo",)}
    table = number_texts(read_frame(frame, source="f", **asked, dialect=PLAIN), *NAMED)
    assert table.categories == {"promo": ("", "3", "7")}
    assert Classes(("", "3", "7"), PLAIN).class_of("7.00") == 2


def test_several_files_number_their_texts_as_one(tmp_path):
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text(WIND)
    second.write_text("t,y,wind,promo\n5,5,SE,\n6,6,N,9\n")
    asked = {"time": "t", "columns": ("y", "wind", "promo"), "undecided": ("wind", "promo")}
    table = read_table([str(first), str(second)], **asked)
    numbered = number_texts(table, asked["columns"], {}, PLAIN)
    assert numbered.values[:, 1].tolist() == [1, 0, 0, 2, 2, 3]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ("ERR|5", "f:2: column 'wind': 'ERR' is not a number; expected one such as 12.5 or -3e-2, "
         'or an empty cell; leave the cell empty if there is no value, or set '
         'data.read.missing_values: ["ERR"]; or name it in data.categories, where all its cells '
         "are names"),
        ("5|ERR", "f:3: column 'wind': 'ERR' is not a number; expected one such as 12.5"),
        ("1e999|2", "f:2: column 'wind': '1e999' is beyond the range of a float64; expected"),
        ("12,5|13,5", "f:2: column 'wind': '12,5' is not a number; expected one such as 12.5 or "
         "-3e-2, or an empty cell; write a decimal point, or set data.read.decimal: \",\""),
    ],
)  # fmt: skip
def test_a_column_of_numbers_with_something_else_in_it_is_refused_as_ever(cells, problem):
    first, second = cells.split("|")
    text = f't;y;wind\n1;1;"{first}"\n2;2;"{second}"\n'
    dialect = Dialect(delimiter=";")
    asked = {"time": "t", "columns": ("y", "wind"), "undecided": ("wind",), "dialect": dialect}

    def read_and_check():
        check_texts(parse_table(text.encode(), source="f", **asked), ("wind",), dialect)

    with pytest.raises(DataError) as caught:
        read_and_check()
    assert str(caught.value).startswith(problem)


# --- what is learned of the training span ----------------------------------------------------
COLUMNS = Columns(("y",), past=("wind",), future=("promo",), categories=("wind", "promo"))
POLICIES = ("forward", "unknown", "unknown")


def panel_of(text, missing=POLICIES):
    table = read(text)
    panel = build_panel(table, COLUMNS, missing=missing)
    return panel, table.categories


def test_a_vocabulary_holds_the_texts_of_the_training_span_only():
    table = read(WIND)
    panel = build_panel(table, COLUMNS, missing=POLICIES)
    panel.__dict__["categories"] = table.categories
    rows = Span(np.array([0]), np.array([3]))
    assert fit_vocabularies(panel, rows) == {"wind": ("", "NW"), "promo": ("", "tv")}


def test_an_absent_row_has_no_text_and_counts_as_measured():
    panel, _ = panel_of(WIND.replace("3,3,NA,tv\n", ""))
    assert panel.values.tolist() == [[1, 1, 0], [2, 0, 1], [2, 0, 0], [4, 2, 2]]
    assert panel.observed[2].tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("wind", "what"),
    [
        (["NW"] * 30, "always 'NW' in the 30 rows of the training span; expected a column that"),
        ([""] * 29 + ["NW"], "no text in the 24 rows of the training span; expected a column that"),
        ([f"w{n}" for n in range(30)], "another text in each of the 30 rows of the training span"),
    ],
)
def test_a_column_that_says_nothing_is_refused(wind, what):
    text = "t,y,wind,promo\n" + "".join(
        f"{n},{n},{name},{'ab'[n % 2]}\n" for n, name in enumerate(wind)
    )
    table = read(text.replace("w", "w"), undecided=("promo",), texts=("wind",), sparse=("wind",),
                 columns=("y", "promo"))  # fmt: skip
    panel = build_panel(table, COLUMNS, missing=POLICIES)
    panel.__dict__["categories"] = table.categories
    stop = 24 if wind[0] == "" else 30
    with pytest.raises(DataError, match=f"^column 'wind': {what}"):
        fit_vocabularies(panel, Span(np.array([0]), np.array([stop])))


# --- vectors ---------------------------------------------------------------------------------
def test_the_size_of_a_vector_is_half_the_classes_and_at_most_fifty():
    assert [vector_size(texts) for texts in (1, 2, 4, 7, 98, 10_000)] == [1, 2, 3, 4, 50, 50]


ROW = {"past_size": 2, "future_size": 2, "static_size": 1, "flag_size": 2}


def model_of(decoder="direct", **options):
    """Rows are y, rain, wind, price, promo, region and two flags."""
    torch.manual_seed(0)
    sizes = ROW | options
    return Forecaster(
        horizon=3, hidden=5, decoder=decoder, segment=2, categories={2: 4, 4: 3, 5: 2}, **sizes
    ).eval()


def contexts(batch=2, steps=4):
    torch.manual_seed(1)
    context = torch.randn(batch, steps, 8)
    context[..., 2] = torch.randint(0, 5, (batch, steps)).float()
    context[..., 4] = torch.randint(0, 4, (batch, steps)).float()
    context[..., 5] = 2.0
    context[..., 6:] = 1.0
    future = torch.randn(batch, 3, 2)
    future[..., 1] = torch.randint(0, 4, (batch, 3)).float()
    return context, future


def test_a_model_reads_the_vector_of_each_class_in_its_place():
    model, (context, future) = model_of(normalise="mean_std"), contexts()
    wide, ahead = model.categories(context, future)
    wind, promo, region = model.categories.vectors
    for rows, place, table, found in (
        (context, 2, wind, wide[..., 7:10]),
        (context, 4, promo, wide[..., 3:5]),
        (context, 5, region, wide[..., 5:7]),
        (future, 1, promo, ahead[..., 1:3]),
    ):
        known = rows[..., place] > 0
        torch.testing.assert_close(found[known], table[rows[..., place].long()][known])
        torch.testing.assert_close(found[~known], table[1:].mean(dim=0).expand_as(found[~known]))
    assert torch.equal(wide[..., :3], context[..., [0, 1, 3]])
    assert torch.equal(wide[..., 10:], context[..., 6:])


def test_vectors_of_the_past_are_not_normalised_with_what_is_measured():
    model, (context, _) = model_of(normalise="mean_std"), contexts()
    reads = model.normalised(context)
    torch.testing.assert_close(reads[..., 7:10], model.categories.read(context)[..., 7:10])
    assert not torch.equal(reads[..., :2], context[..., :2])


def test_names_of_inputs_stand_in_the_order_of_the_model():
    columns = Columns(
        ("y",), ("rain", "wind"), ("price", "promo"), (), ("region",), ("y", "rain"),
        ("wind", "promo", "region"),
    )  # fmt: skip
    texts = {"wind": 4, "promo": 3, "region": 2}
    assert columns.input_names(texts) == (
        *("y", "rain", "price", "promo[0]", "promo[1]", "region[0]", "region[1]"),
        *("wind[0]", "wind[1]", "wind[2]", "y measured", "rain measured"),
    )
    assert len(columns.input_names(texts)) == model_of().recurrent.input_size


@pytest.mark.parametrize("decoder", ["direct", "segment", "recursive"])
def test_a_text_known_in_advance_reaches_the_steps_of_its_horizon(decoder):
    options = {"past_size": 0, "categories": {2: 3, 3: 2}} if decoder == "recursive" else {}
    context, future = contexts()
    if options:
        torch.manual_seed(0)
        sizes = ROW | {"past_size": 0}
        model = Forecaster(
            horizon=3, hidden=5, decoder=decoder, categories={2: 3, 3: 2}, **sizes
        ).eval()
        context = context[..., [0, 3, 4, 5, 6, 7]]
    else:
        model = model_of(decoder)
    before = model(context, future)
    moved = future.clone()
    moved[:, 1, 1] = (moved[:, 1, 1] + 1) % 4
    change = (model(context, moved) - before).abs().sum(dim=(0, 2)) > 0
    assert (
        change.tolist()
        == {
            "direct": [False, True, False],
            "segment": [True, True, False],
            "recursive": [False, True, True],
        }[decoder]
    )


def test_independent_channels_share_the_vectors():
    model = model_of(target_size=2, past_size=0, static_size=2, flag_size=0, channels="independent")
    context, future = contexts()
    context = torch.cat([context[..., :1], context[..., [0, 3, 4, 5, 5]]], dim=-1)
    context[..., 3], context[..., 2] = 1.0, 2.0
    model = Forecaster(
        target_size=2, future_size=2, static_size=2, horizon=3, channels="independent",
        categories={3: 1, 5: 2},
    ).eval()  # fmt: skip
    future[..., 1] = 1.0
    both = model(context, future)
    swapped = model(context[..., [1, 0, 2, 3, 4, 5]], future)
    torch.testing.assert_close(both, swapped.flip(-1))


def test_a_text_never_seen_is_read_as_the_mean_and_its_vector_learns_only_where_it_stands():
    model, (context, future) = model_of(), contexts()
    context[..., 2] = 1.0
    future[..., 1] = context[..., 4] = 1.0
    model(context, future).square().sum().backward()
    wind, promo, _ = model.categories.vectors
    assert wind.grad[0].abs().sum() == promo.grad[0].abs().sum() == 0
    assert wind.grad[1].abs().sum() > 0
    context[0, 0, 2] = 0.0
    model.zero_grad()
    model(context, future).square().sum().backward()
    assert wind.grad[0].abs().sum() > 0


def test_a_classifier_reads_vectors_too():
    model = SequenceModel(3, 2, flag_size=1, categories={1: 2}).eval()
    rows = torch.tensor([[[0.5, 2.0, 1.0], [0.1, 1.0, 1.0]]])
    vectors = model.categories.vectors[0].detach()
    expected = [[0.5, *vectors[2].tolist(), 1.0], [0.1, *vectors[1].tolist(), 1.0]]
    torch.testing.assert_close(model.categories.read(rows)[0], torch.tensor(expected))
    assert model(rows, torch.tensor([2])).shape == (1, 2)


@pytest.mark.parametrize("places", [{0: 2}, {6: 2}, {1: 0}])
def test_places_without_a_covariate_are_refused(places):
    with pytest.raises(ValueError, match=r"^categories: "):
        Forecaster(past_size=2, future_size=2, static_size=1, categories=places)


def test_a_model_without_categories_draws_what_it_always_drew():
    names = [name for name, _ in Forecaster(past_size=2).named_parameters()]
    assert names[0].startswith("recurrent.")


# --- a trained model -------------------------------------------------------------------------
RECIPE = """\
name: shops
data:
  path: shops.csv
  time: day
  series: shop
  target: sold
  past: [wind]
  future: [promo, price]
  static: [region]
  calendar: [weekday]
  missing: mask
  split: {valid: 0.2, test: 0.2}
task: {context: 10, horizon: 4}
model: {hidden: 6, layer_norm: split}
train: {epochs: 2, lr: 0.02, seed: 3, batch_size: 16}
"""


def shop_frame(rows=50):
    random = np.random.default_rng(2)
    parts = []
    for shop, region in (("a", "north"), ("b", "south"), ("c", "north")):
        promo = random.choice(["none", "flyer", "tv"], rows)
        parts.append(
            pd.DataFrame(
                {
                    "shop": shop,
                    "day": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
                    "sold": 5 + 3 * (promo == "tv") + random.normal(size=rows),
                    "wind": random.choice(["N", "S", None], rows),
                    "promo": promo,
                    "price": random.normal(size=rows),
                    "region": region,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    place = tmp_path_factory.mktemp("shops")
    shop_frame().to_csv(place / "shops.csv", index=False)
    (place / "shops.yaml").write_text(RECIPE)
    train(place / "shops.yaml", run_dir=place / "run")
    return place


@pytest.fixture(scope="module")
def best(shops):
    return shops / "run" / "best.pt"


def ahead_of(frame, steps=4):
    """What comes before the last rows of every series, and what is known of these."""
    tail = frame.groupby("shop").tail(steps)
    return frame.drop(tail.index), tail.drop(columns="sold")


def test_the_texts_of_the_training_span_are_kept_and_the_recipe_says_what_was_found(best, shops):
    saved = load_checkpoint(best)
    assert saved.recipe["data"]["categories"] == ["wind", "promo", "region"]
    assert saved.scaler["vocabularies"] == {
        "wind": ["N", "S"] if shop_frame()["wind"].dropna().iloc[0] == "N" else ["S", "N"],
        "promo": list(dict.fromkeys(shop_frame()["promo"])),
        "region": ["north", "south"],
    }
    assert "categories: [wind, promo, region]" in (shops / "run" / "recipe.yaml").read_text()
    assert load_recipe(shops / "shops.yaml").data.categories is None


def test_a_forecast_is_that_of_the_window_in_the_whole_table_whatever_the_order_of_texts(best):
    frame = shop_frame()
    before, future = ahead_of(frame)
    forecast = predict(best, before.iloc[::-1].iloc[::-1], future=future.iloc[::-1])
    opened = open_table(best, frame.drop(index=range(7)))
    windows = opened.data.samples("all")
    scaler = opened.data.scaler("all").only(("sold",))
    with torch.inference_mode():
        expected = opened.model(*windows.inputs(windows.samples.stop - 1))
    found = scaler.unscale(expected.double()).flatten().tolist()
    assert forecast.values["sold"] == pytest.approx(found, rel=1e-5)


def test_texts_that_were_not_seen_are_counted_in_one_note_and_read_as_unknown(best):
    before, future = ahead_of(shop_frame())
    strange = before.assign(wind=before["wind"].replace("N", "NNE"))
    forecast = predict(best, strange, future=future.assign(promo="zeppelin"))
    assert [note for note in forecast.notes if "not seen" in note] == [
        f"not seen in training, read as unknown: {(before['wind'] == 'N').sum()} values of column "
        "'wind' ('NNE')",
        "the table: not seen in training, read as unknown: 12 values of column 'promo' "
        "('zeppelin')",
    ]
    gone = before.assign(wind=before["wind"].replace("N", None))
    same = predict(best, gone, future=future.assign(promo=None))
    assert same.values == forecast.values
    assert not [note for note in same.notes if "not seen" in note]


def test_every_text_matters(best):
    before, future = ahead_of(shop_frame())
    forecast = np.array(predict(best, before, future=future).values["sold"])
    for moved, ahead in (
        (before.assign(wind="S"), future),
        (before, future.assign(promo="tv")),
        (before.assign(region=before["region"].map({"north": "south", "south": "north"})), future),
    ):
        found = predict(best, moved, future=ahead).values["sold"]
        assert np.abs(forecast - found).max() > 1e-6


def test_the_template_has_a_place_for_each_text(best, tmp_path, capsys):
    empty, full = str(tmp_path / "empty.csv"), str(tmp_path / "full.csv")
    assert run(["predict", str(best), "--future-template", empty]) == 0
    rows = pd.read_csv(empty)
    assert list(rows.columns) == ["shop", "day", "promo", "price"]
    rows.assign(promo="airship", price=1).to_csv(full, index=False)
    assert run(["predict", str(best), "--future", full, "--json"]) == 0
    captured = capsys.readouterr()
    sentence = "12 values of column 'promo' ('airship')"
    assert sentence in captured.err
    assert any(sentence in note for note in json.loads(captured.out)["notes"])


def test_the_other_verbs_read_categories_and_name_them(best):
    assert evaluate(best).windows > 0
    assert trace(best).report.rows == 10
    names = [value.column for value in explain(best, at="2024-02-15").inputs]
    wind = shop_frame()["wind"][45] or "unknown"
    assert f"wind={wind}[0]" in names
    assert names[-2:] == ["sold measured", "price measured"]
    report = inspect_weights(best)
    assert report.inputs[:4] == ("sold", "promo[0]", "promo[1]", "price")
    assert report.categories["promo"] == "categories.vectors.1"
    assert report.other_tensors["categories.vectors.1"] == (4, 2)


def test_ridge_sees_a_column_for_each_text(best):
    windows = open_table(best, judged="test").data.exact_samples("train")
    ridge = fit_ridge(windows, windows)
    batch = windows.gather(torch.arange(5))
    moved = batch.future.clone()
    first = list(dict.fromkeys(shop_frame()["promo"])).index("tv") + 1
    moved[..., 0] = first
    features = ridge.features.of(batch.context, moved)
    if ridge.features.joint:
        assert features.unique().numel() > 2
        assert (ridge(batch.context, moved) - ridge(batch.context, batch.future)).abs().max() > 0.1


def test_a_resumed_run_ends_in_the_same_bytes(shops, tmp_path):
    whole = train(shops / "shops.yaml", ["train.epochs=3"], run_dir=tmp_path / "whole")
    train(shops / "shops.yaml", ["train.epochs=2"], run_dir=tmp_path / "part")
    train(shops / "shops.yaml", ["train.epochs=3"], run_dir=tmp_path / "part", resume=True)
    ends = [load_checkpoint(tmp_path / name / "last.pt").weights for name in ("whole", "part")]
    for name, value in ends[0].items():
        assert np.array_equal(value, ends[1][name]), name
    assert Path(whole.best_path).exists()


def test_training_goes_on_with_the_vectors_of_the_same_texts(shops, tmp_path):
    frame = shop_frame().iloc[::-1].sort_values(["shop", "day"], kind="stable")
    turned = pd.concat([frame[frame["shop"] == shop] for shop in "cba"])
    turned.to_csv(tmp_path / "turned.csv", index=False)
    text = RECIPE.replace("shops.csv", "turned.csv")
    (tmp_path / "turned.yaml").write_text(text)
    best = shops / "run" / "best.pt"
    options = [f"model.init.checkpoint={best}", "train.epochs=1", "train.lr=1e-12"]
    train(tmp_path / "turned.yaml", [*options, "model.freeze=[W_hz]"], run_dir=tmp_path / "run")
    old, new = (load_checkpoint(path) for path in (best, tmp_path / "run" / "best.pt"))
    for place, name in enumerate(("wind", "promo", "region")):
        vectors = [
            dict(
                zip(
                    saved.scaler["vocabularies"][name],
                    saved.weights[f"categories.vectors.{place}"][1:].tolist(),
                    strict=True,
                )
            )
            for saved in (old, new)
        ]
        assert vectors[0].keys() == vectors[1].keys()
        for word, vector in vectors[0].items():
            assert vectors[1][word] == pytest.approx(vector, abs=1e-6)


PLAIN_RECIPE = """\
name: windy
data: {path: windy.csv, time: t, target: y, past: [wind], missing: forward}
task: {context: 6, horizon: 2}
model: {hidden: 4}
train: {epochs: 1}
"""


def test_a_stream_reads_texts_and_counts_those_it_does_not_know(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"t": range(60), "y": random.normal(size=60)})
    frame["wind"] = random.choice(["N", "S"], 60)
    frame.to_csv("windy.csv", index=False)
    Path("windy.yaml").write_text(PLAIN_RECIPE)
    best = train("windy.yaml", run_dir="run").best_path
    frame.loc[3, "wind"] = "storm"
    text = frame[:6].to_csv(index=False)
    stream = Stream(best)
    *_, last = stream.answers(io.BytesIO(text.encode()), "-")
    assert last.values[-1].tolist() == pytest.approx(predict(best, frame[:6]).values["y"], rel=1e-5)
    assert stream.notes == ("not seen in training, read as unknown: 1 value of column 'wind'",)


# --- the recipe ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "past: [a]\n  categories: [b]",
            "data.categories: found 'b', which is not in past, future or static; expected a",
        ),
        (
            "past: [a]\n  categories: [a, a]",
            "data.categories: found 'a' twice; expected each column once",
        ),
        (
            "past: [a]\n  categories: [a]\n  missing: {a: zero}",
            "data.missing: found 'a', which is in data.categories: what is missing there is a "
            "class of its own; leave it out",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_recipe(tmp_path, monkeypatch, keys, problem):
    monkeypatch.chdir(tmp_path)
    (found,) = errors_of(BASE.replace("  target: y", f"  target: y\n  {keys}"))
    assert found.partition(": ")[2] == problem


def test_a_column_of_numbers_is_a_category_where_the_recipe_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "t,y,kind\n" + "".join(f"{n},{n},{n % 3}\n" for n in range(9))
    data = "{path: x.csv, time: t, target: y, past: [kind], categories: [kind]}"
    Path("a.yaml").write_text(f"name: a\ndata: {data}\ntask: {{context: 3, horizon: 1}}\n")
    panel = read_panel(load_recipe("a.yaml").data, text.encode())
    assert panel.categories == {"kind": ("", "0", "1", "2")}
    plain = read_panel(load_recipe("a.yaml", ["data.categories=[]"]).data, text.encode())
    assert plain.categories == {}
    assert plain.values[:, 1].tolist() == [0, 1, 2] * 3


def test_a_text_that_changes_within_a_series_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shops.yaml").write_text(RECIPE)
    frame = shop_frame()
    frame.loc[60, "region"] = "west"
    with pytest.raises(DataError) as caught:
        read_panel(load_recipe("shops.yaml").data, frame)
    assert "series 'b' has 'south' at 2024-01-01 and 'west' at 2024-01-11" in str(caught.value)


CLASSIFY = """\
name: moods
data: {path: moods.csv, time: t, series: id, past: [sky], split: {valid: 0.25, test: 0.25}}
task: {kind: classify, label: mood, noise: 0.5}
model: {hidden: 4}
train: {epochs: 8, lr: 0.1, batch_size: 8}
"""


def test_a_classifier_learns_from_texts_alone_and_noise_leaves_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    skies = {"glad": ["sun", "cloud"], "sad": ["rain", "cloud"]}
    rows = [
        f"{n},{t},{skies[mood][(n + t) % 2]},{mood}"
        for n in range(40)
        for mood in [("glad", "sad")[n % 2]]
        for t in range(5)
    ]
    Path("moods.csv").write_text("\n".join(["id,t,sky,mood", *rows]) + "\n")
    Path("moods.yaml").write_text(CLASSIFY)
    finished = train("moods.yaml", run_dir="run")
    assert finished.scores.model.accuracy == 1
    assert finished.scores.baselines["ridge"].accuracy == 1
    frame = pd.read_csv("moods.csv").replace({"sky": {"sun": "hail"}})
    assert any("hail" in note for note in predict(finished.best_path, frame).notes)


def test_noise_is_added_to_numbers_only():
    model = SequenceModel(3, 2, flag_size=1, categories={1: 2})
    assert model.categories.is_number(torch.zeros(1, 2, 3)).tolist() == [1, 0, 1]
