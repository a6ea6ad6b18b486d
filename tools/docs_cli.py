"""docs/cli.md: every command with its arguments and options, as the program knows them."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import typer

from grucli import errors
from grucli.cli.app import app

HEAD = """\
# Commands

Written by `make docs` from the commands themselves; `grucli help VERB` prints the same on a
terminal. Results go to standard output, progress, warnings and hints to standard error. A run
folder stands for the best.pt in it wherever a CKPT is asked for; `-` is standard input or output.
`grucli --install-completion` teaches a shell the verbs, their options and, behind `--set`, the keys
of a recipe and their values.

{verbs}

## Options of every verb

{common}

## Errors and exit codes

An error is one line on standard error: where, what was found, what was expected, what to do. With
`--json` it is one document on standard output too, of the kind `Error`, with `code`, `where`,
`message`, `hint` and, where there are more problems than one, `others`; where a result was printed
before it (`--fail-if`), the result is the only document.

| exit code | meaning |
|---|---|
{codes}
"""
COMMON = ("quiet", "verbose", "no_color", "json")


def cli_page() -> str:
    """docs/cli.md."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    groups: dict[str, list[str]] = {}
    for name, command in commands.items():
        groups.setdefault(command.rich_help_panel, []).append(name)
    links = [
        f"- {group}: {', '.join(f'[`{name}`](#grucli-{name})' for name in names)}"
        for group, names in groups.items()
    ]
    some = {item.name: item for item in commands["eval"].params}
    head = HEAD.format(
        verbs="\n".join(links),
        common=_table(some[name] for name in COMMON),
        codes="\n".join(_codes()),
    )
    return "\n".join([head, *(_verb(name, command) for name, command in commands.items())])


def _verb(name: str, command: Any) -> str:
    text, _, example = inspect.cleandoc(command.help).partition("Example: ")
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    others = [
        item
        for item in command.params
        if item.param_type_name == "option" and item.name not in (*COMMON, "help")
    ]
    usage = " ".join(["grucli", name, "[OPTIONS]", *(_metavar(item) for item in arguments)])
    parts = [
        f"## grucli {name}",
        f"```\n{usage}\n```",
        text.strip(),
        f"```\n{example.strip()}\n```",
    ]
    parts += [_table([*arguments, *others])]
    return "\n\n".join(parts) + "\n"


def _table(items: Any) -> str:
    rows = [f"| {_names(item)} | {_meaning(item)} |" for item in items]
    return "\n".join(["| | |", "|---|---|", *rows])


def _names(item: Any) -> str:
    if item.param_type_name == "argument":
        return f"`{_metavar(item)}`"
    value = "" if item.is_flag else f" {_metavar(item)}"
    return ", ".join(f"`{name}{value}`" for name in item.opts).replace("|", "\\|")


def _metavar(item: Any) -> str:
    if item.metavar:
        return str(item.metavar)
    kind = item.type_descriptor.annotation
    choices = get_args(kind)
    if choices:
        return "|".join(map(str, choices))
    return {int: "N", str: "TEXT"}[kind]


def _meaning(item: Any) -> str:
    default = item.default
    shown = "" if default in (None, False, [], ()) or callable(default) else f" Default: {default}."
    again = " Can be given several times." if item.multiple else ""
    return f"{item.help}{shown}{again}".replace("|", "\\|")


def _codes() -> Iterator[str]:
    """One row for each code, from the tree of errors."""
    lines = re.findall(r"^\W*(\w+) +(\d+)  (.*)$", errors.__doc__ or "", re.MULTILINE)
    yield "| 0 | done |"
    for code in dict.fromkeys(code for _, code, _ in lines):
        yield f"| {code} | {' or '.join(words for _, one, words in lines if one == code)} |"
