"""One run in the place of another: nothing old goes before the new is safe, inputs never."""

import pytest

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.errors import DataError, GrucliError, InterruptedRunError, TrainingError, UsageError
from grucli.recipe import load_recipe
from grucli.runs import folder as run_folder
from grucli.runs import replacing, saving, training
from tests.conftest import RECIPE
from tests.test_runs_training import metrics_of, stopping_after, weights_of

OLD = ["train.epochs=2"]
NEW = ["train.epochs=3", "train.lr=0.02", "model.hidden=5"]


@pytest.fixture
def old(folder):
    """The folder of a run of two epochs with a report, in a folder with its recipe and table."""
    train(folder / "wave.yaml", OLD, run_dir=folder / "run")
    (folder / "run" / "report.html").write_text("old page")
    return folder / "run"


def bytes_of(run):
    return {entry.name: entry.read_bytes() for entry in run.iterdir()}


def again(run, *overrides, **options):
    recipe = run.parent / "wave.yaml"
    return train(recipe, overrides or NEW, run_dir=run, overwrite=True, **options)


def test_a_table_that_is_not_there_leaves_the_old_run_as_it_was(old):
    before = bytes_of(old)
    with pytest.raises(DataError):
        again(old, "data.path=nowhere.csv")
    assert bytes_of(old) == before


def test_an_interruption_while_reading_leaves_the_old_run_as_it_was(old, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    before = bytes_of(old)
    monkeypatch.setattr("grucli.runs.tables.read_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        again(old)
    assert bytes_of(old) == before


def test_training_that_fails_in_the_first_epoch_leaves_the_old_run_as_it_was(old):
    before = bytes_of(old)
    with pytest.raises(TrainingError):
        again(old, "train.optimizer=sgd", "train.lr=1e30", "train.clip=null")
    assert bytes_of(old) == before


def test_the_old_files_are_there_until_the_first_epoch_is_saved(old):
    before = bytes_of(old)
    recipe = load_recipe(str(old.parent / "wave.yaml"), NEW)
    for event in training.train(recipe, run_dir=old, overwrite=True):
        if type(event).__name__ in ("TrainingStarted", "Step") and getattr(event, "epoch", 1) == 1:
            now = bytes_of_files(old)
            assert {name: now[name] for name in before} == before
    assert load_checkpoint(old / "best.pt").recipe["model"]["hidden"] == 5


def bytes_of_files(run):
    return {entry.name: entry.read_bytes() for entry in run.iterdir() if entry.is_file()}


def test_nothing_of_the_old_run_stays_beside_the_new_one(old):
    (old / "last.damaged.pt").write_bytes(b"old")
    (old / "notes.txt").write_text("mine")
    again(old)
    train(old.parent / "wave.yaml", NEW, run_dir=old.parent / "fresh")
    ours, fresh = (
        {entry.name for entry in place.iterdir()} for place in (old, old.parent / "fresh")
    )
    assert ours == fresh | {"notes.txt"}
    assert metrics_of(old) == metrics_of(old.parent / "fresh")
    assert (old / "recipe.yaml").read_text() == (old.parent / "fresh/recipe.yaml").read_text()


def test_a_new_run_stopped_in_its_first_epoch_goes_on_and_the_old_one_stays_until_then(old):
    before = bytes_of(old)
    with pytest.raises(InterruptedRunError, match=r"\.new/last\.pt; go on with --resume"):
        again(old, stop=stopping_after(3))
    assert bytes_of_files(old) == before
    train(old.parent / "wave.yaml", NEW, run_dir=old, resume=True)
    train(old.parent / "wave.yaml", NEW, run_dir=old.parent / "whole")
    assert weights_of(old / "last.pt") == weights_of(old.parent / "whole" / "last.pt")
    assert metrics_of(old) == metrics_of(old.parent / "whole")
    assert not (old / ".new").exists()


def test_overwriting_once_more_forgets_a_run_stopped_in_its_first_epoch(old):
    with pytest.raises(InterruptedRunError):
        again(old, stop=stopping_after(3))
    again(old)
    assert not (old / ".new").exists()
    assert metrics_of(old)[0]["epoch"] == 1


@pytest.mark.parametrize("moved", range(7))
def test_a_change_of_runs_that_was_cut_short_is_finished_by_the_next_start(old, monkeypatch, moved):
    def cut(path, target):
        if str(path.parent).endswith(replacing.MOVING):
            if len(done) == moved:
                raise OSError(5, "Input/output error")
            done.append(path.name)
        return rename(path, target)

    done, rename = [], run_folder.Path.replace
    monkeypatch.setattr(replacing.Path, "replace", cut)
    if moved < len(run_folder.WRITTEN):
        with pytest.raises(GrucliError, match=r"could not be changed: .*; nothing is lost"):
            again(old)
        assert not any(name == "last.pt" for name in done)
    else:
        again(old)
    monkeypatch.undo()
    train(old.parent / "wave.yaml", NEW, run_dir=old, resume=True)
    train(old.parent / "wave.yaml", NEW, run_dir=old.parent / "whole")
    assert metrics_of(old) == metrics_of(old.parent / "whole")
    for name in ("best.pt", "last.pt"):
        assert weights_of(old / name) == weights_of(old.parent / "whole" / name)


def test_a_full_disk_at_the_first_save_leaves_the_old_run_as_it_was(old, monkeypatch):
    def full(*_):
        raise GrucliError("no space")

    before = bytes_of(old)
    monkeypatch.setattr(saving, "save_state", full)
    with pytest.raises(GrucliError, match="no space"):
        again(old)
    assert bytes_of(old) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_recipe_among_the_files_to_write_is_refused_and_stays(folder, overwrite, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "recipe.yaml").write_text(RECIPE)
    with pytest.raises(UsageError, match=r"recipe\.yaml: is read by this run and lies where it"):
        train("recipe.yaml", run_dir=".", overwrite=overwrite)
    assert (folder / "recipe.yaml").read_text() == RECIPE


@pytest.mark.parametrize("name", ["recipe.yaml", "report.html"])
def test_a_file_of_no_run_is_not_written_over(folder, name):
    (folder / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name}: belongs to no run here"):
        train(folder / "wave.yaml", run_dir=folder, overwrite=True)
    assert (folder / name).read_text() == "mine"


def test_a_table_or_initial_weights_among_the_files_to_write_are_refused(old, tmp_path):
    table = (old.parent / "wave.csv").read_text()
    (tmp_path / "link").symlink_to(old)
    (old / "report.html").write_text(table)
    for override in ("data.path=link/report.html", f"model.init.checkpoint={old / 'best.pt'}"):
        recipe = load_recipe(
            str(old.parent / "wave.yaml"), [override.replace("link", str(tmp_path / "link"))]
        )
        with pytest.raises(UsageError, match="is read by this run"):
            list(training.train(recipe, run_dir=old, overwrite=True))
    assert (old / "report.html").read_text() == table


def test_a_run_can_go_on_from_its_own_recipe(old):
    train(old / "recipe.yaml", ["train.epochs=3"], run_dir=old, resume=True)
    assert load_checkpoint(old / "last.pt").progress["epoch"] == 3


def test_a_folder_without_a_state_is_not_told_to_resume(old):
    for name in ("last.pt", "last.previous.pt"):
        (old / name).unlink()
    with pytest.raises(UsageError, match="add --overwrite to start again, or"):
        train(old.parent / "wave.yaml", run_dir=old)
    with pytest.raises(UsageError, match=r"nothing to resume; .* run the command with --overwrite"):
        train(old.parent / "wave.yaml", run_dir=old, resume=True)


def test_a_lock_that_cannot_be_let_go_of_takes_nothing_from_a_finished_run(old, monkeypatch):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("grucli.runs.folder.FileLock.release", broken)
    train(old.parent / "wave.yaml", run_dir=old.parent / "new")
    assert (old.parent / "new" / "best.pt").exists()
