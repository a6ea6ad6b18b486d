"""Coverage-guided fuzzing of the readers, by hand (Atheris: `pip install -e '.[fuzz]'`).

python -m tests.fuzz pickles -max_total_time=300
python -m tests.fuzz archives|safetensors|onnx|tables ...

Anything but a refusal stops it and is kept as crash-*, so is what takes 30 s; mended, it belongs
into tests/corpus. Options are libFuzzer's.
"""

import pickle
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import atheris
import torch

from tests.conftest import REPOSITORY
from tests.onnx_files import one_node, weights_of
from tests.torch_files import tensor_program, zipped

# An editable installation has a loader of its own, whose code Atheris cannot see into.
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in type(each).__module__]
with atheris.instrument_imports(include=["grucli"]):
    from grucli.checkpoint import load_checkpoint
    from grucli.data.readers.csv_fast import read_fast
    from grucli.data.readers.csv_strict import read_strict
    from grucli.data.readers.sources import Source
    from grucli.data.readers.wanted import Wanted
    from grucli.errors import CheckpointError, DataError
    from grucli.formats import read_tensors

PLACE = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "file"
CORPUS = REPOSITORY / "tests" / "corpus"
LIMITS = ("-timeout=30", "-rss_limit_mb=2000", "-len_control=10", "-max_len=6000")


def archives(content: bytes) -> None:
    """A file in the place of a checkpoint."""
    read_or_refuse(load_checkpoint, content)


def pickles(content: bytes) -> None:
    """A pickle in an archive whose checksums are right."""
    archives(zipped(content, storages=[bytes(16)]))


def weights(content: bytes) -> None:
    """A file of weights that others wrote."""
    read_or_refuse(read_tensors, content)


def read_or_refuse(read, content: bytes) -> None:
    """A file is read, or refused in words that may be shown."""
    PLACE.write_bytes(content)
    try:
        read(PLACE)
    except CheckpointError as error:
        check_words(error)


def tables(content: bytes) -> None:
    """A table: both readers give the same bits, or the fast one leaves it."""
    fast, strict = (table_of(read, content) for read in (read_fast, read_strict))
    assert fast is None or fast == strict


def table_of(read, content: bytes):
    """Times and values as they were read; None where they were not."""
    source = Source("f", content)
    try:
        table = read(source, Wanted("day", columns=["a"]))
    except DataError as error:
        check_words(error)
        return None
    return table and (table.values.tobytes(), table.timestamps.tobytes())


def check_words(error: Exception) -> None:
    """What is said of foreign bytes is short, and acts on no terminal."""
    for problem in error.problems:
        assert problem.isprintable(), problem
        assert len(problem) < 2000, problem[:200]


def bodies() -> list[bytes]:
    """Pickles of checkpoints, and of single tensors."""
    plain = {"format": "grucli", "versions": {"grucli": "1"}, "columns": ["a"], "n": 2**70}
    return [tensor_program(), pickle.dumps(plain, 2), pickle.dumps([1.5, None, True, (), b"a"], 2)]


def models() -> list[bytes]:
    """ONNX models as the package writes them."""
    kinds = {"GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM, "RNN": torch.nn.RNN}
    return [
        one_node(weights_of(kind(2, 2), op=op), op=op).SerializeToString()
        for op, kind in kinds.items()
    ]


def saved() -> list[bytes]:
    """A small archive as torch writes it."""
    buffer = BytesIO()
    torch.save({"a": torch.ones(2), "b": [1, 2.5, "x"]}, buffer)
    return [buffer.getvalue()]


TARGETS = {
    "archives": (archives, "checkpoints/*", saved),
    "pickles": (pickles, "", bodies),
    "safetensors": (weights, "weights/*.safetensors", list),
    "onnx": (weights, "weights/*.onnx", models),
    "tables": (tables, "tables/*", list),
}
"""What is tried, on which files of the corpus at first, and on what else."""


def main(name: str, *options: str) -> None:
    """Fuzz one target from its files on."""
    target, pattern, more = TARGETS[name]
    with tempfile.TemporaryDirectory() as seeds:
        found = [path.read_bytes() for path in CORPUS.glob(pattern)] if pattern else []
        for number, content in enumerate([*found, *more()]):
            (Path(seeds) / str(number)).write_bytes(content)
        atheris.Setup([sys.argv[0], seeds, *LIMITS, *options], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
