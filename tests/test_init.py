"""A look at a table and a recipe that trains as it is, whatever the table was written by."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import grucli as library
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.data.sniffing.look import look_at
from grucli.errors import DataError
from grucli.recipe import load_recipe
from grucli.runs.initiating import init
from grucli.runs.recipe_rules import RULES
from tests.conftest import REPOSITORY, grucli, write_wave

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
SHORT = ["train.epochs=1"]


def write(path, header, rows, *, mark=",", encoding="utf-8"):
    """A table of rows of texts."""
    path.write_text("\n".join(mark.join(row) for row in [header, *rows]) + "\n", encoding=encoding)
    return path


def german(number):
    """1234.5 as 1.234,50."""
    return f"{number:,.2f}".translate(str.maketrans(".,", ",."))


def trained(table, folder):
    """The recipe that init writes for a table, after an epoch with it."""
    (folder / "recipe.yaml").write_text(init(str(table), folder=folder).recipe)
    finished = library.train(folder / "recipe.yaml", SHORT, run_dir=folder / "run")
    assert finished.scores is not None
    return load_recipe(folder / "recipe.yaml")


@pytest.mark.parametrize("name", ["co2_weekly.csv", "sunspots.csv"])
def test_a_shipped_table_gets_a_recipe_that_trains(name, tmp_path):
    recipe = trained(REPOSITORY / "data" / name, tmp_path)
    assert recipe.data.target in (("co2",), ("sunspots",))
    assert recipe.data.missing == ("linear" if name == "co2_weekly.csv" else "error")


def test_a_table_of_a_german_office_gets_a_recipe_that_trains(tmp_path):
    days = [datetime(2021, 1, 1) + timedelta(days=day) for day in range(400)]
    rows = [
        [
            f"{day:%d.%m.%Y}",
            german(1500 + 300 * np.sin(day.toordinal() / 7)),
            f"{n % 7}",
            "Köln",
            ("Grün", "für 5 €", "")[n % 5 % 3],
        ]
        for n, day in enumerate(days)
    ]
    rows[20][1] = "k.A."
    table = write(
        tmp_path / "umsatz.csv",
        ["Datum", "Umsatz €", "Tag", "Ort", "Angebot"],
        rows,
        mark=";",
        encoding="cp1252",
    )
    recipe = trained(table, tmp_path)
    read = recipe.data.read
    assert (read.delimiter, read.decimal, read.thousands) == (";", ",", ".")
    assert (read.encoding, read.time_format) == ("cp1252", "%d.%m.%Y")
    assert read.missing_values == ("k.A.",)
    assert (recipe.data.target, recipe.data.past) == (("Umsatz €",), ("Tag", "Angebot"))
    saved = load_checkpoint(tmp_path / "run" / "best.pt")
    assert saved.scaler["vocabularies"] == {"Angebot": ["Grün", "für 5 €"]}


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_a_table_of_sensors_with_two_clock_changes_gets_a_recipe_that_trains(tmp_path, zone):
    begin = datetime(2023, 3, 1, tzinfo=UTC)
    rows = [
        [
            f"{(begin + timedelta(hours=hour)).astimezone(zone):%Y-%m-%d %H:%M}",
            sensor,
            f"{hour % 24}",
            ("clear", "rain")[hour % 7 % 2],
            {"north": "1.5", "south": "9.5", "west": "4.0"}[sensor],
            {"north": "roof", "south": "cellar", "west": "roof"}[sensor],
        ]
        for hour in range(6000)
        for sensor in ("north", "south", "west")
    ]
    names = ["when", "sensor", "level", "sky", "height", "place"]
    recipe = trained(write(tmp_path / "s.csv", names, rows), tmp_path)
    assert recipe.data.series == ("sensor",)
    assert (recipe.data.target, recipe.data.past) == (("level",), ("sky",))
    assert recipe.data.static == ("height", "place")
    saved = load_checkpoint(tmp_path / "run" / "best.pt")
    assert saved.recipe["data"]["categories"] == ["sky", "place"]
    assert recipe.data.read.time_zone == zone.key
    assert recipe.data.missing == "error"


def test_a_clock_that_is_put_forward_and_not_back_is_seen_by_its_gap(tmp_path):
    begin = datetime(2023, 3, 1, tzinfo=UTC)
    rows = [
        [f"{(begin + timedelta(hours=hour)).astimezone(BERLIN):%Y-%m-%d %H:%M}", f"{hour % 24}"]
        for hour in range(2000)
    ]
    look = look_at(str(write(tmp_path / "s.csv", ["when", "level"], rows)))
    assert look.dialect.time_zone == "Europe/Berlin"


def test_rows_without_clock_changes_are_in_no_zone(tmp_path):
    rows = [
        [f"{datetime(2023, 3, 1) + timedelta(hours=h):%Y-%m-%d %H:%M}", f"{h}.5"]
        for h in range(2000)
    ]
    del rows[700:705]
    look = look_at(str(write(tmp_path / "s.csv", ["when", "level"], rows)))
    assert look.dialect.time_zone is None


def test_offsets_that_change_are_those_of_a_zone(tmp_path):
    begin = datetime(2023, 3, 1, tzinfo=UTC)
    times = [(begin + timedelta(hours=hour)).astimezone(BERLIN) for hour in range(2000)]
    rows = [[time.isoformat(), f"{n % 24}"] for n, time in enumerate(times)]
    assert (
        trained(write(tmp_path / "s.csv", ["when", "y"], rows), tmp_path).data.read.time_zone
        == "Europe/Berlin"
    )


def test_gaps_are_filled_and_many_are_told_to_the_model(tmp_path):
    lines = write_wave(tmp_path / "wave.csv").read_text().splitlines()
    few = [line for n, line in enumerate(lines) if n not in (30, 31, 90)]
    (tmp_path / "few.csv").write_text("\n".join(few))
    many = [line if n % 5 or n < 2 else line.split(",")[0] + "," for n, line in enumerate(lines)]
    (tmp_path / "many.csv").write_text("\n".join(many))
    kept = [init(str(tmp_path / f"{name}.csv")).values["data"] for name in ("wave", "few", "many")]
    assert [data.get("missing", "error") for data in kept] == ["error", "linear", "mask"]


def test_uneven_times_of_many_series_are_made_even(tmp_path):
    begin, draw = datetime(2023, 3, 1), np.random.default_rng(0)
    rows = [
        [
            f"{begin + timedelta(hours=hour, seconds=int(late)):%Y-%m-%d %H:%M:%S}",
            sensor,
            f"{hour % 24}",
        ]
        for sensor in ("north", "south")
        for hour, late in enumerate(draw.integers(0, 600, 300))
    ]
    draft = init(str(write(tmp_path / "s.csv", ["when", "sensor", "level"], rows)))
    assert (draft.values["data"]["regularise"], draft.seen["frequency"]) == (True, "hourly")


def test_constants_notes_and_counters_are_left_out_and_named(tmp_path):
    rows = [
        [str(n), f"2024-01-{n + 1:02}", str(n * n % 31), "7", f"note {n % 29}", "a7"[n % 2]]
        for n in range(30)
    ]
    draft = init(str(write(tmp_path / "t.csv", ["", "day", "y", "unit", "note", "mixed"], rows)))
    assert draft.seen["left out"] == (
        "Unnamed: 0 (counts the rows), unit (always 7), note (29 texts), mixed (texts, and numbers "
        "among them)"
    )
    assert draft.values["data"]["target"] == "y"
    assert "past" not in draft.values["data"]


TIMES = {
    "03/25/2024": "%m/%d/%Y",
    "25/03/2024": "%d/%m/%Y",
    "25-Mar-2024": "%d-%b-%Y",
    "20240325": "%Y%m%d",
    "2024-03-25": None,
}


@pytest.mark.parametrize(("example", "form"), TIMES.items())
def test_the_form_of_times_is_seen(tmp_path, example, form):
    day = datetime(2024, 3, 25)
    rows = [[f"{day + timedelta(days=n):{form or '%Y-%m-%d'}}", f"{n % 9}.5"] for n in range(60)]
    assert rows[0][0] == example
    assert look_at(str(write(tmp_path / "t.csv", ["day", "y"], rows))).dialect.time_format == form


def test_days_and_months_that_cannot_be_told_apart_are_read_evenly(tmp_path):
    rows = [[f"{month:02}/01/2024", f"{month}"] for month in range(1, 13)]
    look = look_at(str(write(tmp_path / "t.csv", ["day", "y"], rows)))
    assert look.dialect.time_format in ("%m/%d/%Y", "%d/%m/%Y")
    rows = [[f"{n + 1:02}/02/2024", f"{n}"] for n in range(12)]
    look = look_at(str(write(tmp_path / "t.csv", ["day", "y"], rows)))
    assert look.dialect.time_format == "%d/%m/%Y"


NUMBERS = {
    ("1,5", "12,25"): (",", None),
    ("1,500", "12,250"): (".", ","),
    ("1 500", "12 250,5"): (",", " "),
    ("1'500", "12'250.5"): (".", "'"),
    ("1.5", "12.25"): (".", None),
}


@pytest.mark.parametrize(("pair", "form"), NUMBERS.items())
def test_the_form_of_numbers_is_seen(tmp_path, pair, form):
    rows = [[f"2024-01-{n + 1:02}", pair[n % 2]] for n in range(30)]
    look = look_at(str(write(tmp_path / "t.csv", ["day", "y"], rows, mark="\t")))
    assert (look.dialect.decimal, look.dialect.thousands) == form


def test_names_of_series_are_as_few_columns_as_will_do(tmp_path):
    rows = [
        [f"2024-01-{day:02}", shop, item, "x" if day % 2 else "y", f"{day}.5"]
        for shop in "AB"
        for item in ("tea", "jam")
        for day in range(1, 31)
    ]
    look = look_at(str(write(tmp_path / "t.csv", ["day", "shop", "item", "promo", "sold"], rows)))
    assert look.series == ("shop", "item")


def test_a_table_without_a_time_is_refused_in_one_line(tmp_path):
    table = write(tmp_path / "t.csv", ["a", "b"], [["x", "1.5"], ["y", "2.5"]])
    with pytest.raises(DataError, match=r"no time column found .* expected one of dates"):
        init(str(table))
    table = write(tmp_path / "t.csv", ["day", "b"], [["2024-01-02", "1.5"], ["2024-01-01", "2.5"]])
    with pytest.raises(DataError, match="times of 'day' do not rise"):
        init(str(table))


def test_the_recipe_goes_to_standard_output_or_into_a_file_that_is_kept(
    folder, monkeypatch, capsys
):
    monkeypatch.chdir(folder)
    assert run(["init", "wave.csv"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("# A first recipe for wave.csv")
    assert "frequency  daily" in said.err
    Path("recipes").mkdir()
    assert run(["init", "wave.csv", "-o", "recipes/wave.yaml", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert load_recipe("recipes/wave.yaml").data.path == str(folder / "wave.csv")
    assert run(["init", "wave.csv", "-o", "recipes/wave.yaml"]) == 2
    assert "is there already; add --overwrite" in capsys.readouterr().err
    assert run(["init", "wave.csv", "-o", "recipes/wave.yaml", "--overwrite"]) == 0
    assert run(["init", "wave.csv", "-o", "wave.csv", "--overwrite"]) == 2
    assert "is the table that is read" in capsys.readouterr().err


def test_a_table_from_a_pipe_gets_a_recipe_for_one(folder):
    done = grucli("init", "-", cwd=folder, stdin=(folder / "wave.csv").read_text())
    assert 'path: "-"' in done.stdout


def test_a_table_in_several_files_is_one(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    lines = (folder / "wave.csv").read_text().splitlines()
    (folder / "part1.csv").write_text("\n".join(lines[:80]) + "\n")
    (folder / "part2.csv").write_text("\n".join([lines[0], *lines[80:]]) + "\n")
    run(["init", "part*.csv", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "RecipeDraft"
    assert document["values"]["data"]["path"] == "part*.csv"
    assert document["seen"]["series"] == "one, 160 rows"


def test_every_rule_is_a_key_of_a_recipe_and_said_once():
    said = [rule.key for rule in RULES if rule.words]
    assert len(said) == len(set(said))
    assert {rule.key for rule in RULES} == set(said)
