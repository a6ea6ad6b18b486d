"""Many series in tables that are written in other ways, lie in several files or in memory."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from grucli import train
from grucli.columns import Columns
from grucli.data import build_panel, parse_table, read_frame, read_table
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError, UsageError
from grucli.runs.outputs import check_table_outputs
from grucli.runs.streaming import Stream

GERMAN = "tag;ort;wert\n01.02.2021;Köln, Süd.;1,5\n02.02.2021;Köln, Süd.;2,5\n01.02.2021;Bonn;3,5\n"
WANTED = Wanted("tag", columns=["wert"], texts=["ort"])
DIALECT = Dialect(delimiter=";", decimal=",", time_format="%d.%m.%Y")


def panel_of(table, **options):
    return build_panel(table, Columns(table.columns), series=("ort",), **options)


@pytest.mark.parametrize("decimal", [",", "."])
def test_names_of_series_keep_commas_and_points_whatever_decimals_are(decimal):
    source = Source("f", GERMAN.replace("1,5", "1").replace(",5\n", "\n").encode())
    dialect = Dialect(delimiter=";", decimal=decimal, time_format="%d.%m.%Y")
    fast = read_fast(source, replace(WANTED, dialect=dialect))
    strict = read_strict(source, replace(WANTED, dialect=dialect))
    for table in (fast, strict):
        assert table.texts[0].words == ("Köln, Süd.", "Bonn")
        assert table.texts[0].codes.tolist() == [0, 0, 1]


def test_a_text_that_holds_the_stand_in_is_left_to_the_strict_reader():
    content = GERMAN.replace("Bonn", "B\x01nn").encode()
    assert read_fast(Source("f", content), replace(WANTED, dialect=DIALECT)) is None
    table = parse_table(content, replace(WANTED, dialect=DIALECT), source="f")
    assert table.texts[0].words == ("Köln, Süd.", "B\x01nn")


def test_series_go_on_from_file_to_file(tmp_path):
    names = []
    for name, day in (("one", 1), ("two", 3)):
        names.append(str(tmp_path / f"{name}.csv"))
        rows = [
            f"2021-01-0{day + d},{place},{day + d}\n"
            for place in ("b", "a")[:: 2 - day]
            for d in (0, 1)
        ]
        (tmp_path / f"{name}.csv").write_text("tag,ort,wert\n" + "".join(rows))
    panel = panel_of(read_table(names, WANTED))
    assert panel.ids == ("b", "a")
    assert panel.values.ravel().tolist() == [1, 2, 3, 4, 1, 2, 3, 4]


def test_faults_of_series_name_their_file(tmp_path):
    (tmp_path / "one.csv").write_text("tag,ort,wert\n2021-01-01,a,1\n2021-01-02,a,1\n")
    (tmp_path / "two.csv").write_text(
        "tag,ort,wert\n2021-01-01,b,1\n2021-01-03,a,1\n2021-01-03,a,2\n"
    )
    with pytest.raises(DataError) as caught:
        panel_of(read_table([str(tmp_path / f"{n}.csv") for n in ("one", "two")], WANTED))
    (fault,) = [line for line in caught.value.problems if "stands on" in line]
    assert fault.startswith(f"{tmp_path}/two.csv:4: ")
    assert f"line 3 of {tmp_path}/two.csv" in fault


def test_each_series_goes_through_the_hour_of_a_clock_change_by_itself():
    hours = ["01:00", "02:00", "02:00", "03:00"]
    rows = [f"2021-10-31 {hour},{place},1\n" for hour in hours for place in ("a", "b")]
    table = parse_table(
        ("tag,ort,wert\n" + "".join(rows)).encode(),
        replace(WANTED, dialect=Dialect(time_zone="Europe/Berlin")),
        source="f",
    )
    panel = panel_of(table)
    assert np.diff(panel.timestamps.reshape(2, 4)).astype(int).tolist() == [[3_600_000_000] * 3] * 2
    assert panel.frequency.words == "hourly"
    (note,) = panel.notes[1:]
    assert note.startswith("4 times in hours that clocks of Europe/Berlin go through twice")


def test_frames_hold_many_series():
    frame = pd.DataFrame(
        {"tag": pd.to_datetime(["2021-01-01", "2021-01-02"] * 2), "ort": [7, 7, 8, 8], "wert": 1.5}
    )
    panel = panel_of(read_frame(frame, WANTED, source="the table"))
    assert panel.ids == ("7", "8")
    with pytest.raises(DataError, match="the table, row 1: column 'ort': no text"):
        read_frame(
            frame.assign(ort=["x", None, "x", "x"]),
            WANTED,
            source="the table",
        )


def test_parquet_files_hold_many_series(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"tag": [1, 2, 1, 2], "ort": ["a", "a", "b", "b"], "wert": [1.0, 2, 3, 4]})
    frame.to_parquet(tmp_path / "f.parquet")
    panel = panel_of(read_table(str(tmp_path / "f.parquet"), WANTED))
    assert panel.ids == ("a", "b")
    assert panel.values.ravel().tolist() == [1, 2, 3, 4]


def test_a_model_of_several_files_streams_one_time_and_keeps_its_files(tmp_path):
    for month in (1, 2):
        rows = "".join(f"2021,{month},{day},{day % 7}\n" for day in range(1, 29))
        (tmp_path / f"part{month}.csv").write_text("y,m,d,v\n" + rows)
    (tmp_path / "r.yaml").write_text(
        "name: r\n"
        "data: {path: part*.csv, time: [y, m, d], target: v, missing: forward}\n"
        "task: {kind: forecast, context: 5, horizon: 1, normalise: none}\n"
        "model: {hidden: 2}\ntrain: {epochs: 1}\n"
    )
    train(tmp_path / "r.yaml", run_dir=tmp_path / "run")
    best = str(tmp_path / "run" / "best.pt")
    stream = Stream(best)
    (answer,) = stream.answers(io.BytesIO(b"y,m,d,v\n2021,3,1,1\n"), "f")
    assert stream.header == ("time", "v+1")
    assert answer.times == ["2021-03-01"]
    with pytest.raises(UsageError, match="is the table that is read"):
        check_table_outputs({"--output": str(tmp_path / "part2.csv")}, best)
