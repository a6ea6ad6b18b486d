"""A search for good settings: one study, many processes, and no trial lost."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from grucli import train
from grucli.cli.views.tuning_result import setting_words
from grucli.errors import GrucliError, InterruptedRunError, RecipeError, TrainingError, UsageError
from grucli.recipe import load_recipe
from grucli.runs import tuning
from grucli.runs.tables import read_judged
from grucli.runs.tuning import tune
from grucli.tuning import storage
from grucli.tuning.journal import Journal
from grucli.tuning.space import space_of
from grucli.tuning.study import Search
from tests.conftest import grucli, write_wave
from tests.faults import files_of_at_most

SMALL = """\
name: wave
data: {path: wave.csv, time: day, target: level, split: {valid: 0.2, test: 0.2}}
task: {context: 8, horizon: 2, normalise: last}
model: {hidden: 4}
train: {lr: 1.0e-2, batch_size: 32, epochs: 2, seed: 7}
tune: {trials: 6, pruner: none, train.lr: {log: [1.0e-3, 1.0e-1]}, model.hidden: [2, 4]}
"""


def small(folder, rows=120, text=SMALL):
    folder.mkdir(exist_ok=True)
    write_wave(folder / "wave.csv", rows)
    (folder / "wave.yaml").write_text(text)
    return folder / "wave.yaml"


def searched(file, *settings, **options):
    options.setdefault("run_dir", file.parent / "study")
    return tune(load_recipe(file, settings), **{"threads": 1, **options})


@pytest.mark.parametrize(("value", "words"), [(True, "true"), (0.00123456, "0.00123"), (None, "–")])
def test_a_setting_is_shown_short_in_the_words_of_a_recipe(value, words):
    assert setting_words(value) == words


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A finished search, in a folder that nobody changes."""
    return searched(small(tmp_path_factory.mktemp("found")))


def settings(trials):
    return [dict(trial.settings) for trial in trials]


def test_the_first_trial_is_the_recipe_as_it_is(found):
    assert [trial.number for trial in found.trials] == list(range(6))
    assert found.trials[0].settings == {"train.lr": 0.01, "model.hidden": 4}
    assert found.own is found.trials[0]


def test_the_best_trial_has_the_lowest_validation_loss(found):
    assert found.best.score == min(trial.score for trial in found.trials)


def test_the_best_recipe_trains_as_it_is_to_the_same_validation_loss(found, tmp_path):
    again = train(found.recipe_path, run_dir=tmp_path / "run", threads=1)
    assert again.best_valid_loss == found.best.score
    assert again.best_epoch == found.best.best_epoch


def test_the_best_recipe_says_its_score_and_what_it_changes(found):
    lines = Path(found.recipe_path).read_text().splitlines()
    assert f"trial {found.best.number}, validation loss {found.best.score:.6g}" in lines[0]
    hidden, lr = found.best.settings["model.hidden"], found.best.settings["train.lr"]
    assert f"# train.lr: {lr!r} (the recipe has 0.01)" in lines
    assert load_recipe(found.recipe_path).model.hidden == hidden


def test_the_same_search_finds_the_same_whatever_the_test_span_holds(found, tmp_path):
    file = small(tmp_path)
    lines = (tmp_path / "wave.csv").read_text().splitlines()
    spoiled = [f"{line.split(',')[0]},1e6" for line in lines[-24:]]
    (tmp_path / "wave.csv").write_text("\n".join([*lines[:-24], *spoiled]) + "\n")
    again = searched(file, trials=4)
    assert settings(again.trials) == settings(found.trials[:4])
    assert [trial.score for trial in again.trials] == [trial.score for trial in found.trials[:4]]


def test_a_finished_search_goes_on_where_more_trials_are_wanted(tmp_path, monkeypatch):
    file, reads = small(tmp_path), []
    monkeypatch.setattr(tuning, "read_judged", lambda r: reads.append(r) or read_judged(r))
    first = searched(file, trials=2)
    second = searched(file, trials=4)
    assert settings(second.trials)[:2] == settings(first.trials)
    assert len(second.trials) == 4
    assert len(reads) == 2, "the table is read once a process, not once a trial"


def test_a_grid_tries_every_combination_once(tmp_path):
    file = small(tmp_path)
    text = SMALL.replace("{log: [1.0e-3, 1.0e-1]}", "[0.001, 0.01]").replace("6", "40", 1)
    file.write_text(text.replace("trials", "sampler: grid, trials"))
    tried = {tuple(trial.settings.values()) for trial in searched(file).trials}
    assert tried == {(lr, hidden) for lr in (0.001, 0.01) for hidden in (2, 4)}


def test_settings_that_diverge_or_do_not_go_together_fail_alone(tmp_path):
    space = "{trials: 4, sampler: grid, train.lr: [0.01, 1.0e+30], model.segment: [1, null], "
    space += "model.decoder: [direct, segment]}"
    file = small(tmp_path, text=SMALL.partition("tune:")[0] + f"tune: {space}\n")
    found = searched(file, "train.clip=null", trials=8)
    by_state = {trial.state for trial in found.trials}
    reasons = " ".join(trial.reason for trial in found.trials)
    assert by_state == {"complete", "failed"}
    assert "expected null, or model.decoder segment" in reasons
    assert "try a smaller train.lr" in reasons


def test_a_search_in_which_nothing_comes_to_an_end_says_why(tmp_path):
    file = small(tmp_path, text=SMALL.replace("{log: [1.0e-3, 1.0e-1]}", "[1.0e+30, 1.0e+31]"))
    with pytest.raises(TrainingError, match=r"none of 2 trials came to an end: epoch 1, step"):
        searched(file, "train.clip=null", trials=2)


def test_a_trial_that_was_stopped_is_run_again(tmp_path):
    file, steps = small(tmp_path), iter(range(1000))
    with pytest.raises(InterruptedRunError, match="the study is kept") as stopped:
        searched(file, stop=lambda: signal.SIGINT if next(steps) == 2 else None)
    assert stopped.value.exit_code == 130
    again = searched(file, trials=2)
    assert len(again.trials) == 2
    assert again.own.settings == {"train.lr": 0.01, "model.hidden": 4}


HANGS = """
import sys, time
import grucli.runs.tuning as t, grucli.tuning.storage as s
from grucli.recipe import load_recipe
def hang(*_):
    print("HERE", flush=True)
    time.sleep(600)
if sys.argv[2] == "hang":
    t.fit = hang
url = sys.argv[3] if len(sys.argv) > 3 else None
s.HEARTBEAT_SECONDS, s.GRACE_SECONDS = 1, 2
t.tune(load_recipe(sys.argv[1]), run_dir=sys.argv[1] + ".study", storage=url, threads=1)
"""


@contextmanager
def in_another_process(file, *arguments):
    """A search in a process of its own, which is gone when the block ends."""
    command = [sys.executable, "-c", HANGS, str(file), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_trial_of_a_process_that_was_killed_is_given_to_another(tmp_path):
    file = small(tmp_path)
    recipe, folder = load_recipe(file, ["tune.trials=1"]), Path(f"{file}.study")
    with ExitStack() as opened:
        other = opened.enter_context(in_another_process(file, "hang"))
        assert other.stdout.readline() == "HERE\n"
        table = json.loads((folder / "study.journal").read_text().splitlines()[1])
        digest = table["user_attr"]["grucli"]["table"]
        search = Search(recipe, recipe.tune.space, folder, trials=1, table=digest)
        opened.enter_context(search)
        assert search.run_next(None) is None, "the other one is at it"
        other.kill()
        other.wait()
        assert search.run_next(lambda trial, _: trial.number) is True
        assert search.run_next(None) is False
        (trial,) = search.results()
    assert trial.is_own
    assert searched(file, run_dir=folder, trials=3).trials[0].number == 1


def test_a_trial_of_which_three_processes_died_is_left(tmp_path):
    recipe = load_recipe(small(tmp_path))
    search = Search(recipe, recipe.tune.space, tmp_path / "s", trials=1, table="")
    for death in range(3):
        assert search.progress() == (0, 0)
        search.study.ask().set_user_attr("worker", f"{death} is gone")
        search._give_back_lost()
    assert search.run_next(None) is False
    (trial,) = search.results()
    assert (trial.state, trial.reason) == ("failed", "the processes that ran it died")


def test_a_line_that_a_full_disk_cut_short_is_taken_off(tmp_path):
    file = small(tmp_path)
    first = searched(file, trials=1)
    with (tmp_path / "study" / "study.journal").open("a") as journal:
        journal.write('{"op_code": 4, "wor')
    assert settings(searched(file, trials=2).trials)[:1] == settings(first.trials)


@pytest.mark.parametrize("room", [0, 100, 500, 1100, 1700])
def test_a_disk_that_fills_during_a_search_costs_no_trial(tmp_path, room):
    file, journal = small(tmp_path), tmp_path / "study" / "study.journal"
    searched(file, trials=1)
    before = journal.read_bytes()
    with (
        files_of_at_most(len(before) + room),
        pytest.raises(GrucliError, match=r"study\.journal: cannot be used: File too large; what"),
    ):
        searched(file, trials=3)
    after = journal.read_bytes()
    assert after.startswith(before)
    assert after.endswith(b"\n")
    assert [trial.state for trial in searched(file, trials=3).trials] == ["complete"] * 3


def test_what_a_process_writes_behind_half_a_line_can_be_read(tmp_path):
    journal = Journal(tmp_path / "study.journal")
    journal.append_logs([{"first": 1}])
    with journal.path.open("a") as file:
        file.write('{"half')
    journal.append_logs([{"second": 2}, {"third": 3}])
    assert list(journal.read_logs(0)) == [{"first": 1}, {"second": 2}, {"third": 3}]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("model.layers=2", "model.layers was 1 and is now 2"),
        ("tune.sampler=random", None),
        ("data.path=other.csv", None),
    ],
)
def test_a_study_holds_trials_of_one_recipe(found, tmp_path, monkeypatch, changed, words):
    folder = Path(found.recipe_path).parent
    write_wave(tmp_path / "other.csv", 120)
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe(folder.parent / "wave.yaml", [changed])
    if words is None:
        assert len(tune(recipe, run_dir=folder).trials) == 6
    else:
        with pytest.raises(UsageError, match=words):
            tune(recipe, run_dir=folder)


def test_a_study_holds_trials_of_one_table(found, tmp_path, monkeypatch):
    write_wave(tmp_path / "other.csv", 121)
    monkeypatch.chdir(tmp_path)
    folder = Path(found.recipe_path).parent
    recipe = load_recipe(folder.parent / "wave.yaml", ["data.path=other.csv"])
    with pytest.raises(UsageError, match="trials of another table"):
        tune(recipe, run_dir=folder)


def test_a_forecast_without_a_space_has_one(tmp_path):
    file = small(tmp_path, text=SMALL.partition("tune:")[0])
    events = []
    searched(file, trials=1, show=events.append)
    assert events[0].is_built_in
    assert events[0].space["model.hidden"] == "[4, 32, 64, 128]"
    assert events[0].space["train.lr"] == "{log: [0.001, 0.1]}"


def test_a_decade_below_a_rate_reads_as_one(tmp_path):
    recipe = load_recipe(small(tmp_path, text=SMALL.partition("tune:")[0]), ["train.lr=3e-3"])
    assert space_of(recipe)["train.lr"].log == (3e-4, 3e-2)


@pytest.mark.parametrize("kind", ["classify", "regress"])
def test_series_have_a_space_of_their_own(tmp_path, kind):
    data = "{path: x.csv, time: t, series: s, past: [a]}"
    text = f"name: a\ndata: {data}\ntask: {{kind: {kind}, label: y}}\n"
    (tmp_path / "a.yaml").write_text(text)
    space = space_of(load_recipe(tmp_path / "a.yaml"))
    assert space["model.pooling"] == (("last",), ("mean",), ("mean", "max"))
    assert space["model.bidirectional"] == (False, True)
    assert "model.skip" not in space


PLACES = [
    ("{train.lr: [-1, 0.1]}", "6:19: tune.train.lr: found -1; expected a number > 0"),
    ("{trails: [1, 2]}", "6:8: tune.trails: unknown key; expected one of trials, sampler, pruner"),
    ("{trails: 3}", "6:8: tune.trails: unknown key; did you mean 'trials'?"),
    ("{train.lrr: [1, 2]}", "6:8: tune.train.lrr: unknown key; did you mean 'train.lr'?"),
    ("{model.hidden: {range: [0.5, 9]}}", "6:31: tune.model.hidden: found 0.5; expected a whole"),
    ("{model.cell: {range: [1, 2]}}", "6:8: tune.model.cell: found a range; expected a list"),
    ("{data.scale: [a, b]}", "6:8: tune.data.scale: is not searched: what trials are judged by"),
    ("{train.seed: [1, 2]}", "6:8: tune.train.seed: is not searched: the best of many seeds"),
    ("{train.schedule: [1, 2]}", "6:8: tune.train.schedule: a section; expected one of its keys"),
    ("{train.lr: {log: [0.1, 0.01]}}", "6:18: tune.train.lr: found a section; expected a list"),
    ("{train.lr: 3}", "6:18: tune.train.lr: found 3; expected a list of two or more values, or"),
    ("{sampler: grid, train.lr: {log: [1.0e-3, 1]}}", "6:23: tune.train.lr: grid tries all"),
    ("{model.decoder: [direct, segment]}", "6:32: tune.model.decoder: found segment without"),
]


@pytest.mark.parametrize(("space", "words"), PLACES)
def test_a_wrong_space_is_refused_at_its_place(tmp_path, space, words):
    file = small(tmp_path, text=SMALL.partition("tune:")[0] + f"tune: {space}\n")
    with pytest.raises(RecipeError) as error:
        load_recipe(file)
    assert f"wave.yaml:{words}" in str(error.value)
    assert len(error.value.lines) == 1


def test_values_that_only_some_others_go_with_are_no_mistake(tmp_path):
    space = "{model.decoder: [direct, segment], model.segment: [2, null]}"
    file = small(tmp_path, text=SMALL.partition("tune:")[0] + f"tune: {space}\n")
    assert set(load_recipe(file).tune.space) == {"model.decoder", "model.segment"}


def test_what_is_searched_changes_nothing_in_training(tmp_path):
    file = small(tmp_path)
    train(file, run_dir=tmp_path / "run", threads=1)
    (tmp_path / "plain.yaml").write_text(SMALL.partition("tune:")[0])
    train(tmp_path / "plain.yaml", run_dir=tmp_path / "plain", threads=1)
    one, other = (tmp_path / name / "recipe.yaml" for name in ("run", "plain"))
    assert one.read_text() == other.read_text()


def test_without_optuna_the_command_to_install_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"pip install 'grucli\[tune\]'"):
        searched(small(tmp_path))


@pytest.mark.parametrize(("name", "package"), [("cmaes", "cmaes"), ("gp", "scipy")])
def test_a_sampler_names_the_package_that_it_needs(tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=f"pip install {package}, or choose tpe"):
        searched(small(tmp_path), f"tune.sampler={name}")


@pytest.mark.parametrize(("name", "pruner"), [("random", "halving"), ("tpe", "hyperband")])
def test_every_sampler_and_pruner_of_a_recipe_runs(tmp_path, name, pruner):
    found = searched(small(tmp_path), f"tune.sampler={name}", f"tune.pruner={pruner}", trials=2)
    assert len(found.trials) == 2


def test_a_trial_far_behind_the_median_is_ended_early(tmp_path):
    file = small(tmp_path, text=SMALL.replace("[1.0e-3, 1.0e-1]", "[1.0e-6, 1.0e-1]"))
    found = searched(file, "tune.pruner=median", "train.epochs=4", trials=14)
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.epochs < 4 or trial.score > found.best.score for trial in pruned)
    assert set(found.importances) == {"train.lr", "model.hidden"}
    assert sum(found.importances.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "--storage nonsense: not a URL of a database; expected one such as"),
        ("oracle://u:secret@h/d", "install the driver that SQLAlchemy names"),
        ("postgresql://u:secret@127.0.0.1:9/d", "Connection refused"),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_its_password(tmp_path, url, words):
    with pytest.raises(GrucliError) as error:
        searched(small(tmp_path), storage=url)
    assert words in str(error.value)
    assert "secret" not in str(error.value)
    assert len(error.value.lines) == 1


def test_a_database_keeps_a_study_as_a_journal_does(tmp_path, found):
    again = searched(small(tmp_path), storage=f"sqlite:///{tmp_path}/s.db", trials=2)
    assert again.trials[0].score == found.trials[0].score
    assert not (tmp_path / "study" / "study.journal").exists()


def test_the_command_line_gives_the_result_and_what_to_type(tmp_path):
    small(tmp_path)
    done = grucli("tune", "wave.yaml", "--trials", "2", "--threads", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Search wave: 2 trials, 2 complete" in done.stdout
    assert done.stderr.rstrip().endswith("grucli train runs/wave-tune/best.yaml")
    again = grucli("tune", "wave.yaml", "--trials", "2", "--json", "--quiet", cwd=tmp_path)
    document = json.loads(again.stdout, parse_constant=pytest.fail)
    assert (document["kind"], len(document["trials"])) == ("TuningResult", 2)
    assert again.stderr == ""


POSTGRES = Path("/usr/lib/postgresql")
PORT = 54329


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The URL of a PostgreSQL of its own on the loopback, from Debian's package."""
    programs = sorted(POSTGRES.glob("*/bin"))
    if not programs:
        pytest.skip("the Debian package postgresql is not installed")
    place = tmp_path_factory.mktemp("postgres")
    for folder in (place, *place.parents[:3]):
        folder.chmod(0o755)
    place.chmod(0o777)
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def run(program, *arguments):
        command = [*user, programs[-1] / program, "-D", place / "data", *arguments]
        subprocess.run(command, check=True, cwd=place, stdout=subprocess.DEVNULL)

    run("initdb", "--auth=trust", "--username=grucli")
    options = f"-p {PORT} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    run("pg_ctl", "-w", "-l", place / "log", "-o", options, "start")
    yield f"postgresql://grucli@127.0.0.1:{PORT}/postgres"
    run("pg_ctl", "-m", "immediate", "stop")


@pytest.mark.database
def test_processes_share_a_study_in_postgresql_and_one_that_dies_loses_nothing(
    database, tmp_path, monkeypatch
):
    monkeypatch.setattr(storage, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(storage, "GRACE_SECONDS", 2)
    file = small(tmp_path)
    with in_another_process(file, "hang", database) as dying:
        assert dying.stdout.readline() == "HERE\n"
        with in_another_process(file, "help", database) as helping:
            dying.kill()
            found = searched(file, storage=database)
            assert helping.wait() == 0
    assert len(found.trials) == 6
    assert {trial.state for trial in found.trials} == {"complete"}
    assert found.own.number > 0, "the first one was run again"
    assert "postgresql://grucli@127.0.0.1" in found.storage
