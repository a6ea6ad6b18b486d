"""The fast and the strict reader of tables, cell by cell: the same, or left to the strict one."""

import random
from collections.abc import Iterator
from pathlib import Path

from grucli.data.readers.cells import NumberFormat
from grucli.data.readers.csv_fast import read_fast
from grucli.data.readers.csv_strict import read_strict
from grucli.data.readers.sources import Source
from grucli.data.readers.wanted import Wanted
from grucli.dialect import Dialect
from grucli.errors import DataError
from tests.sweeps.sweep import Case

BATCHES, EACH = 400, 1000
NUMBERS = NumberFormat(Dialect())
LETTERS = "0123456789.-+eE_ xNAnaif\t\v\f'%$;#TtFrlu\u00a0\u0663"


def cells(_: Path, folder: Path) -> Iterator[Case]:
    """A thousand cells a case: numbers, numbers with up to three letters changed, any letters."""

    def attempt(seed: int) -> str:
        draw = random.Random(seed)
        check_agreement([cell(draw) for _ in range(EACH)])
        return f"{EACH} cells agree"

    for seed in range(BATCHES):
        yield f"seed {seed}", lambda seed=seed: attempt(seed)


def number(draw):
    """One of the many ways to write a number."""
    forms = (
        lambda: repr(draw.uniform(-1e3, 1e3)),
        lambda: f"{draw.random():.17e}",
        lambda: str(draw.getrandbits(80)),
        lambda: repr(draw.random() * 10.0 ** draw.randint(-320, 307)),
        lambda: f"{draw.getrandbits(64)}e-{draw.randint(0, 300)}",
        lambda: f"{draw.randint(0, 99)}.{draw.randint(0, 99)}",
    )
    return draw.choice(forms)()


def cell(draw):
    """A number, a number with up to three letters changed, or letters alone."""
    kind = draw.randrange(8)
    if kind == 0:
        return "".join(draw.choice(LETTERS) for _ in range(draw.randint(0, 8)))
    text = list(number(draw))
    for _ in range(draw.randint(1, 3) if kind < 4 else 0):
        place = draw.randrange(len(text) + 1)
        text[place : place + draw.randint(0, 1)] = draw.choice(["", *LETTERS])
    return "".join(text)


def column_of(read, cells):
    """The bytes of a column of cells; None where the reader does not read it."""
    rows = "".join(f"{row},{text}\n" for row, text in enumerate(cells))
    try:
        table = read(Source("f", f"t,a\n{rows}".encode()), Wanted("t", columns=["a"]))
    except DataError:
        return None
    return None if table is None else table.values.tobytes()


def check_agreement(cells):
    """What is no number is left by the fast reader; the others are the same in both."""
    numbers = [text for text in cells if NUMBERS.parse(text) is not None]
    for text in set(cells) - set(numbers):
        assert column_of(read_fast, ["1", text]) is None, text
    for begin in range(0, len(numbers), 100):
        several = numbers[begin : begin + 100]
        fast, strict = column_of(read_fast, several), column_of(read_strict, several)
        assert strict is not None
        if fast is None:
            for text in several:
                assert column_of(read_fast, [text]) in (None, column_of(read_strict, [text])), text
        else:
            assert fast == strict, several
