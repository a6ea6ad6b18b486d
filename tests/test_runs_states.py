"""Going on from what can still be read, with the settings that the run had."""

import pytest

from grucli import train
from grucli.checkpoint import load_checkpoint
from grucli.cli.app import run
from grucli.errors import CheckpointError, InterruptedRunError, UsageError
from grucli.recipe import load_recipe
from grucli.runs import saving, states, training
from grucli.runs.origin import Origin
from tests.conftest import RECIPE
from tests.test_runs_training import metrics_of, stopping_after, weights_of

DAMAGE = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "other bytes": lambda content: b"0" * len(content),
    "one bit": lambda content: content[:2000] + bytes([content[2000] ^ 1]) + content[2001:],
}


@pytest.fixture
def stopped(folder, monkeypatch):
    """The folder of a run stopped in its third epoch, saved after each."""
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.0)
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=folder / "run", stop=stopping_after(13))
    return folder / "run"


def resumed(run, *overrides):
    """The first event of going on, and what comes to be of the run."""
    recipe = str(run.parent / "wave.yaml")
    started, *_ = training.train(
        load_recipe(recipe, overrides),
        run_dir=run,
        resume=True,
        origin=Origin.of(recipe, overrides),
    )
    return started


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_state_that_cannot_be_read_is_set_aside_and_the_one_before_goes_on(stopped, damage):
    last = stopped / "last.pt"
    bad = DAMAGE[damage](last.read_bytes())
    last.write_bytes(bad)
    note = resumed(stopped).notes[0]
    assert f"{last}: " in note
    assert "last.previous.pt, epoch 2, step 10; the unreadable file is kept as" in note
    assert (stopped / "last.damaged.pt").read_bytes() == bad
    train(stopped.parent / "wave.yaml", run_dir=stopped.parent / "whole")
    assert weights_of(last) == weights_of(stopped.parent / "whole" / "last.pt")
    assert metrics_of(stopped) == metrics_of(stopped.parent / "whole")


def test_a_state_that_is_gone_leaves_the_one_before(stopped):
    (stopped / "last.pt").unlink()
    assert "no such file" in resumed(stopped).notes[0]
    assert not (stopped / "last.damaged.pt").exists()


def test_two_states_that_cannot_be_read_are_both_named_and_nothing_is_changed(stopped):
    for name in ("last.pt", "last.previous.pt"):
        (stopped / name).write_bytes(b"no")
    before = {entry.name: entry.read_bytes() for entry in stopped.iterdir()}
    with pytest.raises(CheckpointError, match=r"last\.pt: .*\n.*last\.previous\.pt: "):
        resumed(stopped)
    assert {entry.name: entry.read_bytes() for entry in stopped.iterdir()} == before


def test_one_state_alone_that_cannot_be_read_says_what_to_do(stopped):
    (stopped / "last.previous.pt").unlink()
    (stopped / "last.pt").write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"holds no earlier state .* --overwrite"):
        resumed(stopped)


def test_a_refused_start_sets_nothing_aside(stopped):
    (stopped / "last.pt").write_bytes(b"no")
    with pytest.raises(UsageError):
        resumed(stopped, "train.lr=0.5")
    assert (stopped / "last.pt").read_bytes() == b"no"


def test_a_state_that_does_not_read_back_does_not_replace_the_one_before(stopped, monkeypatch):
    def rotten(checkpoint, path):
        save_checkpoint(checkpoint, path)
        if path.name == "last.pt":
            path.write_bytes(path.read_bytes()[:-100])

    save_checkpoint = states.save_checkpoint
    monkeypatch.setattr(states, "save_checkpoint", rotten)
    resumed(stopped, "train.epochs=5")
    assert load_checkpoint(stopped / "last.previous.pt").progress["step"] == 11


def test_where_files_have_one_name_only_the_state_before_is_a_copy(stopped, monkeypatch):
    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(states.Path, "hardlink_to", refused)
    resumed(stopped)
    assert load_checkpoint(stopped / "last.previous.pt").progress["step"] == 11


def test_settings_beside_the_recipe_are_kept_and_named(folder):
    given = ["train.epochs=6", "train.lr=0.02", "model.hidden=5", "train.clip=null"]
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", given, run_dir=folder / "run", stop=stopping_after(3))
    started = resumed(folder / "run")
    file = folder / "wave.yaml"
    assert set(started.notes) == {
        f"train.epochs is 6, as in the run so far; {file} says 3; --set train.epochs=3 changes it",
        f"train.lr is 0.02, as in the run so far; {file} says 0.01",
        f"model.hidden is 5, as in the run so far; {file} says 8",
        f"train.clip is null, as in the run so far; {file} says 1.0",
    }
    train(folder / "wave.yaml", given, run_dir=folder / "whole")
    for name in ("best.pt", "last.pt"):
        assert weights_of(folder / "run" / name) == weights_of(folder / "whole" / name)


def test_a_run_that_is_done_says_how_to_go_on_and_does(folder):
    run = folder / "run"
    train(folder / "wave.yaml", run_dir=run)
    assert resumed(run).notes == (
        "nothing is left to train: 3 epochs are done; to go on, --set train.epochs=N with a larger "
        "number",
    )
    assert resumed(run, "train.epochs=5").notes == ()
    train(folder / "wave.yaml", ["train.epochs=5"], run_dir=folder / "whole")
    assert metrics_of(run) == metrics_of(folder / "whole")
    assert weights_of(run / "best.pt") == weights_of(folder / "whole" / "best.pt")
    for name in ("recipe.yaml", "weights.jsonl", "snapshots.jsonl"):
        assert (run / name).read_text() == (folder / "whole" / name).read_text()


def test_a_run_that_stopped_early_says_how_to_go_on(folder):
    given = ["train.epochs=50", "train.patience=2", "train.lr=0.5"]
    train(folder / "wave.yaml", given, run_dir=folder / "run")
    done = load_checkpoint(folder / "run" / "last.pt").progress["epoch"]
    notes = resumed(folder / "run").notes
    assert "2 epochs without a better one; to go on, --set train.patience=null" in notes[-1]
    resumed(folder / "run", "train.patience=null", f"train.epochs={done + 1}")
    assert load_checkpoint(folder / "run" / "last.pt").progress["epoch"] == done + 1


def test_a_project_that_was_moved_can_go_on(folder, tmp_path_factory):
    with pytest.raises(InterruptedRunError):
        train(folder / "wave.yaml", run_dir=folder / "run", stop=stopping_after(3))
    moved = folder.rename(tmp_path_factory.mktemp("elsewhere") / "project")
    assert resumed(moved / "run").notes == ()


def test_a_log_that_lost_a_line_is_told_of(folder):
    run = folder / "run"
    train(folder / "wave.yaml", run_dir=run)
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join([lines[0], *lines[2:]]))
    assert any("has no line of epoch 2;" in note for note in resumed(run).notes)


@pytest.mark.parametrize("line", [b"\xff\xfe", b"3", b"{}", b"[1]", b'{"kind": "Epo'])
def test_a_line_that_is_none_of_ours_ends_the_log_and_is_told_of(folder, line):
    run = folder / "run"
    train(folder / "wave.yaml", run_dir=run)
    lines = (run / "metrics.jsonl").read_bytes().split(b"\n")
    (run / "metrics.jsonl").write_bytes(b"\n".join([lines[0], line, *lines[2:]]))
    assert any("has no line of epoch 2, 3;" in note for note in resumed(run).notes)


def test_overrides_of_a_section_are_known_by_its_keys():
    origin = Origin.of("a.yaml", [" train . lr =1", "model={hidden: 3}"])
    assert [origin.sets(key) for key in ("train.lr", "model.hidden", "train.clip", "modelx")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_recipe_of_a_run_that_is_its_own_file_is_left_as_it_is(folder):
    train(folder / "wave.yaml", run_dir=folder / "run")
    recipe = folder / "run" / "recipe.yaml"
    text = "# mine\n" + RECIPE.replace("wave.csv", str(folder / "wave.csv"))
    recipe.write_text(text)
    train(recipe, ["train.epochs=4"], run_dir=folder / "run", resume=True)
    assert recipe.read_text() == text


def test_resuming_without_the_options_of_the_start_keeps_them_and_says_so(
    folder, capsys, monkeypatch
):
    monkeypatch.chdir(folder)
    assert run(["train", "wave.yaml", "--set", "train.epochs=2", "--seed", "3"]) == 0
    assert run(["train", "wave.yaml", "--resume"]) == 0
    said = capsys.readouterr().err
    assert "note: train.epochs is 2, as in the run so far; wave.yaml says 3; --set train" in said
    assert "note: train.seed is 3, as in the run so far; wave.yaml says 7\n" in said
    assert "note: nothing is left to train: 2 epochs are done" in said
    assert run(["train", "wave.yaml", "--resume", "--seed", "4"]) == 2
    assert "train.seed was 3 and is now 4" in capsys.readouterr().err
