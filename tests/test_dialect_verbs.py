"""A recipe that says how its table is written, from training to a forecast, and its errors."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import grucli
from grucli.errors import DataError, RecipeError
from grucli.recipe import load_recipe
from grucli.runs.explaining import explain
from grucli.runs.streaming import Stream
from tests.conftest import grucli as run

BERLIN = ZoneInfo("Europe/Berlin")
RECIPE = """\
name: strom
data:
  path: strom*.csv
  read:
    delimiter: ";"
    decimal: ","
    thousands: "."
    encoding: cp1252
    time_format: "%d.%m.%Y %H:%M"
    time_zone: Europe/Berlin
    missing_values: [ERR]
  time: [Tag, Zeit]
  target: Preis €
  past: [Last]
  missing: linear
  split: {valid: 0.2, test: "2024-11-01"}
task: {context: 24, horizon: 3, normalise: none}
model: {hidden: 4}
train: {epochs: 1, batch_size: 64}
"""


def write_table(path, begin, rows):
    """Hourly rows by the clock of Berlin, as a German office would write them."""
    lines = ["Nr;Tag;Zeit;Preis €;Last"]
    for row in range(rows):
        time = (begin + timedelta(hours=row)).astimezone(BERLIN)
        price = f"{1000 + 100 * np.sin(row / 4):,.2f}".translate(str.maketrans(".,", ",."))
        load = "ERR" if row % 97 == 5 else str(row % 24)
        lines.append(f"{row};{time:%d.%m.%Y;%H:%M};{price};{load}")
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """A folder with two tables, a newer third, a recipe and a run."""
    folder = tmp_path_factory.mktemp("office")
    start = datetime(2024, 10, 10, tzinfo=UTC)
    write_table(folder / "strom1.csv", start, 500)
    write_table(folder / "strom2.csv", start + timedelta(hours=500), 200)
    write_table(folder / "newer.csv", start + timedelta(hours=400), 320)
    (folder / "strom.yaml").write_text(RECIPE)
    grucli.train(folder / "strom.yaml", run_dir=folder / "run")
    return folder


def test_a_forecast_is_written_as_the_table_is(office):
    forecast = grucli.predict(office / "run" / "best.pt")
    assert forecast.time == "time"
    assert forecast.timestamps == ("08.11.2024 05:00", "08.11.2024 06:00", "08.11.2024 07:00")


def test_another_table_is_read_by_the_keys_that_the_checkpoint_keeps(office):
    forecast = grucli.predict(office / "run" / "best.pt", office / "newer.csv")
    assert forecast.timestamps[0] == "09.11.2024 01:00"
    scores = grucli.evaluate(office / "run" / "best.pt", office / "newer.csv", split="all")
    assert scores.windows == 320 - 24 - 3 + 1


def test_a_stream_is_read_by_the_same_keys(office):
    with (office / "newer.csv").open("rb") as file:
        answers = list(Stream(office / "run" / "best.pt").answers(file, "-"))
    assert sum(len(group.times) for group in answers) == 320
    assert sum(len(group.times) for group in answers) == 320
    assert answers[0].times == ["26.10.2024 18:00"]


def test_a_step_is_asked_for_as_the_table_writes_it(office):
    step = explain(office / "run" / "best.pt", at="07.11.2024 12:00")
    assert step.time == "07.11.2024 12:00"
    assert explain(office / "run" / "best.pt", at="2024-11-07 12:00").time == step.time


def test_the_run_is_resumed_with_its_tables(office):
    done = run("train", "strom.yaml", "--run-dir", "run", "--resume", "--quiet", cwd=office)
    assert done.returncode == 0, done.stderr


def test_a_table_that_needs_keys_names_them_one_after_the_other(office):
    plain = RECIPE[: RECIPE.index("  read:")] + RECIPE[RECIPE.index("  time: ") :]
    (office / "plain.yaml").write_text(plain.replace("[Tag, Zeit]", "Tag"))
    keys = []
    for key in ("encoding: cp1252", "delimiter: ;", "time_format: %d.%m.%Y", "decimal: ,"):
        done = run("train", "plain.yaml", *keys, "--run-dir", "plain", cwd=office)
        assert done.returncode == 3
        name, value = key.split(": ")
        assert f'data.read.{name}: "{value}"' in done.stderr
        keys += ["--set", f'data.read.{name}="{value}"']


CONFLICTS = {
    "thousands: ','": "",
    "decimal: ','\n    thousands: ','": "found ',', which is data.read.decimal",
    "time_format: '%d.%m'": "data.read.time_format: found the text",
    "time_format: '%Y-%m-%d %H:%M %z'": "found %z without a time zone",
    "time_zone: Europe/Berln": "expected a time zone such as Europe/Berlin",
    "encoding: utf-9": "expected an encoding that Python knows",
    "delimiter: ab": 'expected one of "," ";"',
    "missing_values: NA": "expected a list of texts",
    "decimal: ;": "expected one of ., ,",
}


@pytest.mark.parametrize("lines", CONFLICTS)
def test_a_key_of_reading_is_checked_at_its_line(tmp_path, lines):
    head = "name: a\ndata:\n  path: x.csv\n  read:\n    " + lines
    tail = "\n  time: t\n  target: y\ntask: {context: 2, horizon: 1}\n"
    (tmp_path / "r.yaml").write_text(head + tail)
    if not CONFLICTS[lines]:
        assert load_recipe(tmp_path / "r.yaml").data.dialect.thousands == ","
        return
    with pytest.raises(RecipeError) as caught:
        load_recipe(tmp_path / "r.yaml")
    (problem,) = caught.value.problems
    assert CONFLICTS[lines] in problem
    assert problem.split(":")[1] in {"5", "6"}


def test_a_frequency_that_is_said_is_the_one_there_is(folder):
    recipe = folder / "wave.yaml"
    run_dir = {"run_dir": folder / "run"}
    with pytest.raises(DataError, match=r"rows are daily; expected hourly, as data.frequency says"):
        grucli.train(recipe, ["data.frequency=1h"], **run_dir)
    grucli.train(recipe, ["data.frequency=1D", "train.epochs=1"], **run_dir)
    assert grucli.predict(folder / "run" / "best.pt").timestamps[0] == "2024-06-09"


def test_irregular_times_are_trained_on_where_it_is_asked_for(folder):
    header, *rows = (folder / "wave.csv").read_text().splitlines()
    moved = [row.replace(",", f" 00:00:{place * 37 % 60:02},") for place, row in enumerate(rows)]
    (folder / "wave.csv").write_text("\n".join([header, *moved]) + "\n")
    options = {"run_dir": folder / "run"}
    with pytest.raises(DataError, match=r"irregular times.*set data.regularise: true"):
        grucli.train(folder / "wave.yaml", **options)
    grucli.train(folder / "wave.yaml", ["data.regularise=true", "train.epochs=1"], **options)
    forecast = grucli.predict(folder / "run" / "best.pt")
    assert forecast.timestamps[0] == "2024-06-09 00:00:00"
