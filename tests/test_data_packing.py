"""A packed table is read whole or refused, whatever becomes of its bytes."""

import bz2
import gzip
import lzma

import pytest
from backports import zstd

from grucli.data import parse_table
from grucli.data.readers import packing
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError

HEAD = b"day,a\n" + b"".join(b"2021-01-%02d,%d\n" % (day, day) for day in range(1, 11))
TAIL = b"".join(b"2021-01-%02d,%d\n" % (day, day) for day in range(11, 31))


def zstd_of(data):
    """Packed with a checksum, as the zstd program does it."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


PACKINGS = {"gz": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress}
PACKINGS |= {"xz": lzma.compress, "zst": zstd_of}


def read(content):
    return parse_table(content, Wanted("day"), source="f").values[:, 0].tolist()


def reads(content):
    """The rows of a table, or None where it is refused in one line that names the file."""
    try:
        return read(content)
    except DataError as error:
        (problem,) = error.problems
        assert problem.startswith("f: ")
        assert "\n" not in problem
        return None


@pytest.fixture(params=PACKINGS)
def pack(request):
    return PACKINGS[request.param]


def test_members_behind_each_other_are_one_table(pack):
    assert read(pack(HEAD) + pack(TAIL)) == list(range(1, 31))
    assert read(pack(HEAD) + pack(b"") + pack(TAIL)) == list(range(1, 31))


def test_no_row_is_lost_by_a_bit_flipped_in_the_second_member(pack):
    one, two = pack(HEAD), pack(TAIL)
    for place in range(len(two)):
        for bit in range(8):
            content = bytearray(one + two)
            content[len(one) + place] ^= 1 << bit
            assert reads(bytes(content)) in (None, list(range(1, 31))), (place, bit)


def test_no_row_is_lost_where_the_second_member_is_cut_short(pack):
    one, two = pack(HEAD), pack(TAIL)
    for length in range(1, len(two)):
        assert reads(one + two[:length]) is None, length


@pytest.mark.parametrize("rest", [b"\0", b"\0" * 512, b"x", b"2021-01-31,31\n", HEAD])
def test_what_follows_the_packed_data_is_not_overlooked(pack, rest):
    with pytest.raises(DataError, match=r"what follows a member is not another; fetch|damaged"):
        read(pack(HEAD) + rest)


def test_a_small_file_does_not_fill_a_memory(pack, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST_UNCHECKED", 1 << 20)
    rows = b"day,a\n" + b"1,1\n" * (packing.LARGEST_UNCHECKED // 2)
    with pytest.raises(DataError, match="packed bytes unpack to more than"):
        read(pack(rows))


def test_a_table_that_packs_well_is_read_as_long_as_it_is_small(pack):
    rows = b"day,a\n" + b"".join(b"%d,0\n" % row for row in range(20_000))
    assert len(read(pack(rows))) == 20_000
