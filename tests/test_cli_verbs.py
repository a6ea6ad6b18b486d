"""The four verbs as real processes: results, exit codes, pipes and closed outputs."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tests.conftest import grucli
from tests.onnx_files import one_node, saved, weights_of


@pytest.fixture(scope="module")
def best(trained):
    return trained / "run" / "best.pt"


def errors(done):
    assert "Traceback" not in done.stderr
    return done.stderr


def test_training_without_a_terminal_prints_one_plain_line_an_epoch(folder):
    done = grucli("train", "wave.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "On the test span (30 windows of 3 steps; * best)" in done.stdout
    assert "\x1b" not in done.stderr + done.stdout
    assert done.stderr.rstrip().endswith("grucli inspect-weights runs/wave/best.pt")
    assert "\r" not in done.stderr
    assert [line.split()[1] for line in done.stderr.splitlines() if line.startswith("epoch")] == [
        "1/3",
        "2/3",
        "3/3",
    ]
    files = {entry.name for entry in (folder / "runs" / "wave").iterdir()}
    assert files >= {"recipe.yaml", "metrics.jsonl", "best.pt", "last.pt"}


def test_the_resolved_recipe_trains_to_the_same_weights(folder):
    printed = grucli("train", "wave.yaml", "--set", "train.epochs=1", "--print-recipe", cwd=folder)
    (folder / "again.yaml").write_text(printed.stdout)
    one = ("--threads", "1", "--run-dir")
    first = grucli("train", "wave.yaml", "--set", "train.epochs=1", *one, "a", cwd=folder)
    second = grucli("train", "again.yaml", *one, "b", cwd=folder)
    assert (first.returncode, second.returncode) == (0, 0)
    a, b = (torch.load(folder / name / "best.pt", weights_only=True) for name in "ab")
    assert all(torch.equal(a["weights"][name], b["weights"][name]) for name in a["weights"])


def test_quiet_training_says_its_result_alone(folder):
    done = grucli("train", "wave.yaml", "--set", "train.epochs=1", "--quiet", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.lstrip().startswith("On the test span")


def test_training_gives_one_document_with_its_scores(folder):
    settings = ("--set", "train.epochs=1", "--json", "--run-dir", "document")
    done = grucli("train", "wave.yaml", *settings, cwd=folder)
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document["kind"] == "TrainingFinished"
    scores = json.loads(grucli("eval", "document", "--json", cwd=folder).stdout)
    assert document["scores"]["model"] == scores["model"]
    assert document["best_path"] == "document/best.pt"


@pytest.mark.parametrize("verb", ["eval", "inspect-weights"])
def test_a_run_folder_stands_for_the_best_weights_in_it(best, verb):
    by_folder, by_file = grucli(verb, best.parent), grucli(verb, best)
    assert by_folder.returncode == 0, by_folder.stderr
    assert by_folder.stdout == by_file.stdout


def test_a_run_folder_forecasts_into_a_file_that_is_there_already(best, tmp_path):
    (tmp_path / "forecast.csv").write_text("yesterday's\n")
    done = grucli("predict", best.parent, "-o", tmp_path / "forecast.csv")
    assert done.returncode == 0, done.stderr
    assert "yesterday" not in (tmp_path / "forecast.csv").read_text()


def test_a_folder_without_weights_is_named(tmp_path):
    done = grucli("eval", tmp_path)
    assert done.returncode == 4
    assert (
        "no best.pt and no last.pt in this folder; expected a checkpoint, or a run" in done.stderr
    )


@pytest.mark.parametrize(
    ("short", "long"), [(("help", "eval"), ("eval", "--help")), (("-V",), ("--version",))]
)
def test_short_ways_to_ask_say_the_same(short, long):
    assert grucli(*short).stdout == grucli(*long).stdout != ""


def test_the_checkpoint_loads_safely_with_torch_alone(best):
    body = torch.load(best, weights_only=True)
    assert body["format"] == "grucli checkpoint"
    assert body["weights"]["recurrent.weight_hh_l0"].shape == (24, 8)


def test_eval_needs_the_checkpoint_and_its_table_only(best):
    done = grucli("eval", best)
    assert done.returncode == 0, done.stderr
    for word in ("naive", "seasonal", "ridge", "mase", "rmse"):
        assert word in done.stdout


def test_eval_json_is_one_strict_document(best):
    done = grucli("eval", best, "--json")
    scores = json.loads(done.stdout, parse_constant=pytest.fail)
    assert scores["schema_version"] == 2
    assert set(scores["baselines"]) == {"naive", "seasonal_naive", "drift", "ridge"}
    assert len(scores["by_step"]) == 3
    assert scores["windows"] == 32 - 3 + 1


@pytest.mark.parametrize(("check", "code"), [("rmse>1e9", 0), ("rmse<1e9", 6), ("nonsense>1", 2)])
def test_fail_if_decides_the_exit_code(best, check, code):
    done = grucli("eval", best, "--fail-if", check)
    assert done.returncode == code
    assert ("error:" in errors(done)) == (code != 0)


@pytest.mark.parametrize("split", ["train", "valid", "test", "all"])
def test_every_split_can_be_scored(best, split):
    done = grucli("eval", best, "--split", split, "--json")
    assert json.loads(done.stdout)["split"] == split


def test_eval_reads_a_table_from_stdin_as_from_disk(best, trained):
    anew = dict(os.environ)  # as a process is that has something on its standard input
    from_disk = grucli("eval", best, trained / "wave.csv", "--json", env=anew)
    from_stdin = grucli("eval", best, "-", "--json", stdin=(trained / "wave.csv").read_text())
    assert from_stdin.stdout == from_disk.stdout


def test_predict_continues_the_time_axis(best, trained):
    done = grucli("predict", best, trained / "wave.csv")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["day", "level"]
    assert [row[0] for row in rows[1:]] == ["2024-06-09", "2024-06-10", "2024-06-11"]
    assert all(5 < float(row[1]) < 20 for row in rows[1:])


def test_one_context_of_history_gives_the_same_forecast(best, trained):
    lines = (trained / "wave.csv").read_text().splitlines()
    short = "\n".join([lines[0], *lines[-14:]]) + "\n"
    whole = grucli("predict", best, trained / "wave.csv")
    assert grucli("predict", best, "-", stdin=short).stdout == whole.stdout
    too_short = "\n".join([lines[0], *lines[-13:]]) + "\n"
    refused = grucli("predict", best, "-", stdin=too_short)
    assert refused.returncode == 3
    assert "14" in errors(refused)


def test_a_longer_horizon_begins_with_the_trained_one(best):
    short, long = grucli("predict", best), grucli("predict", best, "--horizon", "8")
    assert long.stdout.startswith(short.stdout)
    assert len(long.stdout.splitlines()) == 9


def test_predict_into_a_file_and_as_json_hold_the_same_numbers(best, tmp_path):
    grucli("predict", best, "-o", tmp_path / "forecast.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "forecast.csv").read_text())))
    document = json.loads(grucli("predict", best, "--json").stdout)
    assert [float(row["level"]) for row in rows] == document["values"]["level"]
    assert [row["day"] for row in rows] == document["timestamps"]


def test_a_pipe_that_is_closed_early_stays_quiet(best, trained):
    command = f"cat {trained}/wave.csv | {sys.executable} -m grucli predict {best} - | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr, done.returncode) == ("day,level\n", "", 0)


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_result_that_is_lost_is_an_error(best, redirection):
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m grucli predict {best} {redirection}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert errors(done).startswith("error:")
    assert len(done.stderr.splitlines()) == 1


def test_inspect_weights_shows_every_gate_of_every_layer(best):
    done = grucli("inspect-weights", best, env=os.environ | {"COLUMNS": "80"})
    for name in ("W_xr", "W_xz", "W_xn", "W_hr", "W_hz", "W_hn", "reset", "update", "candidate"):
        assert name in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads(grucli("inspect-weights", best, "--json").stdout)
    hidden = [row for row in document["matrices"] if row["symbol"] == "W_hz"]
    assert [row["layer"] for row in hidden] == [0, 1]
    assert all(row["spectral_radius"] > 0 for row in hidden)


def test_inspect_weights_reads_a_plain_torch_state_dict(tmp_path):
    torch.save(torch.nn.GRU(3, 5).state_dict(), tmp_path / "plain.pt")
    document = json.loads(grucli("inspect-weights", tmp_path / "plain.pt", "--json").stdout)
    assert {row["symbol"] for row in document["matrices"]} >= {"W_xr", "W_hn"}


CASES = [
    (["eval", "missing.pt"], 4, "missing.pt"),
    (["predict", "wave.csv"], 4, "wave.csv"),
    (["train", "missing.yaml"], 2, "missing.yaml"),
    (["train", "wave.yaml", "--set", "data.path=missing.csv"], 3, "missing.csv"),
    (["train", "wave.yaml", "--set", "task.context=500"], 3, "500"),
    (["train", "wave.yaml", "--set", "data.target=levle"], 3, "did you mean"),
    (["trian"], 2, "Did you mean"),
    (["train", "wave.yaml", "--epohcs", "3"], 2, "--epohcs"),
    (["train", "wave.yaml", "--resume"], 2, "nothing to resume"),
    (["train", "wave.yaml", "--device", "cuda"], 2, "cuda"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), CASES)
def test_each_kind_of_mistake_has_its_code_and_one_line(folder, arguments, code, says):
    done = grucli(*arguments, cwd=folder)
    assert done.returncode == code
    assert done.stdout == ""
    assert says in errors(done)
    assert done.stderr.startswith("error: ")


def test_an_interruption_while_modules_are_loaded_ends_quietly():
    program = (
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from grucli.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_the_state_and_resuming_finishes_the_run(folder, number, code):
    command = [sys.executable, "-m", "grucli", "train", "wave.yaml", "--set", "train.patience=null"]
    process = subprocess.Popen(
        [*command, "--set", "train.epochs=100000"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    log = folder / "runs" / "wave" / "metrics.jsonl"
    for _ in range(600):
        if log.exists() and log.read_text().count("\n") >= 2:
            break
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "go on with --resume" in said
    assert "Traceback" not in said
    done_before = log.read_text().count("\n")
    resumed = [*command, "--set", f"train.epochs={done_before + 2}", "--resume", "--quiet"]
    assert subprocess.run(resumed, cwd=folder, check=False, timeout=120).returncode == 0
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["epoch"] for row in rows if row["kind"] == "Epoch"] == list(
        range(1, done_before + 3)
    )


def test_a_killed_run_leaves_a_checkpoint_that_loads_and_resumes(folder):
    command = [sys.executable, "-m", "grucli", "train", "wave.yaml", "--set", "train.patience=null"]
    process = subprocess.Popen([*command, "--set", "train.epochs=100000", "--quiet"], cwd=folder)
    last = folder / "runs" / "wave" / "last.pt"
    for _ in range(600):
        if last.exists():
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    epochs = torch.load(last, weights_only=True)["progress"]["epoch"]
    resumed = [*command, "--set", f"train.epochs={epochs + 1}", "--resume", "--quiet"]
    assert subprocess.run(resumed, cwd=folder, check=False, timeout=120).returncode == 0
    assert torch.load(last, weights_only=True)["progress"]["epoch"] == epochs + 1


COMMON = {"-q", "--quiet", "-v", "--verbose", "--no-color"}
OPTIONS = {
    "backtest": "--set --windows --step --refit --level --json --threads",
    "check": "--set --device --threads --json",
    "compare": "--json",
    "init": "-o --output --task --target --example --overwrite --json",
    "train": "--set --run-dir --resume --overwrite --print-recipe --processes --device --threads "
    "--seed --watch --json",
    "tune": "--set --trials --storage --run-dir --lr --device --threads --json",
    "eval": "--split --by --level --fail-if --plot --json --threads",
    "predict": "-o --output --horizon --level --future --future-template --anomaly --stream "
    "--shard --plot --json --threads",
    "export": "-o --output --json",
    "inspect-weights": "--layout --layer --gate --sort --names --matrix -o --output --unit "
    "--member --history --all --exact --fail-if --plot --json",
    "trace": "-o --output --rows --layer --unit --gate --step --member --plot --json --threads",
    "explain": "--at --layer --unit --column --member --json --threads",
    "report": "-o --output --json --threads",
}


def test_the_options_of_every_verb_are_these_and_no_others():
    import typer.main

    from grucli.cli.app import app

    commands = typer.main.get_command(app).commands
    found = {
        name: {
            option
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in parameter.opts
        }
        for name, command in commands.items()
    }
    assert found == {verb: COMMON | set(options.split()) for verb, options in OPTIONS.items()}


def test_the_tool_alone_shows_its_verbs_in_groups():
    done = grucli()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == grucli("--help").stdout
    assert "grucli init mine.csv -o mine.yaml" in done.stdout
    assert "Read on:" in done.stdout
    places = [
        done.stdout.index(f"─ {name} ─") for name in ("Make", "Learn", "Judge", "Use", "Look")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", OPTIONS)
def test_the_help_of_every_verb_gives_an_example(verb):
    done = grucli(verb, "--help")
    assert done.returncode == 0
    assert f"Example: grucli {verb} " in done.stdout


def test_one_matrix_is_exported_with_its_units_named_and_as_an_array(best, tmp_path):
    whole = torch.load(best, weights_only=True)["weights"]["recurrent.weight_hh_l1"]
    update = whole[8:16].double().numpy()
    grucli("inspect-weights", best, "--matrix", "1.update.hh", "-o", tmp_path / "w.npy")
    assert (np.load(tmp_path / "w.npy") == update).all()
    grucli("inspect-weights", best, "--matrix", "1.update.hh", "-o", tmp_path / "w.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "w.csv").read_text())))
    assert rows[0][0] == "1.update.hh"
    assert [row[0] for row in rows[1:]] == [f"unit {unit}" for unit in range(8)]
    assert [[float(cell) for cell in row[1:]] for row in rows[1:]] == update.tolist()


def test_two_checkpoints_are_compared(best, trained):
    done = grucli("inspect-weights", best, trained / "run" / "last.pt", "--json")
    assert json.loads(done.stdout)["kind"] == "WeightComparison"


@pytest.mark.parametrize(
    ("check", "code"), [("nan>0", 0), ("W_h*.spectral_radius>0.001", 6), ("W_hq*>1", 2)]
)
def test_weights_can_be_checked(best, check, code):
    assert grucli("inspect-weights", best, "--fail-if", check).returncode == code


def test_onnx_is_inspected_and_its_damage_ends_with_the_code_of_a_checkpoint(tmp_path):
    arrays = weights_of(torch.nn.GRU(3, 5))
    path = saved(tmp_path, one_node(arrays, linear_before_reset=0))
    done = grucli("inspect-weights", path)
    assert done.returncode == 0
    assert "has linear_before_reset = 0: its reset gate acts on the state before" in " ".join(
        done.stdout.split()
    )
    path.write_bytes(path.read_bytes()[:-9])
    done = grucli("inspect-weights", path)
    assert (done.returncode, done.stdout) == (4, "")
    assert "truncated or corrupt" in errors(done)
    assert len(done.stderr.splitlines()) == 1


def test_training_from_another_cell_is_refused(folder):
    arrays = weights_of(torch.nn.GRU(1, 8))
    saved(folder, one_node(arrays, linear_before_reset=0))
    start = ("--set", "model.init.checkpoint=model.onnx", "--set", "model.layers=1")
    done = grucli("train", "wave.yaml", *start, cwd=folder)
    assert done.returncode == 4
    assert "linear_before_reset = 0" in errors(done)


def test_weights_that_are_not_finite_are_shown_and_refused(tmp_path):
    state = torch.nn.GRU(3, 5).state_dict()
    state["weight_hh_l0"][7, 2] = float("nan")
    torch.save(state, tmp_path / "broken.pt")
    done = grucli("inspect-weights", tmp_path / "broken.pt")
    assert done.returncode == 4
    assert "W_hz" in done.stdout
    assert "0.update.hh (W_hz): 1 entries are not finite" in errors(done)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--layer", "1", "--gate", "z", "--sort", "norm", "--names", "torch"],
        ["--matrix", "1.update.hh"],
        ["--history", "--json"],
        ["last.pt", "--sort", "cosine"],
        ["--fail-if", "nan>0"],
    ],
    ids=" ".join,
)
def test_inspecting_imports_no_torch(best, options):
    program = (
        "import sys; from grucli.cli.app import run; run(sys.argv[1:]); "
        "print(*{'torch', 'pandas', 'onnx'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "inspect-weights", "best.pt", *options],
        cwd=best.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    assert done.stderr == "\n"


def test_the_version_tells_the_kernel_when_asked():
    assert grucli("--version").stdout.startswith("grucli ")
    said = grucli("--version", "--verbose").stdout
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == [
        "kernel",
        "threads",
        "torch",
        "device",
    ]
