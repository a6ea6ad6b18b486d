"""Columns of texts in a run: kept, known again, named, and refused."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from grucli import evaluate, inspect_weights, predict, train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.errors import DataError
from grucli.recipe import load_recipe
from grucli.runs.explaining import explain
from grucli.runs.opened import open_table
from grucli.runs.streaming import Stream
from grucli.runs.tables import read_panel
from grucli.runs.tracing import trace
from grucli.tasks.forecast.ridge import fit_ridge
from tests.recipe_texts import BASE, errors_of
from tests.shops import ahead_of, frame_of_shops, train_shops

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


def shop_columns(random, shop, rows):
    promo = random.choice(["none", "flyer", "tv"], rows)
    return {
        "sold": 5 + 3 * (promo == "tv") + random.normal(size=rows),
        "wind": random.choice(["N", "S", None], rows),
        "promo": promo,
        "price": random.normal(size=rows),
        "region": "south" if shop == "b" else "north",
    }


def shop_frame():
    return frame_of_shops(shop_columns, a=50, b=50, c=50)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    return train_shops(tmp_path_factory.mktemp("shops"), shop_frame(), RECIPE)


@pytest.fixture(scope="module")
def best(shops):
    return shops / "run" / "best.pt"


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
