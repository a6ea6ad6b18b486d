"""The experiments on layer normalisation run, and their page says what they measured."""

import json
import math
import sys

import numpy as np
import pandas as pd
import pytest

import grucli
from experiments.layer_norm import __main__ as command
from experiments.layer_norm import page, running, tables
from experiments.layer_norm.grid import EXPERIMENTS, Experiment, Row
from experiments.layer_norm.invariance import TRIALS, output_change
from experiments.layer_norm.running import Bench
from grucli.checkpoint import load_checkpoint
from grucli.recipe import load_recipe

BRIEF = ("train.epochs=1",)
SUNSPOTS = Experiment(
    "sunspots_rates",
    (
        Row("none, sgd 0.1", ("train.optimizer=sgd", "train.lr=0.1")),
        Row("none, sgd 1000", ("train.optimizer=sgd", "train.lr=1000.0")),
    ),
)


@pytest.fixture
def documented(tmp_path):
    """A bench that holds the results of the documentation."""
    (tmp_path / "results.json").write_text(page.RESULTS.read_text())
    return Bench(tmp_path)


def test_the_page_says_what_was_measured(documented):
    assert page.filled(page.PAGE.read_text(), documented) == page.PAGE.read_text()


def test_the_page_has_every_experiment():
    text = page.PAGE.read_text()
    assert all(f"\n<!-- {name} -->\n" in text for name in command.SHOWN)


def test_results_are_those_of_the_recipes_as_they_are(documented):
    made = {name: run["recipe"] for name, run in documented.results.items()}
    assert made == {name: running.digest(name.partition(" ")[0]) for name in made}


def test_writing_the_page_again_changes_nothing(documented, tmp_path):
    page.write_page(documented, to=tmp_path)
    for path in (page.PAGE, page.RESULTS):
        assert (tmp_path / path.name).read_text() == path.read_text()
    assert (tmp_path / page.PICTURE.name).read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_row_is_a_recipe(name):
    experiment = EXPERIMENTS[name]
    recipe = running.RECIPES / f"{experiment.recipe}.yaml"
    assert all(load_recipe(recipe, row.changes) for row in experiment.rows)
    assert len({row.label for row in experiment.rows}) == len(experiment.rows)


def test_runs_are_made_once_and_one_that_breaks_is_told(tmp_path):
    said = []
    bench = Bench(tmp_path, seeds=1, changes=BRIEF, say=said.append)
    bench.measure(SUNSPOTS)
    assert len(said) == 2
    shown = tables.rates_table(bench, SUNSPOTS).splitlines()
    assert shown[-1] == "| sgd 1000 | - | - (1 of 1 broke) |"
    again = Bench(tmp_path, seeds=1, changes=BRIEF, say=said.append)
    again.measure(SUNSPOTS)
    assert len(said) == 2
    assert again.results == bench.results


def test_a_traced_run_of_the_adding_problem_gives_both_tables(tmp_path):
    running.write_tables(tmp_path, episodes=30)
    experiment = Experiment("adding500", (Row("none", traced=True),), (10.0, 0.0), "none")
    bench = Bench(tmp_path, seeds=1, changes=BRIEF, say=lambda _: None)
    bench.measure(experiment)
    (run,) = bench.of(experiment, experiment.rows[0])
    steps = tables.steps_table(bench, experiment).splitlines()[-1]
    assert steps == f"| none | 3 | - | 3 | {run['valid'][0]:.2g} |"
    assert len(run["gradient"]) == len(running.LAGS)
    assert f"| {run['reach']} |" in tables.gradient_table(bench, experiment)


def test_with_equal_draws_a_plain_and_a_normalised_cell_have_the_same_matrices(tmp_path):
    found = {}
    for kind in ("none", "split"):
        changes = ("train.lr=1e-12", "train.epochs=1", f"model.layer_norm={kind}")
        recipe, run = running.RECIPES / "sunspots_rates.yaml", tmp_path / kind
        hidden = load_recipe(recipe, changes).model.hidden
        grucli.train(recipe, changes, run_dir=run, observers=[running.SameDraws(1, hidden)])
        found[kind] = load_checkpoint(run / "best.pt").weights
    both = {name for name in found["none"] if found["none"][name].ndim == 2}
    assert len(both) >= 3
    for name in both:
        np.testing.assert_allclose(found["none"][name], found["split"][name], atol=1e-8)


def test_scaled_tables_differ_in_their_inputs_alone(tmp_path):
    running.write_tables(tmp_path, episodes=2)
    plain, large = (pd.read_csv(running.table_path(tmp_path, scale)) for scale in (1, 100))
    for name in ("value", "marker"):
        assert (large[name] - 100 * plain[name]).abs().max() < 1e-9
    assert large["sum"].equals(plain["sum"])
    assert len(plain) == 2 * 501


def test_a_spread_has_a_dash_for_what_was_never_reached():
    assert tables.spread([3.0, 1.0, math.inf]) == "1 / 3 / -"
    assert tables.spread([100.0, 100.0]) == "100"


def test_the_command_prints_the_invariance(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["layer_norm", "invariance"])
    command.main()
    shown = capsys.readouterr().out
    assert tables.invariance_table() in shown


def test_a_normalised_cell_does_not_see_what_the_page_says_it_does_not_see():
    trials = {trial.label: trial for trial in TRIALS}
    for label in ("10 W_h", "100 x", "2 x, one column"):
        assert output_change(trials[label], "split", 1e-12) < 1e-5
        assert output_change(trials[label], "none", None) > 0.1
        assert output_change(trials[label], "sum", 1e-12) > 0.1
    assert output_change(trials["10 W_h, 10 x"], "sum", 1e-12) < 1e-9


def test_results_of_the_documentation_are_strict_json():
    def refuse(word):
        raise ValueError(word)

    json.loads(page.RESULTS.read_text(), parse_constant=refuse)
