"""The page about a run: what is on it, what stays out of it, and what is said when parts go."""

import base64
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from grucli import predict
from grucli.cli.app import run as run_here
from grucli.errors import CheckpointError
from grucli.page.payload import FRAME_CELLS, RECORD_NUMBERS, keep_extremes, page_data
from grucli.page.render import render_page
from grucli.results import to_json, verdict_sentences
from grucli.runs.reporting import report_run
from tests.conftest import grucli

SECTIONS = [
    "scores", "training", "forecasts", "steps", "weights", "spectra", "history", "gates", "recipe",
]  # fmt: skip
EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&amp;\u2028{{data}}'


@pytest.fixture(scope="module")
def report(trained):
    return report_run(trained / "run")


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run that a test may take apart."""
    return shutil.copytree(trained / "run", tmp_path / "run")


def embedded(page):
    """The JSON that the page's script reads, as a browser finds it."""
    text = re.search(rb'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text[1], parse_constant=pytest.fail)


def test_every_part_of_a_whole_run_is_there(report):
    page = render_page(report).decode()
    assert re.findall(r'<section id="(\w+)"', page) == SECTIONS
    assert re.findall(r'<li><a href="#(\w+)">', page) == SECTIONS
    data = embedded(page.encode())
    assert data["missing"] == {}
    for part in ("scores", "errors", "epochs", "forecasts", "film", "spectra", "history", "trace"):
        assert data[part], part


def test_the_headline_is_the_verdict_of_the_end_of_training(report):
    said = [words for words, _ in verdict_sentences(report.scores)]
    assert page_data(report)["verdict"] == said
    assert said[0].startswith(("Better than", "Worse than", "No difference from"))


def test_the_report_is_one_strict_json_document(report):
    document = json.loads(to_json(report), parse_constant=pytest.fail)
    assert document["kind"] == "RunReport"
    assert document["name"] == "wave"
    assert set(document["errors_by_step"]) == {"model", *document["scores"]["baselines"]}
    assert len(document["matrices"][0]["frames"]) == len(document["snapshots"])


def test_the_errors_by_step_are_those_of_the_scores(report):
    assert report.errors_by_step["model"] == tuple(step.rmse for step in report.scores.by_step)


def test_the_film_begins_at_initialisation_and_ends_with_the_best_weights(report):
    steps = [moment.step for moment in report.snapshots]
    assert steps[0] == 0
    assert [moment.is_best for moment in report.snapshots] == [False] * (len(steps) - 1) + [True]


def test_spectra_are_the_singular_values_at_initialisation_and_now(report):
    square = next(matrix for matrix in report.matrices if matrix.name == "0.update.hh")
    spectrum = next(item for item in report.spectra if item.name == "0.update.hh")
    ends = zip((0, -1), ("at initialisation", "now"), strict=True)
    for frame, moment in ends:
        values = np.linalg.svd(np.reshape(square.frames[frame], square.grid), compute_uv=False)
        np.testing.assert_allclose(spectrum.values[moment], values, atol=2e-3)


def test_forecasts_stand_beside_the_rows_they_were_made_from(report, trained):
    level = dict(line.split(",") for line in (trained / "wave.csv").read_text().split()[1:])
    beyond, *windows = report.forecasts
    assert beyond.truth == ()
    assert len(windows) == 4
    for example in windows:
        values = [*example.context, *example.truth]
        assert values == [float(level[day]) for day in example.times]
        assert len(example.forecast) == len(example.truth) == 3


def test_intervals_lie_around_the_forecasts_that_are_drawn(report, trained):
    bounds = predict(trained / "run", levels=[80]).bounds
    beyond = report.forecasts[0]
    assert beyond.bands["80"] == (bounds["level-lo-80"], bounds["level-hi-80"])
    for example, drawn in zip(report.forecasts, page_data(report)["forecasts"], strict=True):
        assert example.bands.keys() == beyond.bands.keys()
        for low, high in example.bands.values():
            ends = zip(low, example.forecast, high, strict=True)
            assert all(down < value < up for down, value, up in ends)
        (band, *_) = drawn["horizon"]["bands"]
        assert band["level"] == "80"
        assert band["low"] == pytest.approx(example.bands["80"][0], rel=1e-5)
        assert band["high"] == pytest.approx(example.bands["80"][1], rel=1e-5)


def test_names_from_tables_and_recipes_cannot_leave_the_data(report):
    examples = tuple(replace(example, column=EVIL, time=EVIL) for example in report.forecasts)
    evil = replace(report, name=EVIL, columns=(EVIL,), recipe=EVIL, forecasts=examples)
    page = render_page(evil)
    plain = render_page(report)
    for tag in (b"<script", b"</script", b"<img"):
        assert page.count(tag) == plain.count(tag), tag
    data = embedded(page)
    assert [data["name"], *data["columns"], data["forecasts"][0]["column"]] == [EVIL] * 3


def test_a_name_that_is_no_utf8_is_carried_as_an_escape(report):
    page = render_page(replace(report, name="run\udc80"))
    assert embedded(page)["name"] == "run\udc80"


def test_the_page_asks_for_nothing_from_a_network(report):
    page = render_page(report).decode()
    links = set(re.findall(r"""(?:https?:)?//[\w.-]+\.\w+[^"'\s]*""", page))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page
    assert not re.search(r"<link|<iframe|@import|url\(|fetch\(|innerHTML", page)


def test_the_same_report_gives_the_same_bytes(trained):
    pages = {render_page(report_run(trained / "run")) for _ in range(2)}
    assert len(pages) == 1


def test_a_checkpoint_of_the_run_gives_the_report_of_its_folder(trained, report):
    assert report_run(trained / "run" / "best.pt") == report


def test_long_lines_keep_their_ends_and_extremes():
    line = np.random.default_rng(0).normal(size=100_000)
    line[31_415], line[27_182] = 99.0, -99.0
    kept = keep_extremes([line.tolist()], most=200)
    assert {0, 31_415, 27_182, 99_999} <= set(kept)
    assert kept == sorted(set(kept))
    assert len(kept) <= 202


def test_short_lines_are_kept_whole():
    assert keep_extremes([[1.0, None, 3.0], [2.0, 2.0, 2.0]], most=3) == [0, 1, 2]


def test_matrices_are_packed_on_one_scale_to_a_two_hundredth_of_it(report):
    for matrix, packed in zip(report.matrices, page_data(report)["matrices"], strict=True):
        limit = packed["limit"]
        assert limit == pytest.approx(np.abs(matrix.frames).max(), rel=1e-5)
        for frame, text in zip(matrix.frames, packed["frames"], strict=True):
            values = np.frombuffer(base64.b64decode(text), np.int8) / 127 * limit
            np.testing.assert_allclose(values, frame, atol=1.01 * limit / 254)


def test_an_entry_that_is_not_finite_is_marked(report):
    first = report.matrices[0]
    broken = tuple((float("nan"), *frame[1:]) for frame in first.frames)
    packed = page_data(replace(report, matrices=(replace(first, frames=broken),)))["matrices"][0]
    assert np.frombuffer(base64.b64decode(packed["frames"][0]), np.int8)[0] == -128


def test_a_film_that_is_too_long_for_a_page_keeps_its_ends(report):
    rows = FRAME_CELLS // 4 // 64
    large = replace(
        report.matrices[0], grid=(rows, 64), frames=((0.5,) * (rows * 64),) * len(report.snapshots)
    )
    film = page_data(replace(report, matrices=(large,)))["film"]
    assert len(film) == 4 < len(report.snapshots)
    assert [film[0]["step"], film[-1]["step"]] == [
        report.snapshots[0].step,
        report.snapshots[-1].step,
    ]


def test_a_long_record_is_thinned_between_its_ends(report):
    history = report.history
    steps = range(0, 20_000, 2)
    records = tuple(replace(history.records[0], step=step) for step in steps)
    data = page_data(replace(report, history=replace(history, records=records)))["history"]
    assert [data["step"][0], data["step"][-1]] == [steps[0], steps[-1]]
    assert sum(len(m[q]) for m in data["matrices"] for q in m if isinstance(m[q], list)) <= (
        RECORD_NUMBERS
    )


def test_without_the_table_the_page_says_so_and_shows_the_rest(trained, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("wave.csv", "wave.yaml"):
        shutil.copy(trained / name, moved / name)
    set_up = ("--run-dir", "run", "--set", "train.epochs=1", "--quiet")
    assert grucli("train", "wave.yaml", *set_up, cwd=moved).returncode == 0
    (moved / "wave.csv").unlink()
    report = report_run(moved / "run")
    assert set(report.missing) == {"scores", "forecasts", "gates"}
    assert all("wave.csv" in why for why in report.missing.values())
    assert report.scores is None
    assert report.history is not None
    assert embedded(render_page(report))["missing"] == report.missing


def test_of_a_run_trained_from_a_pipe_the_page_shows_what_is_kept(folder):
    piped = ("train", "wave.yaml", "--set", "data.path=-", "--set", "train.epochs=1", "--quiet")
    table = (folder / "wave.csv").read_text()
    assert grucli(*piped, "--run-dir", "run", cwd=folder, stdin=table).returncode == 0
    report = report_run(folder / "run")
    assert set(report.missing) == {"scores", "forecasts", "gates"}
    assert all("standard input" in why for why in report.missing.values())


@pytest.mark.parametrize(
    ("lost", "parts"),
    [
        ("weights.jsonl", {"history"}),
        ("metrics.jsonl", {"history", "training"}),
        ("snapshots.jsonl", {"weights"}),
    ],
)
def test_without_a_file_of_the_run_its_parts_say_so(run, lost, parts):
    (run / lost).unlink()
    report = report_run(run)
    assert set(report.missing) == parts
    assert all(lost in why for why in report.missing.values())
    assert embedded(render_page(report))["missing"] == report.missing


def test_an_unfinished_run_is_reported_from_its_newest_weights(run):
    (run / "best.pt").unlink()
    assert report_run(run).path == str(run / "last.pt")


def test_a_folder_that_is_no_run_is_one_clear_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"no best\.pt and no last\.pt .*`grucli train`"):
        report_run(tmp_path)


def test_the_command_writes_into_the_run_and_says_where(run):
    done = grucli("report", run)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"report {run / 'report.html'}\n"
    assert (run / "report.html").read_bytes().startswith(b"<!doctype html>")


def test_the_page_and_its_json_go_to_standard_output_when_asked(run):
    page = grucli("report", run, "-o", "-")
    assert (page.stdout[:15], page.stderr) == ("<!doctype html>", "")
    assert json.loads(grucli("report", run, "--json").stdout)["kind"] == "RunReport"
    assert not (run / "report.html").exists()


def test_the_json_stands_beside_the_page_that_goes_into_a_file(run, tmp_path, capsys):
    assert run_here(["report", str(run), "--json", "-o", str(tmp_path / "page.html")]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "RunReport"
    assert (tmp_path / "page.html").read_bytes().startswith(b"<!doctype html>")


def test_the_json_goes_into_a_file_when_one_is_named(run, tmp_path):
    done = grucli("report", run, "--json", "-o", tmp_path / "report.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["kind"] == "RunReport"


def test_training_again_removes_the_page_of_the_run_before(folder):
    one_epoch = ("train", "wave.yaml", "--set", "train.epochs=1", "--run-dir", "run", "--quiet")
    assert grucli(*one_epoch, cwd=folder).returncode == 0
    assert grucli("report", "run", cwd=folder).returncode == 0
    assert grucli(*one_epoch, "--overwrite", cwd=folder).returncode == 0
    assert not (folder / "run" / "report.html").exists()


def test_a_quiet_report_says_nothing(run, tmp_path):
    done = grucli("report", run, "--quiet", "-o", tmp_path / "page.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_report_needs_no_matplotlib(run):
    program = (
        "import sys; from grucli.cli.app import run; sys.modules['matplotlib'] = None; "
        "sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run([sys.executable, "-c", program, "report", str(run)], check=False)
    assert done.returncode == 0
