"""The pages of docs/ agree with the docstrings, the docstrings with the code, and commands run."""

import dataclasses
import re
import shlex

import numpy as np
import pytest
import torch
import typer

from grucli.cells import CELLS
from grucli.cli.app import app
from grucli.cli.views.weights_columns import entry_columns, map_columns
from grucli.cli.views.weights_lines import column_columns, row_columns
from grucli.errors import RecipeError
from grucli.nn import MODULES, norms, rules
from grucli.recipe import load_recipe
from grucli.recipe.keys import recipe_keys
from grucli.results import MatrixStatistics
from grucli.weights import build_weight_report, read_weights
from grucli.weights.statistics import eigen, elements, singular
from tests.conftest import REPOSITORY
from tools import docs_recipe, docs_walk, make_docs
from tools.docs_table import SECTIONS

DOCS = REPOSITORY / "docs"
LEARNING = (DOCS / "learning.md").read_text()
SOURCES = {source.function.__qualname__: source for part in SECTIONS for source in part.sources}
VARIANTS = [
    (variant, layer_norm) for variant in make_docs.variants() for layer_norm in variant.layer_norms
]


@pytest.mark.parametrize("name", make_docs.PAGES)
def test_pages_say_what_the_docstrings_say(name):
    assert (DOCS / name).read_text() == make_docs.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_every_field_of_a_report_is_explained_or_only_a_label(section):
    explained = [name for source in section.sources for name in source.fields]
    rows = {field.name for field in dataclasses.fields(section.report) if "row" in field.metadata}
    known = {field.name for field in dataclasses.fields(section.report)}
    assert len(explained) == len(set(explained))
    assert set(explained) == (rows or known - set(section.labels))


@pytest.mark.parametrize("name", SOURCES)
def test_every_statistic_has_a_formula_a_use_a_limit_a_start_and_a_source(name):
    found = make_docs.paragraphs(SOURCES[name].function)
    assert set(make_docs.LABELS) <= set(found)
    assert all(found.values())


def test_headings_named_are_those_of_the_tables(trained):
    matrices = build_weight_report(read_weights(trained / "run" / "best.pt")).matrices
    maps = [item for item in matrices if len(item.shape) == 2]
    topics = ("size", "directions", "recurrence", "power law")
    of_maps = (column for topic in topics for column in map_columns(maps, topic))
    columns = (*entry_columns(matrices), *of_maps, *row_columns(maps), *column_columns(maps, ()))
    headings = {column.heading for column in columns}
    matrix = next(section for section in SECTIONS if section.report is MatrixStatistics)
    named = {word for source in matrix.sources for word in source.screen.split(", ")}
    assert named - {""} == headings - {"name", "gate", "shape"}


def test_every_variant_has_its_equations():
    every = {(cell, kind) for cell, spec in CELLS.items() for kind in spec.norm_names}
    assert {(variant.cell, kind) for variant, kind in VARIANTS} == every


def layer_norm(a, eps):
    """As the notation of the page says it."""
    variance, mean = torch.var_mean(a, dim=-1, keepdim=True, correction=0)
    return (a - mean) / torch.sqrt(variance + eps)


def stacked(name, rows, letters):
    """A row of all gates by the names that the equations use: xW, xW_rz, xW_r; b_x, b_xrz, b_xr."""
    link = "" if name[:2] in ("b_", "g_") else "_"
    blocks = rows.chunk(len(letters), dim=-1)
    found = {name.rstrip("_"): rows}
    found |= {f"{name}{link}{k}": block for k, block in zip(letters, blocks, strict=True)}
    if len(letters) == 3:
        found[f"{name}{link}rz"] = torch.cat(blocks[:2], dim=-1)
    return found


@pytest.mark.parametrize(
    ("variant", "kind", "activation"),
    [(v, kind, choice.name) for v, kind in VARIANTS for choice in CELLS[v.cell].activations],
    ids=lambda v: getattr(v, "cell", v),
)
def test_equations_of_the_page_are_those_of_the_code(variant, kind, activation):
    rule = rules.cell_rule(MODULES[variant.cell].equations, kind, activation=activation)
    random = torch.Generator().manual_seed(3)
    shapes = rules.parameter_shapes(rule, 4, 6, bias=True)
    drawn = {k: torch.randn(s, generator=random, dtype=torch.float64) for k, s in shapes.items()}
    x, h, c = (torch.randn(2, n, generator=random, dtype=torch.float64) for n in (4, 6, 6))
    weights, letters = rules.LayerWeights(**drawn), CELLS[variant.cell].letters
    bounded = getattr(torch, activation)
    names = {"s": torch.sigmoid, "tanh": bounded, "LN": lambda a: layer_norm(a, rule.eps)}
    names |= stacked("xW", x @ weights.weight_ih.T, letters)
    names |= stacked("hU", h @ weights.weight_hh.T, letters)
    starts = {"bias_ih": "b_x", "bias_hh": "b_h", "gain_ih": "g_x", "gain_hh": "g_h"}
    starts |= {"bias_sum": "b_", "gain_sum": "g_"}
    names |= {"g_c": drawn.get("gain_state"), "b_c": drawn.get("bias_state")}
    for parameter, rows in drawn.items():
        if parameter in starts:
            names |= stacked(starts[parameter], rows, letters)
    names |= {"h": h, "c": c}
    for equation in variant.equations:
        left, _, right = equation.replace("'", "_next").partition(" = ")
        value = eval(right, {"__builtins__": {}}, names)
        names[left] = value
        if left in ("X", "Q", "c"):
            names |= {k: v for k, v in stacked(left, value, letters).items() if k != left}
        if left.endswith("_rz"):
            r, z = value.chunk(2, dim=-1)
            names |= {left.replace("rz", "r"): r, left.replace("rz", "z"): z}
    parts = rule.spec.state
    state = tuple(names[part] for part in parts)
    found = norms.step_values(rule, weights, norms.project_input(rule, weights, x), state)
    for part, value in zip(parts, found.state, strict=True):
        torch.testing.assert_close(names[f"{part}_next"], value)
    if len(letters) > 1:
        for letter, gate in zip(letters, found.gates, strict=True):
            torch.testing.assert_close(names[letter], gate)


def test_an_orthogonal_matrix_has_the_values_that_its_page_says():
    matrix = np.linalg.qr(np.random.default_rng(0).standard_normal((24, 24)))[0]
    s, values = singular.singular_values(matrix), eigen.eigenvalues(matrix)
    assert singular.departure_from_orthogonality(s) == pytest.approx(0, abs=1e-12)
    assert eigen.departure_from_normality(matrix, values) == pytest.approx(0, abs=1e-6)
    ranks = (singular.stable_rank, singular.effective_rank, singular.participation_ratio)
    assert [rank(s) for rank in ranks] == pytest.approx([24, 24, 24])
    ones = [s[0], s[-1], singular.condition_number(s), eigen.spectral_radius(values)]
    assert ones == pytest.approx([1, 1, 1, 1])
    assert elements.norm(matrix.ravel()) == pytest.approx(24**0.5)


def test_examples_are_of_keys_that_there_are():
    assert set(docs_recipe.EXAMPLES) <= {key.path for key in recipe_keys()}


@pytest.mark.parametrize(("path", "example"), docs_recipe.EXAMPLES.items())
def test_the_example_of_a_key_is_a_value_that_it_takes(path, example, tmp_path):
    keys = [key for key in recipe_keys() if key.path == path]
    of_series = f"{{kind: {keys[0].task}, label: x}}"
    task = of_series if keys[0].task not in ("", "forecast") else "{context: 4, horizon: 2}"
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"name: r\ndata: {{path: a.csv, time: t, target: y}}\ntask: {task}\n")
    try:
        load_recipe(recipe, [f"{path}={example}"])
    except RecipeError as error:
        own = [line for line in error.problems if line.startswith(f"--set {path}=")]
        assert not [line for line in own if "unknown key" in line or keys[0].takes in line]


PAGES_WITH_COMMANDS = sorted(DOCS.rglob("*.md"))


def grucli_commands():
    """Every command line of the pages, without what comes after a pipe or goes to no one."""
    lines = [c for page in PAGES_WITH_COMMANDS for c in docs_walk.commands(page.read_text())]
    return [
        line.partition("|")[0].removesuffix(" > /dev/null").strip()
        for line in lines
        if line.startswith("grucli ")
    ]


@pytest.mark.parametrize("line", grucli_commands())
def test_commands_of_the_pages_have_options_that_exist(line):
    _, verb, *arguments = shlex.split(line)
    command = typer.main.get_command(app).commands[verb]
    assert command.make_context(verb, arguments).params


def test_recipes_that_the_pages_name_are_shipped():
    named = set(re.findall(r"recipes/[\w.]+\.yaml", LEARNING))
    assert named
    assert all((REPOSITORY / name).exists() for name in named)


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=lambda page: page.name)
def test_pages_name_no_folder_of_the_machine_they_were_made_on(page):
    assert not re.search(r"(?<![\w.])/(tmp|home|root|work|usr)/", page.read_text())
