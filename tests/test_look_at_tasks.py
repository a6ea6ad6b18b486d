"""What can be seen of a model that says something of series or rows: trace, explain, report."""

import numpy as np
import pytest
import torch

from grucli import train
from grucli.cli.views.trace import render_trace
from grucli.runs.contexts import record_rows
from grucli.runs.explaining import explain
from grucli.runs.opened import open_checkpoint, with_panel, with_table
from grucli.runs.reporting import report_run
from grucli.runs.tracing import trace
from tests.conftest import verb

RECIPES = {
    "classify": "task: {kind: classify, label: word}\nmodel: {hidden: 6, bidirectional: true}",
    "regress": "task: {kind: regress, label: size}\nmodel: {hidden: 6, cell: lstm, layers: 2}",
    "label": "task: {kind: label, label: state, steps: 8, overlap: 2}\n"
    "model: {hidden: 6, layer_norm: split}",
}
HEAD = """\
name: seen
data: {path: seen.csv, time: step, series: id, past: [x], split: {valid: 0.25, test: 0.25}}
train: {epochs: 1, batch_size: 8}
"""


@pytest.fixture(scope="module", params=RECIPES)
def run(request, tmp_path_factory):
    """The folder of a run of one task."""
    place, draw = tmp_path_factory.mktemp(request.param), np.random.default_rng(0)
    rows = [
        f"s{series},{step},{draw.normal():.3f},{'ab'[series % 2]},{series},{'uv'[step % 2]}"
        for series in range(16)
        for step in range(20 + series)
    ]
    (place / "seen.csv").write_text("\n".join(["id,step,x,word,size,state", *rows]) + "\n")
    (place / "seen.yaml").write_text(HEAD + RECIPES[request.param])
    train(place / "seen.yaml", run_dir=place / "run")
    return place / "run"


def test_a_trace_shows_the_gates_that_the_model_itself_goes_through(run):
    traced, opened = trace(run), with_table(open_checkpoint(run))
    read = 10 if opened.task.kind == "label" else 20
    assert (traced.report.rows, len(traced.times), traced.report.windows) == (read, read, 0)
    assert traced.report.difference < 1e-5
    one = with_panel(opened, opened.panel.only(0))
    scaled = torch.from_numpy(one.learned.scaler.scale(one.panel.values[20 - read :])).float()
    with torch.no_grad():
        outputs, _ = opened.model.eval().recurrent(scaled[None])
    last = record_rows(one, 20 - read, 20)
    states = [layer.own for layer in last if layer.layer == opened.recipe.model.layers - 1]
    torch.testing.assert_close(torch.cat(states, dim=-1)[:, 0], outputs[0], atol=1e-5, rtol=1e-4)


def test_a_step_is_explained_in_numbers_that_come_to_the_models_own(run):
    what = explain(run, at="15")
    assert what.value == pytest.approx(what.own_value, abs=1e-5)
    assert (what.series, what.time, what.inputs[0].column) == ("s0", "15", "x")


def test_the_report_has_all_but_pictures_of_forecasts(run, capsys):
    report = report_run(run)
    assert report.trace is not None
    assert (len(report.epochs), report.forecasts, report.scores) == (1, (), None)
    assert report.missing["scores"].startswith("task.kind ")
    done = verb(capsys, "report", run, "-o", run / "page.html")
    assert (done.code, (run / "page.html").stat().st_size > 10_000) == (0, True)


def test_the_screens_of_trace_and_of_a_unit_are_drawn(run, capsys):
    assert "Gradient against lag: n/a" in render_trace(trace(run).report, 80).plain
    done = verb(capsys, "inspect-weights", run, "--unit", "2")
    assert (done.code, "shows how a forecast" in done.out + done.err) == (0, False)


def test_a_number_of_rows_is_refused_where_series_are_read_whole(run, capsys):
    done = verb(capsys, "trace", run, "--rows", "5")
    assert (done.code, "--rows 5: the model reads series as they are" in done.err) == (2, True)
