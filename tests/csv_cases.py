"""Tables in the tests, and how they are read or refused."""

from grucli.data import parse_table
from grucli.data.readers.wanted import Wanted

CLEAN = b"day,a,b\n2024-01-01,1.5,-2\n2024-01-02,,3e2\n2024-01-03,0.25,4\n"


def parse(content, *, time="day", columns=None):
    return parse_table(content, Wanted(time, columns=columns), source="f.csv")


def same(table, other):
    return (
        table.columns == other.columns
        and table.style == other.style
        and table.timestamps.dtype == other.timestamps.dtype
        and table.timestamps.tolist() == other.timestamps.tolist()
        and table.values.tobytes() == other.values.tobytes()
    )
