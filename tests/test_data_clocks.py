"""Times by the clock of a time zone: evenly spaced in UTC where clocks are changed, by rule."""

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from grucli.columns import Columns
from grucli.data import build_panel, parse_table, split_panel, stream_blocks
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError

BERLIN = ZoneInfo("Europe/Berlin")
COLUMNS = Columns(("a",))


def clock(begin, count, *, zone=BERLIN, **step):
    """What the clock shows at so many times, evenly spaced in UTC."""
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    return [(start + timedelta(**step) * row).astimezone(zone) for row in range(count)]


def table_of(texts, zone="Europe/Berlin", **dialect):
    rows = "".join(f"{text},{row}\n" for row, text in enumerate(texts))
    dialect = Dialect(time_zone=zone, **dialect)
    return parse_table(f"t,a\n{rows}".encode(), Wanted("t", dialect=dialect), source="f")


def panel_of(texts, zone="Europe/Berlin", *, missing="error", **dialect):
    return build_panel(table_of(texts, zone, **dialect), COLUMNS, missing=missing)


def naive(times, form="%Y-%m-%d %H:%M"):
    return [time.strftime(form) for time in times]


@pytest.mark.parametrize("step", [{"hours": 1}, {"minutes": 15}, {"minutes": 30}], ids=str)
@pytest.mark.parametrize(
    "begin", ["2024-03-30T00:00", "2024-10-26T00:00"], ids=["spring", "autumn"]
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney"])
def test_a_clock_change_leaves_no_gap_and_no_row_twice(step, begin, zone):
    shift = {"Europe/Berlin": 0, "America/New_York": -21, "Australia/Sydney": 0}[zone]
    start = datetime.fromisoformat(begin) + timedelta(days=shift)
    count = int(timedelta(days=30) / timedelta(**step))
    times = clock(start.isoformat(), count, zone=ZoneInfo(zone), **step)
    panel = panel_of(naive(times), zone)
    moments = [time.astimezone(UTC).replace(tzinfo=None) for time in times]
    assert panel.timestamps.tolist() == moments
    assert [panel.frequency.format(time) for time in panel.timestamps] == naive(times)


@pytest.mark.parametrize("left_out", [None, 7], ids=["whole", "with a gap"])
@pytest.mark.parametrize("is_regularised", [False, True])
def test_times_of_several_series_are_written_by_the_clock(left_out, is_regularised):
    times = naive(clock("2024-03-30T22:00", 9, hours=1))
    rows = [(name, text) for name in "ab" for text in times]
    text = "".join(f"{n},{t},1\n" for at, (n, t) in enumerate(rows) if at != left_out)
    dialect = Dialect(time_zone="Europe/Berlin")
    wanted = Wanted("t", texts=["id"], dialect=dialect)
    table = parse_table(f"id,t,a\n{text}".encode(), wanted, source="f")
    asked = {"series": ["id"], "missing": "zero", "is_regularised": is_regularised}
    panel = build_panel(table, COLUMNS, **asked)
    assert [panel.frequency.format(time) for time in panel.timestamps] == times * 2


def test_what_was_done_to_repeated_hours_is_said():
    panel = panel_of(naive(clock("2024-10-26T20:00", 12, hours=1)))
    assert panel.notes == (
        "2 times in hours that clocks of Europe/Berlin go through twice, read in the order of "
        "rows: first before the change, then behind it",
    )


def test_without_a_zone_the_same_table_is_refused():
    with pytest.raises(DataError, match="a clock change"):
        panel_of(naive(clock("2024-10-26T20:00", 12, hours=1)), None)


def test_an_hour_that_the_clock_leaves_out_is_refused_at_its_line():
    texts = [f"2024-03-31 {hour:02}:00" for hour in range(6)]
    with pytest.raises(DataError) as caught:
        panel_of(texts)
    (problem,) = caught.value.problems
    assert problem.startswith(
        "f:4: column 't': 2024-03-31 02:00 does not exist in Europe/Berlin, where clocks were put "
        "forward"
    )


@pytest.mark.parametrize(
    "texts",
    [
        [f"2024-{month}-{day:02}" for month, day in (("03", 30), ("03", 31), ("04", 1))],
        [f"2024-03-{day} 06:00" for day in (29, 30, 31)],
        [f"2024-03-{day} {hour:02}:00" for day in (30, 31) for hour in (0, 6, 12, 18)],
        [f"{year}-01-01 00:00" for year in (2022, 2023, 2024)],
    ],
    ids=["dates", "days by the clock", "every six hours by the clock", "years"],
)
def test_rows_that_are_spaced_by_the_clock_stay_on_it(texts):
    panel = panel_of(texts)
    assert [panel.frequency.format(time) for time in panel.timestamps] == texts
    assert panel.frequency.style.zone == ""


def test_offsets_that_change_are_read_where_a_zone_is_given():
    times = clock("2024-10-26T20:00", 12, hours=1)
    texts = [time.isoformat(" ", "minutes") for time in times]
    panel = panel_of(texts)
    assert panel.frequency.words == "hourly"
    assert [panel.frequency.format(time) for time in panel.timestamps] == texts
    with pytest.raises(DataError, match=r'set data.read.time_zone: "UTC" or the zone'):
        panel_of(texts, None)


def test_a_format_with_an_offset_is_written_back_by_the_clock_of_the_zone():
    form = "%d.%m.%Y %H:%M %z"
    times = clock("2024-10-26T20:00", 12, hours=1)
    texts = [f"{time:%d.%m.%Y %H:%M} {time:%z}" for time in times]
    panel = panel_of(texts, time_format=form)
    assert panel.frequency.format(panel.timestamps[0]) == "26.10.2024 22:00 +02:00"


def test_splits_and_times_asked_for_are_by_the_clock():
    panel = panel_of(naive(clock("2024-03-29T23:00", 100, hours=1)))
    split = split_panel(panel, train=None, valid="2024-04-01", test="2024-04-02 00:00")
    (start,) = split.valid.start
    assert panel.frequency.format(panel.timestamps[start]) == "2024-04-01 00:00"
    assert panel.frequency.style.find("2024-04-01") == int(panel.timestamps[start].astype(np.int64))


def test_a_stream_reads_the_clock_row_by_row_as_a_table():
    texts = naive(clock("2024-10-26T20:00", 12, hours=1))
    rows = "".join(f"{text},{row}\n" for row, text in enumerate(texts))
    stream = stream_blocks(
        io.BytesIO(f"t,a\n{rows}".encode()),
        "-",
        Wanted("t", columns=["a"], dialect=Dialect(time_zone="Europe/Berlin")),
        zone="Europe/Berlin",
    )
    moments = [moment for block in stream for moment in block.moments.tolist()]
    assert moments == panel_of(texts).timestamps.astype(np.int64).tolist()
