"""How recipe files are read: YAML 1.2 scalars, limits, syntax errors, files."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grucli.errors import RecipeError
from grucli.recipe import load_recipe
from grucli.recipe.composer import UnreadableRecipeError
from grucli.recipe.scalars import UnreadableScalarError, read_scalar
from grucli.recipe.validate import validate
from grucli.recipe.yaml_reader import LARGEST_BYTES, read_text

BASE = """\
name: a
data: {path: x.csv, time: t, target: y}
task: {context: 10, horizon: 2}
"""


def errors_of(content: str | bytes, folder: Path) -> list[str]:
    path = folder / "r.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1e5", 100_000.0),
        ("1E-3", 0.001),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5e+2", -150.0),
        ("+1", 1),
        ("0", 0),
        ("-17", -17),
        ("0o17", 15),
        ("0x10", 16),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    read = read_scalar(text)
    assert (type(read), read) == (type(value), value)


def test_a_dotted_nan_is_not_a_number() -> None:
    read = read_scalar(".nan")
    assert isinstance(read, float)
    assert math.isnan(read)


TEXTS = "no No off yes on y True TRUE None Null nan inf = 2024-01-01 1.2.3 e5 1e 0o8 - ._ 12:99 a_1"


@pytest.mark.parametrize("text", [*TEXTS.split(), "\u0661"])
def test_everything_else_is_a_text(text: str) -> None:
    assert read_scalar(text) == text


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("017", "write 17 for a number"),
        ("-08", "write 8 for a number"),
        ("1_000", "write 1000 for a number"),
        ("1_0.5", "write 10.5 for a number"),
        ("12:30", "quote it"),
        ("0b11", "quote it"),
    ],
)
def test_numbers_that_yaml_versions_read_differently_are_refused(text: str, remedy: str) -> None:
    with pytest.raises(UnreadableScalarError, match=remedy):
        read_scalar(text)


@pytest.mark.parametrize("text", ["1" * 5000, "-" + "9" * 400 + ".5", "0x" + "f" * 200])
def test_a_number_too_long_to_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UnreadableScalarError, match=f"found a number of {len(text)} characters"):
        read_scalar(text)


def test_quotes_keep_an_ambiguous_number_a_text() -> None:
    assert read_text('"12:30"', "x").value == "12:30"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_reads_back(value: float) -> None:
    read = read_scalar(repr(value))
    assert (type(read), read) == (float, value)


@given(st.integers(-(10**90), 10**90))
def test_every_whole_number_reads_back(value: int) -> None:
    read = read_scalar(str(value))
    assert (type(read), read) == (int, value)


SYNTAX = [
    (
        "name: a: b\n",
        "r.yaml:1:8: found a ':' that begins a second value or stands too deep; quote a text that "
        "holds ': ', or align the keys of a section; the line reads: name: a: b",
    ),
    ("\tname: x\n", r"r.yaml:1:1: found a tab; expected spaces; the line reads: \tname: x"),
    ("name: @x\n", "r.yaml:1:7: a value cannot begin with @; quote it; the line reads: name: @x"),
    ("name: 'a\nb: c\n", "r.yaml:1:7: found no closing quote; the line reads: name: 'a"),
    (
        "name: [a\nb: c\n",
        "r.yaml:1:7: found no ',' or ']' in a list that is open; the line reads: name: [a",
    ),
    (
        "a: 1\nname x\nb: 2\n",
        "r.yaml:2:1: found no ':' after a key; expected key: value, with a space; the line reads: "
        "name x",
    ),
    (
        "name: -\n",
        'r.yaml:1:7: found a list where a value is expected; quote a lone "-", or begin the list '
        "on a new line; the line reads: name: -",
    ),
    ("name: x\0y\n", "r.yaml:1:8: found character 0x0000, which YAML does not allow; remove it"),
    (
        b"a: 1\nname: \xe9\n",
        "r.yaml:2:7: found byte 0xe9, which is not UTF-8; save the file as UTF-8",
    ),
    ("name: x".encode("utf-16"), "r.yaml:1:1: found UTF-16; expected UTF-8; save it as UTF-8"),
    ("name: x".encode("utf-32"), "r.yaml:1:1: found UTF-32; expected UTF-8; save it as UTF-8"),
    (
        BASE + "<<<<<<< HEAD\nmodel: {hidden: 3}\n=======\n",
        "r.yaml:4:1: found a merge-conflict marker; settle the conflict and remove the markers",
    ),
    ("a: 1\n---\nb: 1\n", "r.yaml:2:1: found a second document; expected one recipe a file"),
    ("", "r.yaml:1:1: found no keys; expected a recipe with the keys name, data and task"),
    ("- 1\n", "r.yaml:1:1: found a list; expected a recipe with the keys name, data and task"),
    ("12\n", "r.yaml:1:1: found 12; expected a recipe with the keys name, data and task"),
    ("a: &b [*b]\n", "r.yaml:1:8: found the alias *b inside what it stands for"),
    ("[" * 3000, "r.yaml:1:34: nested deeper than 32 levels; expected a flatter recipe"),
    (
        'name: "\\UFFFFFFFF"\n',
        "r.yaml:1:10: found an escape or a directive that YAML does not allow",
    ),
    (
        "name: &a x\nb: *c\n",
        "r.yaml:2:4: found the alias *c, which is not defined; anchor a value with &c first, or "
        "quote a text that begins with *",
    ),
]


@pytest.mark.parametrize(("content", "line"), SYNTAX)
def test_an_error_of_syntax_is_one_line_in_plain_words(
    content: str | bytes, line: str, tmp_path: Path
) -> None:
    assert errors_of(content, tmp_path) == [line]


@pytest.mark.parametrize("width", [9, 2])
def test_aliases_of_aliases_are_counted_as_often_as_they_are_used(
    width: int, tmp_path: Path
) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, 30)]
    (line,) = errors_of("\n".join(lines), tmp_path)
    assert line.endswith(
        "found more than 10000 values (aliases count each time); expected a smaller recipe"
    )


def test_an_alias_stands_for_its_value(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(BASE + "model: {hidden: &n 7, layers: *n}\n")
    model = load_recipe(tmp_path / "r.yaml").model
    assert (model.hidden, model.layers) == (7, 7)


def test_a_tag_is_refused_and_nothing_is_run(tmp_path: Path) -> None:
    text = BASE.replace("name: a", f"name: !!python/object/apply:os.mkdir [{tmp_path}/made]")
    assert errors_of(text, tmp_path) == [
        "r.yaml:1:7: name: found the tag !!python/object/apply:os.mkdir; tags have no meaning in a "
        "recipe; remove it"
    ]
    assert not (tmp_path / "made").exists()


def test_a_merge_key_is_refused_without_calling_its_keys_missing(tmp_path: Path) -> None:
    text = "x: &x {path: p}\n" + BASE.replace("{path: x.csv,", "{<<: *x,")
    assert errors_of(text, tmp_path) == [
        "r.yaml:1:1: x: unknown key; expected one of name, data, task, model, train, tune",
        "r.yaml:3:8: data: found the merge key <<; YAML 1.2 has none; write the keys out",
    ]


def test_byte_order_marks_are_no_part_of_the_first_key(tmp_path: Path) -> None:
    for marks in (b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2):
        (tmp_path / "r.yaml").write_bytes(marks + BASE.encode())
        assert load_recipe(tmp_path / "r.yaml").name == "a"
    (line,) = errors_of(b"\xef\xbb\xbfa: \0", tmp_path)
    assert line.startswith("r.yaml:1:4: found character 0x0000")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    content = BASE + "#" * LARGEST_BYTES
    (line,) = errors_of(content, tmp_path)
    assert line == "r.yaml: is larger than 256 KiB; expected a recipe, not a table"


def test_a_missing_file_names_the_one_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("co2.yaml").write_text(BASE)
    with pytest.raises(RecipeError, match=r"^co3\.yaml: no such file; did you mean 'co2\.yaml'\?$"):
        load_recipe("co3.yaml")


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r": is a folder; expected a recipe file$"):
        load_recipe(tmp_path)


def test_a_file_that_may_not_be_opened_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(RecipeError, match="cannot be read: Permission denied; expected a recipe"):
        load_recipe(tmp_path / "r.yaml")


@given(st.text(st.sampled_from("ab:-?{}[],&*#!|>'\"%@`\t\n 0.e_<=~\\U\0\x85"), max_size=40))
def test_no_text_ends_in_anything_but_nodes_or_one_problem(text: str) -> None:
    try:
        recipe, problems = validate(read_text(text, "x"))
    except UnreadableRecipeError as error:
        problems, recipe = [error.problem], None
    assert recipe is None
    assert all(str(problem).startswith("x:") and "\n" not in str(problem) for problem in problems)
