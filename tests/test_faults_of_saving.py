"""Whatever a run does to its folder may fail or be the last thing it does: nothing is lost."""

import shutil

import pytest

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.errors import GrucliError, UsageError
from grucli.runs import saving
from tests.conftest import RECIPE, write_wave
from tests.faults import EndedError, broken, ended, fault_at, no_space
from tests.test_runs_training import metrics_of, weights_of

SMALL = ["model.layers=1", "model.hidden=4"]
OLD = [*SMALL, "train.epochs=1", "train.seed=1"]
NEW = [*SMALL, "train.epochs=3", "train.seed=7"]
STEP = 23
"""Of the places one in so many is tried where there is little time."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a recipe, its table, and runs: old, new, and one whose last.pt is damaged."""
    place = tmp_path_factory.mktemp("faults")
    write_wave(place / "wave.csv", rows=80)
    (place / "wave.yaml").write_text(RECIPE)
    train(place / "wave.yaml", OLD, run_dir=place / "old", threads=1)
    train(place / "wave.yaml", NEW, run_dir=place / "new", threads=1)
    saving.SAVE_SECONDS, before = 0.0, saving.SAVE_SECONDS
    train(place / "wave.yaml", [*NEW, "train.epochs=2"], run_dir=place / "damaged", threads=1)
    saving.SAVE_SECONDS = before
    (place / "damaged" / "last.pt").write_bytes(b"damaged")
    return place


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)


def start(runs, run, **options):
    return train(runs / "wave.yaml", NEW, run_dir=run, threads=1, **options)


def places(runs, before=None, **options):
    """How many calls a run makes that touch its folder, a copy of the run ``before``."""
    run = prepared(runs, runs / "count", before)
    with fault_at(-1, broken, run) as calls:
        start(runs, run, **options)
    shutil.rmtree(run)
    return len(calls)


def prepared(runs, run, before):
    """A folder for a run: a copy of another, or not there yet."""
    if before is not None:
        shutil.copytree(runs / before, run)
    return run


def check_whole(run, whole):
    """The run has all that an undisturbed one has, and nothing else."""
    assert metrics_of(run) == metrics_of(whole)
    for name in ("weights.jsonl", "snapshots.jsonl", "recipe.yaml"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()
    for name in ("best.pt", "last.pt"):
        assert weights_of(run / name) == weights_of(whole / name)
    assert {entry.name for entry in run.iterdir()} <= {
        *(entry.name for entry in whole.iterdir()),
        "last.previous.pt",
    }


def go_on(runs, run):
    """What a person does next: resume, or start again where nothing was saved."""
    for path in run.rglob("*.pt") if run.exists() else ():
        load_checkpoint(path)
    try:
        start(runs, run, resume=True)
    except UsageError as refused:
        if "nothing to resume" not in str(refused):
            raise
        start(runs, run, overwrite=True)


def go_on_from_either(runs, run):
    """The same after a run was to take the place of another, which may still be there, whole."""
    try:
        go_on(runs, run)
    except UsageError:
        assert is_old(runs, run)
        start(runs, run, overwrite=True)


def is_old(runs, run):
    """Whether a run was not touched at all."""
    return all(
        (run / old.name).read_bytes() == old.read_bytes() for old in (runs / "old").iterdir()
    )


def disturb(runs, run, place, fault, **options):
    try:
        with fault_at(place, fault, run):
            start(runs, run, **options)
    except (GrucliError, EndedError):
        pass


def sweep(every):
    return [pytest.param(fault, every, id=fault.__name__) for fault in (no_space, broken, ended)]


WAYS = [
    *sweep(STEP),
    *(pytest.param(*way.values, id=f"{way.id}-all", marks=pytest.mark.slow) for way in sweep(1)),
]


@pytest.mark.parametrize(("fault", "every"), WAYS)
def test_a_fault_at_any_place_of_a_run_loses_nothing(runs, tmp_path, fault, every):
    for place in range(0, places(runs), every):
        run = tmp_path / str(place)
        disturb(runs, run, place, fault)
        go_on(runs, run)
        check_whole(run, runs / "new")


@pytest.mark.parametrize(("fault", "every"), WAYS)
def test_a_fault_while_a_run_takes_the_place_of_another_leaves_one_of_them(
    runs, tmp_path, fault, every
):
    for place in range(0, places(runs, "old", overwrite=True), every):
        run = prepared(runs, tmp_path / str(place), "old")
        disturb(runs, run, place, fault, overwrite=True)
        go_on_from_either(runs, run)
        check_whole(run, runs / "new")


@pytest.mark.parametrize(("fault", "every"), WAYS)
def test_a_fault_while_a_run_goes_on_from_the_state_before_loses_nothing(
    runs, tmp_path, fault, every
):
    for place in range(0, places(runs, "damaged", resume=True), every):
        run = prepared(runs, tmp_path / str(place), "damaged")
        disturb(runs, run, place, fault, resume=True)
        start(runs, run, resume=True)
        assert (run / "last.damaged.pt").read_bytes() == b"damaged"
        (run / "last.damaged.pt").unlink()
        check_whole(run, runs / "new")
