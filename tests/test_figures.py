"""``--plot``: figures as PNG, SVG and HTML, and what is drawn in them."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from grucli.errors import GrucliError, UsageError
from grucli.figures.canvas import check_plot, render, whole_ticks
from grucli.figures.matrices import draw_change, draw_matrix, draw_weights
from grucli.figures.series import draw_forecasts, draw_history, draw_trace
from grucli.results import MatrixValues
from grucli.runs import inspection, reading, tracing
from tests.conftest import grucli

STRANGE = "a$x_{1$ <b>&\x07\n\u65e5"


@pytest.fixture(scope="module")
def best(trained):
    return trained / "run" / "best.pt"


@pytest.fixture(scope="module")
def drawings(best):
    traced = tracing.trace(best)
    examples = reading.evaluate_with_examples(best, examples=4)[1]
    return {
        "weights": draw_weights(inspection.picture(best)),
        "change": draw_change(inspection.picture_change(best, best.with_name("last.pt"))),
        "matrix": draw_matrix(inspection.pick_matrix(best, "1.update.hh")),
        "history": draw_history(inspection.history(best)),
        "forecasts": draw_forecasts(examples, title="Forecasts"),
        "trace": draw_trace(traced.report, traced.times),
    }


KINDS = ["weights", "change", "matrix", "history", "forecasts", "trace"]


def drawn(drawing):
    figure = Figure()
    drawing.draw(figure)
    return figure


def panels(figure):
    """The axes with a title: all but colour bars and empty places."""
    return [axes for axes in figure.axes if axes.get_title(loc="left") or axes.get_title()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_can_be_an_image(drawings, kind):
    png, svg = (render(drawings[kind], ending) for ending in (".png", ".svg"))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".svg", ".html"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_figure_has_the_same_bytes_and_no_date(drawings, kind, ending):
    first = render(drawings[kind], ending)
    assert render(drawings[kind], ending) == first
    assert b"dc:date" not in first


def test_a_page_holds_its_figure_and_says_what_is_seen(drawings):
    page = render(drawings["weights"], ".html").decode()
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == 1
    assert "<?xml" not in page
    assert "Below a layer normalisation" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", ["picture.pdf", "picture", "picture.png.gz"])
def test_other_endings_are_refused_by_name(name):
    with pytest.raises(UsageError, match=r"picture.*expected \.png, \.svg or \.html"):
        check_plot(Path(name))


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(GrucliError, match=r"pip install 'grucli\[plot\]'"):
        check_plot(Path("picture.png"))


@pytest.mark.parametrize("ending", [".png", ".svg", ".html"])
def test_strange_names_are_drawn_as_they_are(best, ending):
    examples = reading.evaluate_with_examples(best, examples=1)[1]
    strange = [replace(example, column=STRANGE, time=STRANGE) for example in examples]
    content = render(draw_forecasts(strange, title=STRANGE), ending)
    if ending != ".png":
        assert b"<b>" not in content
        ElementTree.fromstring(content[content.index(b"<svg") : content.index(b"</svg>") + 6])


def test_heat_maps_are_centred_on_zero_with_one_scale_for_the_gates_of_a_row(drawings):
    figure = drawn(drawings["weights"])
    maps = [axes for axes in panels(figure) if axes.images]
    assert len(maps) == 2 * 2 * 3
    for start in range(0, len(maps), 3):
        scales = {axes.images[0].get_clim() for axes in maps[start : start + 3]}
        ((low, high),) = scales
        assert low == -high
        largest = max(np.abs(axes.images[0].get_array()).max() for axes in maps[start : start + 3])
        assert high == largest


def test_two_files_and_their_difference_stand_beside_each_other(drawings):
    axes = panels(drawn(drawings["change"]))[:4]
    assert [one.get_title() or one.get_title(loc="left") for one in axes] == [
        "W_xr reset, layer 0: A",
        "B",
        "B - A",
        "singular values",
    ]
    assert [line.get_label() for line in axes[3].lines] == ["A", "B"]
    before, after, change = [one.images[0] for one in axes[:3]]
    assert before.get_clim() == after.get_clim() != change.get_clim()
    np.testing.assert_allclose(change.get_array(), after.get_array() - before.get_array())


def test_titles_name_files_by_what_tells_them_apart(drawings, best, tmp_path):
    assert drawings["change"].title == (
        "Weights of A run/best.pt and B run/last.pt, and their difference"
    )
    copy = tmp_path / "other" / "run" / "best.pt"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(best.read_bytes())
    assert draw_change(inspection.picture_change(best, copy)).title == (
        f"Weights of A {best.parts[-3]}/run/best.pt and B other/run/best.pt, and their difference"
    )
    assert (
        "A run/best.pt and B run/best.pt"
        in draw_change(inspection.picture_change(best, best)).title
    )


def test_the_title_of_a_trace_names_the_file_and_the_cell(drawings, best):
    report = tracing.trace(best).report
    span = f"from {report.first} to {report.last}"
    assert drawings["trace"].title == f"Gates of run/best.pt (GRU, layer_norm split) {span}"
    plain = draw_trace(replace(report, layer_norm="none"), []).title
    assert plain == f"Gates of run/best.pt (GRU) {span}"


def test_an_entry_that_is_not_finite_leaves_the_others_their_scale():
    matrix = MatrixValues(
        *("W_hz", "0.update.hh", "update", "hh"),
        *(("a", "b"), ("c",), ((float("inf"),), (2.0,))),
        cell="gru",
    )
    (axes,) = panels(drawn(draw_matrix(matrix)))
    assert axes.images[0].get_clim() == (-2.0, 2.0)


def test_a_forecast_is_drawn_after_its_context_beside_the_truth(best):
    example = reading.evaluate_with_examples(best, examples=1)[1][0]
    (axes,) = panels(drawn(draw_forecasts([example], title="")))
    lines = {line.get_label(): line for line in axes.lines}
    assert tuple(lines["read by the model"].get_ydata()) == example.context
    assert tuple(lines["truth"].get_ydata()) == example.truth
    assert tuple(lines["forecast"].get_ydata()) == example.forecast
    assert list(lines["forecast"].get_xdata()) == [14, 15, 16]


def test_the_legend_leaves_the_title_of_a_narrow_figure_alone(best, monkeypatch):
    saved, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda figure, *a, **k: (saved.append(figure), save(figure, *a, **k))
    )
    example = reading.evaluate_with_examples(best, examples=1)[1][0]
    render(draw_forecasts([example], title="Forecast beyond the end of the table"), ".png")
    (figure,) = saved
    (title,), (legend,) = figure.texts, (each.get_window_extent() for each in figure.legends)
    assert not title.get_window_extent().overlaps(legend)
    assert legend.x0 >= 0


def test_the_history_of_each_gate_is_its_record(drawings, best):
    records = inspection.history(best).records
    axes = drawn(drawings["history"]).axes[0]
    turns = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    expected = [record.matrices[0].cosine_distance_from_initialisation for record in records]
    assert turns["W_xr reset"] == expected
    assert list(turns) == ["W_xr reset", "W_xz update", "W_xn candidate"]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 64, 1000])
def test_ticks_are_few_and_whole(size):
    ticks = whole_ticks(size)
    assert 1 <= len(ticks) <= 5
    assert ticks[0] == 0
    assert ticks[-1] < size


VERBS = [
    ("inspect-weights", []),
    ("inspect-weights", ["--history"]),
    ("inspect-weights", ["--matrix", "0.update.hh"]),
    ("eval", []),
    ("predict", []),
    ("trace", []),
]


@pytest.mark.parametrize(("verb", "options"), VERBS, ids="".join)
def test_a_plot_leaves_the_result_as_it_is(best, tmp_path, verb, options):
    path = tmp_path / "plot.svg"
    drawing = grucli(verb, best, *options, "--plot", path)
    assert (drawing.returncode, drawing.stderr) == (0, "")
    assert drawing.stdout == grucli(verb, best, *options).stdout
    assert b"</svg>" in path.read_bytes()


def test_two_checkpoints_are_drawn_beside_each_other(best, tmp_path):
    path = tmp_path / "plot.html"
    done = grucli("inspect-weights", best, best.with_name("last.pt"), "--plot", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"<title>.*best.pt and .*last.pt.*difference</title>", path.read_text())


def test_a_wrong_ending_is_refused_before_anything_is_computed(best, tmp_path):
    done = grucli("predict", best, "--plot", tmp_path / "plot.pdf")
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected .png, .svg or .html" in done.stderr
