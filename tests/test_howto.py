"""The pages of docs/howto do what they say: their programs, recipes and commands are run."""

import re
import shlex
import subprocess

import numpy as np
import pandas as pd
import pytest
import torch

from grucli.nn import GRU, available
from grucli.recipe.keys import recipe_keys
from tests.conftest import REPOSITORY, grucli, write_wave

HOWTO = REPOSITORY / "docs" / "howto"
PAGES = sorted(HOWTO.glob("*.md"))


def blocks(name, language):
    """Contents of the fenced blocks of a language on a page."""
    text = (HOWTO / f"{name}.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_lines(lines, folder):
    """Run those lines that are commands of grucli, into a file where a line says so."""
    for line in lines:
        command, _, target = line.strip().partition(" > ")
        if not command.startswith("grucli "):
            continue
        done = grucli(*shlex.split(command)[1:], cwd=folder)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        if target:
            (folder / target).write_text(done.stdout)


def rows_of(path):
    return path.read_text().splitlines()


def write_cases(path, names, *, kind):
    """Stores of 40 weeks, or labelled cases of 12 and 13 steps; every second has a high level."""
    random, lines = np.random.default_rng(0), []
    for number, name in enumerate(names):
        for step in range(40 if kind == "store" else 12 + number % 2):
            value = 5 * (number % 2) + random.normal()
            week = np.datetime64("2024-01-01") + 7 * step
            own = (
                (week, f"{value:.3f}")
                if kind == "store"
                else (step, f"{value:.3f}", f"{random.normal():.3f}")
            )
            label = () if kind == "store" else ("run" if number % 2 else "walk",)
            lines.append(",".join(map(str, (name, *own, *label))))
    head = "store,week,sold" if kind == "store" else "case,step,x,y,label"
    path.write_text("\n".join([head, *lines]) + "\n")


@pytest.mark.parametrize("name", ["from-torch", "layer-normalisation", "ragged-batches"])
def test_the_programs_run(name):
    names = {}
    for program in blocks(name, "python"):
        exec(program, names)
    assert {"normalised", "matrices", "outputs"} & set(names)


def test_a_saved_model_of_ones_own_is_inspected(tmp_path):
    names = {}
    exec(blocks("layer-normalisation", "python")[0], names)
    torch.save(names["model"].state_dict(), tmp_path / "tagger.pt")
    run_lines(blocks("layer-normalisation", "sh")[0].splitlines(), tmp_path)


@pytest.mark.parametrize(
    ("page", "kind", "count", "rows"),
    [("many-series", "store", 3, 12), ("classify", "case", 20, 20)],
)
def test_the_recipe_and_the_commands_run(page, kind, count, rows, tmp_path):
    (recipe,) = blocks(page, "yaml")
    table, result = ("stores", "forecast") if kind == "store" else ("moves", "classes")
    write_cases(tmp_path / f"{table}.csv", [f"{kind}{n}" for n in range(count)], kind=kind)
    (tmp_path / f"{table}.yaml").write_text(recipe.replace("epochs: 20", "epochs: 2"))
    (commands,) = blocks(page, "sh")
    run_lines(commands.splitlines(), tmp_path)
    assert len(rows_of(tmp_path / f"{result}.csv")) == rows + 1


def programs(name):
    """The programs of a page as one, with one epoch where a recipe has more."""
    return re.sub(r"epochs: \d+", "epochs: 1", "".join(blocks(name, "python")))


def test_the_basic_example_of_other_libraries_runs_in_both_ways(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    months = pd.date_range("1949-01-31", periods=144, freq="ME")
    level = 100 + np.arange(144) + 20 * np.sin(np.arange(144) * np.pi / 6)
    table = pd.DataFrame({"unique_id": "airline", "ds": months, "y": level})
    (recipe,) = blocks("from-neuralforecast-and-darts", "yaml")
    (tmp_path / "passengers.yaml").write_text(recipe.replace("epochs: 40", "epochs: 1"))
    names = {"Y_df": table}
    exec(programs("from-neuralforecast-and-darts"), names)
    frame = names["frame"]
    assert list(frame) == ["unique_id", "ds", "y"]
    assert list(pd.to_datetime(frame["ds"]))[::11] == [
        *pd.to_datetime(["1961-01-31", "1961-12-31"])
    ]
    run_lines(blocks("from-neuralforecast-and-darts", "sh")[0].splitlines(), tmp_path)
    assert len(rows_of(tmp_path / "forecast.csv")) == 13


def test_keys_in_the_table_of_who_is_whom_are_keys_of_recipes():
    text = (HOWTO / "from-neuralforecast-and-darts.md").read_text()
    table = "".join(line for line in text.splitlines() if line.startswith("| "))
    named = set(re.findall(r"`((?:data|task|model|train)\.\w+)", table))
    assert len(named) > 20
    assert named <= {key.path for key in recipe_keys()}


def test_the_cells_of_the_notebook_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    names = {}
    exec(programs("notebook"), names)
    assert list(names["forecast"]) == [*names["history"], "sunspots-lo-80", "sunspots-hi-80"]
    assert set(names["matrices"]["symbol"]) >= {"W_xr", "W_hz", "W_hn"}
    assert names["image"].startswith(b"\x89PNG")
    assert names["W_hz"].shape == (32, 32)


@pytest.fixture
def forecasting(trained, tmp_path):
    """A folder with a finished run in runs/mine and a newer table."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(trained / "run")
    write_wave(tmp_path / "newest.csv", rows=200)
    return tmp_path


def test_the_job_of_the_night_writes_a_forecast_and_scores(forecasting):
    (forecasting / "forecast.csv").write_text("yesterday's\n")
    for job in blocks("cron", "sh"):
        run_lines(job.splitlines(), forecasting)
    assert rows_of(forecasting / "forecast.csv")[1].startswith("2024-07-19,")
    assert "mase" in (forecasting / "scores.txt").read_text()


def test_two_processes_train_and_one_goes_on(folder):
    for commands in blocks("several-processes", "sh"):
        run_lines(commands.splitlines(), folder)
    assert len(rows_of(folder / "runs" / "two" / "metrics.jsonl")) == 4 + 1


def test_training_is_watched(folder):
    (commands,) = blocks("watching", "sh")
    run_lines(commands.splitlines(), folder)
    assert [*(folder / "runs" / "tensorboard" / "wave").iterdir()]


def test_make_runs_what_is_older_than_what_it_is_made_of(folder):
    (rules,) = blocks("makefile", "make")
    (folder / "Makefile").write_text(rules)
    (folder / "wave.csv").rename(folder / "history.csv")
    recipe = (folder / "wave.yaml").read_text().replace("wave.csv", "history.csv")
    (folder / "mine.yaml").write_text(recipe.replace("epochs: 3", "epochs: 1"))
    write_wave(folder / "newest.csv", rows=200)

    def planned():
        command = ["make", "--dry-run", "forecast.csv"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if line.startswith("grucli ")]

    assert [line.split()[1] for line in planned()] == ["train", "predict"]
    run_lines(planned(), folder)
    assert planned() == []
    assert len(rows_of(folder / "forecast.csv")) == 4
    (folder / "newest.csv").touch()
    assert [line.split()[1] for line in planned()] == ["predict"]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_torch_jit_is_as_the_page_says():
    layer, x_TBC = GRU(3, 4, layer_norm="split").eval(), torch.randn(5, 2, 3)
    with pytest.raises(torch.jit.frontend.NotSupportedError, match="keyword-only"):
        torch.jit.script(layer)
    if not available():
        pytest.skip("installed without a compiler")
    with torch.no_grad():
        traced = torch.jit.trace(layer, x_TBC)
        longer_TBC = torch.randn(9, 4, 3)
        assert torch.equal(traced(longer_TBC)[0], layer(longer_TBC)[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:torch.quantize:UserWarning")
def test_dynamic_quantisation_leaves_our_modules_as_the_page_says():
    model = torch.nn.Sequential(GRU(3, 4), torch.nn.Linear(4, 1))
    quantised = torch.ao.quantization.quantize_dynamic(model, {GRU, torch.nn.Linear})
    assert type(quantised[0]) is GRU
    assert type(quantised[1]) is not torch.nn.Linear


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert all((HOWTO / link).exists() for link in links)


def test_every_page_is_in_the_list():
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (HOWTO / "README.md").read_text()))
    assert listed == {page.name for page in PAGES} - {"README.md"}
