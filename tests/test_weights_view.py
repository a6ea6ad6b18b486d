"""The weight report on a screen: fits, names things, and shows nothing a terminal would obey."""

import dataclasses
import io

import pytest
import torch
from rich.console import Console

from grucli.cli.views.comparison import render_weight_comparison
from grucli.cli.views.matrix import render_matrix
from grucli.cli.views.weights import render_weight_report
from grucli.weights import build_weight_report, compare_weights, select_matrix
from tests.drawn_weights import Ascii, drawn, gru_state
from tests.weight_files import file_of


def normed_state():
    return gru_state() | {f"{kind}_l0": torch.ones(72) for kind in ("gain_ih", "gain_hh")}


def own_facts(**model):
    init = {"input_hidden": "uniform", "hidden_hidden": "uniform", "gain": 1.0, "checkpoint": None}
    asked = {"cell": "gru", "hidden": 24, "layers": 1, "layer_norm": "none", "init": init} | model
    return {"recipe": {"name": "co2", "model": asked}, "columns": ["co2", "wind", "rain"]}


def test_a_letter_that_a_terminal_lacks_is_a_question_mark(tmp_path):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    report = build_weight_report(file_of(tmp_path, gru_state(), name="é.pt"))
    Console(width=200, file=stream).print(render_weight_report(report, 200))
    stream.flush()
    assert b"?.pt" in stream.buffer.getvalue()


def screen(tmp_path, state, width=80, **facts):
    report = build_weight_report(file_of(tmp_path, state, **facts))
    return drawn(render_weight_report(report, width), width)


CASES = {
    "gru": (gru_state(), {}),
    "ours": (gru_state(), own_facts()),
    "layer normalised": (normed_state(), own_facts(layer_norm="split")),
    "wide": (gru_state(inputs=1000, hidden=300), {}),
    "both directions": (gru_state(num_layers=2, bidirectional=True), {}),
    "lstm": (dict(torch.nn.LSTM(3, 8).state_dict()), {}),
    "rnn": (dict(torch.nn.RNN(3, 8).state_dict()), {}),
    "extreme": ({k: 1e30 * v for k, v in gru_state().items()}, own_facts()),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_longer_than_the_screen_and_no_cell_is_cut(tmp_path, case, width):
    state, facts = CASES[case]
    lines = screen(tmp_path, state, width, **facts).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines[2:])


def test_eighty_columns_show_every_matrix_with_its_gate_in_words(tmp_path):
    text = screen(tmp_path, gru_state())
    for symbol, gate in [("W_xr", "reset"), ("W_hz", "update"), ("b_hn", "candidate")]:
        assert any(line.split()[:2] == [symbol, gate] for line in text.splitlines())
    for heading in ("shape", "mean", "std dev", "rms", "near 0", "spectral norm", "period"):
        assert heading in text


def test_every_statistic_of_a_map_is_shown_whatever_the_width(tmp_path):
    screens = {width: screen(tmp_path, gru_state(hidden=64), width) for width in (60, 80, 200)}
    for text in screens.values():
        table = text.split("No findings")[0]
        for heading in (
            "s min",
            "Henrici",
            "stable rank",
            "part. ratio",
            "condition",
            "alpha / D",
            "rms",
        ):
            assert heading in table
    heads = [text.count("W_hz  update") for text in screens.values()]
    assert heads == sorted(heads, reverse=True)  # a wide screen needs fewer tables
    assert heads[0] > heads[-1]


def test_inputs_are_shown_by_name_those_heard_most_first(tmp_path):
    state = gru_state()
    state["weight_ih_l0"][:, 1] *= 10
    text = screen(tmp_path, state, **own_facts())
    (heading,) = [line for line in text.splitlines() if line.split()[:1] == ["input"]]
    assert heading.split() == ["input", "all", "gates", "reset", "update", "candidate"]
    table = text.split("all gates")[1].splitlines()
    rows = [line.split() for line in table if line.split()[:1] in (["wind"], ["co2"])]
    assert [row[0] for row in rows] == ["wind", "co2"]
    norms = state["weight_ih_l0"][:, 1].chunk(3)
    assert rows[0][2] == f"{norms[0].norm():#.3g}"
    assert rows[0][3] == "(0.577)"  # sqrt(24) entries of deviation 1 / sqrt(3 * 24)


def test_of_many_inputs_the_rest_is_counted(tmp_path):
    text = screen(tmp_path, gru_state(inputs=20))
    assert "and 8 inputs more, smaller ones." in text


def test_a_unit_that_hears_nothing_shows_in_its_row(tmp_path):
    state = gru_state()
    state["weight_hh_l0"][24 + 5] = 0  # the fifth unit of the update gate
    (line,) = [
        line
        for line in screen(tmp_path, state).split("row min")[1].split("Columns")[0].splitlines()
        if line.split()[:2] == ["W_hz", "update"]
    ]
    smallest, _, _, dead = line.split()[2:6]
    assert (float(smallest), dead) == (0.0, "1")


def test_the_legend_explains_what_is_on_the_screen_and_nothing_else(tmp_path):
    text = screen(tmp_path, gru_state())
    assert "spectral norm: largest" in text
    assert "alpha / D: exponent" not in text  # too few eigenvalues for a fit
    assert "alpha / D: exponent" in " ".join(screen(tmp_path, gru_state(hidden=64)).split())


def test_every_topic_has_a_table_of_its_own(tmp_path):
    text = screen(tmp_path, gru_state(hidden=64), 90, **own_facts(hidden=64))
    titles = ["Single entries", "Size", "Directions", "Eigenvalues", "Tail", "Rows", "Columns"]
    found = [word for line in text.splitlines() for word in line.split()[:1]]
    places = [text.index(f"\n  {title}") for title in titles]
    assert places == sorted(places)
    assert found.count("name") == len(titles)


def test_a_matrix_of_one_column_has_no_spectrum_to_tell(tmp_path):
    text = screen(tmp_path, gru_state(inputs=1), **own_facts())
    assert "1.00 (1.00)" not in text
    sizes = text.split("Size")[1].split("Directions")[0]
    (line,) = [line for line in sizes.splitlines() if line.split()[:1] == ["W_xz"]]
    assert line.split()[4:] == ["–", "–", "–"]


@pytest.mark.parametrize("naming", ["torch", "keras", "words"])
@pytest.mark.parametrize("width", [60, 80, 140])
def test_other_names_fit_the_screen_and_are_explained(tmp_path, naming, width):
    file = file_of(tmp_path, gru_state(num_layers=2, bidirectional=True))
    report = build_weight_report(file)
    for view in (
        render_weight_report(report, width, naming=naming),
        render_weight_report(report, width, naming=naming, sort="condition_number"),
        render_weight_comparison(compare_weights(file, file), width, naming=naming),
    ):
        text = drawn(view, width)
        assert max(map(len, text.splitlines())) <= width
        name = {
            "torch": "weight_hh_l1_reverse[24:48]",
            "keras": "recurrent_kernel[:, 0:24].T",
            "words": "update, hidden to hidden",
        }
        legend = {"torch": "torch's order r, z, n", "keras": "Keras's order z, r, h", "words": ""}
        assert name[naming] in text
        assert legend[naming] in " ".join(text.split())
        assert "W_h" not in text


def test_findings_use_the_names_that_were_chosen(tmp_path):
    state = gru_state()
    state["weight_hh_l0"][30] = 0
    state["weight_ih_l0"][:, 0] *= 1e-3
    report = build_weight_report(file_of(tmp_path, state))
    text = " ".join(drawn(render_weight_report(report, 100, naming="torch"), 100).split())
    assert "! weight_hh_l0[24:48] layer 0: 1 of 24 rows" in text
    assert "! weight_ih_l0 layer 0: input 0 is read with" in text


@pytest.mark.parametrize(
    ("sort", "heading"),
    [
        ("condition_number", "condition"),
        ("outlier_edge", "outlier edge"),
        ("effective_spectral_radius", "eff. spectral radius"),
        ("rms", "rms"),
        ("frobenius_norm", "Frobenius norm"),
        ("not_finite", "not finite"),
    ],
)
def test_the_statistic_that_sorts_is_on_every_screen(tmp_path, sort, heading):
    state = normed_state() | {"weight_hh_l0": torch.randn(72, 24)}
    state |= {f"{name[:-1]}1": value for name, value in state.items() if "ih" not in name}
    state |= {"weight_ih_l1": torch.randn(72, 24), "bias_ih_l1": torch.ones(72)}
    state |= {"gain_ih_l1": torch.ones(72)}
    report = build_weight_report(file_of(tmp_path, state, layout="split"))
    text = drawn(render_weight_report(report, 60, sort=sort), 60)
    heads = [line for line in text.splitlines() if line.split()[:1] == ["name"]]
    assert f"By {sort}, largest first" in text
    assert heading in heads[0]
    assert "1.update.hh" in text


def test_a_matrix_without_a_power_law_says_why(tmp_path):
    text = " ".join(screen(tmp_path, gru_state(hidden=64)).split())
    assert (
        "Power-law exponent alpha: n/a for want of data (3 eigenvalues, fewer than 50 in 3 of 6 "
        "matrices)."
    ) in text
    assert "n/a" in screen(tmp_path, gru_state(hidden=64), 200)
    report = build_weight_report(file_of(tmp_path, gru_state(hidden=64)))
    by_fit = drawn(render_weight_report(report, 60, sort="power_law_distance"), 60)
    assert "alpha / D" in by_fit.split("W_xr")[0]
    single = screen(tmp_path, gru_state(inputs=1, hidden=8))
    assert "(1 eigenvalue, fewer" in " ".join(single.split())
    assert "alpha" not in single.split("No findings")[0]


def test_the_distance_of_a_power_law_stands_beside_its_exponent(tmp_path):
    report = build_weight_report(file_of(tmp_path, gru_state(hidden=64)))
    (item,) = [item for item in report.matrices if item.symbol == "W_hz"]
    fit = f"{item.power_law_exponent:#.3g} / {item.power_law_distance:#.3g}"
    assert fit in drawn(render_weight_report(report, 80), 80)


def test_eigenvalues_are_those_of_matrices_that_return_to_their_units(tmp_path):
    report = build_weight_report(file_of(tmp_path, gru_state(num_layers=2)))
    for item in report.matrices:
        if len(item.shape) == 2:
            assert (item.spectral_radius is not None) == (item.part == "hh")


def test_flags_of_measured_values_have_names_too(tmp_path):
    facts = own_facts()
    facts["recipe"]["data"] = {"missing": "mask"}
    facts["columns"] = ["co2"]
    report = build_weight_report(file_of(tmp_path, gru_state(inputs=2), **facts))
    assert report.inputs == ("co2", "co2 measured")


def test_estimates_of_large_matrices_are_said_to_be_ones(tmp_path):
    text = screen(tmp_path, gru_state(hidden=520))
    assert "--exact computes all" in text
    assert "--exact" not in screen(tmp_path, gru_state())


def test_notes_of_a_file_stand_above_its_matrices(tmp_path):
    report = build_weight_report(file_of(tmp_path, gru_state()))
    noted = dataclasses.replace(report, notes=("GRU node \x1bx has another cell.",))
    text = drawn(render_weight_report(noted, 80), 80)
    assert text.index("GRU node \\x1bx has another cell.") < text.index("Layer 0")


def test_values_before_training_stand_in_brackets_where_they_are_known(tmp_path):
    assert "(0.577)" in screen(tmp_path, gru_state(), **own_facts())
    assert "(0.577)" not in screen(tmp_path, gru_state())


def test_a_normalised_cell_shows_what_acts(tmp_path):
    text = screen(tmp_path, normed_state(), **own_facts(layer_norm="split"))
    assert "eff. spectral radius" in text
    assert "the size of a matrix does nothing" in " ".join(text.split())
    assert "eff. spectral radius" not in screen(tmp_path, gru_state(), **own_facts())


def test_memory_and_legend_are_in_words(tmp_path):
    text = " ".join(screen(tmp_path, gru_state()).split())
    assert "Time constant by the update gate's bias alone: median 1.4" in text
    assert "z update (in some texts u), n candidate (in some h or c)" in text
    assert "keeps the old state here, as in torch and Keras: h' = z*h + (1-z)*n" in text
    assert "h' = (1-z)*h + z*n let z take the new in" in text
    assert "No findings" in text


def test_findings_and_other_tensors_are_listed(tmp_path):
    state = gru_state() | {"out.weight": torch.ones(2, 24)}
    state["weight_hh_l0"][3] = 0
    text = screen(tmp_path, state)
    assert "! W_hr layer 0: 1 of 24 rows" in text
    assert "Other tensors: out.weight 2×24." in text


def test_names_in_a_file_cannot_drive_the_terminal(tmp_path):
    zero = gru_state() | {"weight_hh_l0": torch.cat([torch.zeros(1, 24), torch.ones(71, 24)])}
    state = {f"\x1b[2J[red].{name}": value for name, value in zero.items()}
    state |= {f"b.{name}": value for name, value in gru_state().items()}
    text = screen(tmp_path, state | {"\x1b[31mx": torch.ones(1)})
    assert "\x1b" not in text
    assert "\\x1b[2J[red] · Layer 0" in text
    assert "! W_hr layer 0 of \\x1b[2J[red]: 1 of 24 rows" in text
    assert "\\x1b[31mx" in text


def test_a_screen_that_knows_only_ascii_gets_ascii(tmp_path):
    file = file_of(tmp_path, normed_state(), **own_facts(layer_norm="split"))
    report = build_weight_report(file)
    for renderable in (
        render_weight_report(report, 80),
        render_matrix(select_matrix(file, "W_hz"), 80),
        render_weight_comparison(compare_weights(file, file), 80),
    ):
        assert drawn(renderable, 80, file=Ascii()).isascii()
