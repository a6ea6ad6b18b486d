"""The command line: its verbs, and how any end of them becomes an exit code and one line."""

import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from grucli import __version__
from grucli.cli.kit.options import SCREEN, Verbose
from grucli.cli.kit.streams import drop_output
from grucli.cli.kit.talking import tolerant_talk
from grucli.cli.verbs import (
    backtest,
    check,
    compare,
    evaluate,
    explain,
    export,
    init,
    inspect_weights,
    predict,
    report,
    trace,
    train,
    tune,
)
from grucli.errors import GrucliError, MissingPackageError, remedy
from grucli.results.document import to_json
from grucli.results.error import Error
from grucli.text import clean, tell_problem

_CHOICE = re.compile(
    r"Invalid value for '(?P<option>[^']+)': (?:Value error, )?"
    r"(?P<quote>['\"])(?P<value>.*)(?P=quote) is not one of (?P<known>'.+')",
    re.DOTALL,
)
"""How the library says it."""

_NO_MEMORY = ("allocate memory", "failed to map segment", "start new thread")
"""How libraries say that memory, or room for addresses, has run out."""

_FIRST_STEPS = """\b
First steps, from a table of your own:
  grucli init mine.csv -o mine.yaml
  grucli train mine.yaml
  grucli predict runs/mine > forecast.csv
  grucli inspect-weights runs/mine

Read on: grucli help VERB, and in the repository README.md and docs/README.md."""

app = typer.Typer(
    name="grucli",
    help="Train, evaluate and look inside gated recurrent networks, from a recipe and a CSV.",
    epilog=_FIRST_STEPS,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_GROUPS: dict[str, dict[str, Callable[..., None]]] = {
    "Make": {"init": init.init, "check": check.check},
    "Learn": {"train": train.train, "tune": tune.tune},
    "Judge": {
        "eval": evaluate.evaluate,
        "backtest": backtest.backtest,
        "compare": compare.compare,
    },
    "Use": {"predict": predict.predict, "export": export.export},
    "Look": {
        "inspect-weights": inspect_weights.inspect_weights,
        "trace": trace.trace,
        "explain": explain.explain,
        "report": report.report,
    },
}
"""Verbs as the help shows them, in groups."""
for _group, _verbs in _GROUPS.items():
    for _name, _verb in _verbs.items():
        app.command(_name, rich_help_panel=_group)(_verb)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version, with --verbose the kernel too."),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Train, evaluate and look inside gated recurrent networks, from a recipe and a CSV."""
    if version:
        typer.echo(f"grucli {__version__}")
        if verbose:
            from grucli.runs.device import environment

            typer.echo("\n".join(f"{name}: {value}" for name, value in environment().items()))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; nothing raised in it leaves this function.

    ``help VERB`` is the same as ``VERB --help``. With ``--json`` an error is one document on
    standard output too, where no result went there before it.
    """
    with tolerant_talk():
        if arguments[:1] == ["help"]:
            arguments = [*arguments[1:], "--help"]
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        SCREEN.json, SCREEN.has_result = "--json" in options, False
        code = _run(arguments)
        try:
            _flush()
        except OSError:  # it was told of
            drop_output()
        return code


def _run(arguments: list[str]) -> int:
    if sys.stdout is None and {"--help", "-h", "--version", "-V"} & set(arguments):
        return _report(["standard output is closed: there is nowhere to print"], 1)
    try:
        code = app(arguments, standalone_mode=False, prog_name="grucli")
        _flush()
    except GrucliError as error:
        return _report(error.lines, error.exit_code, untold=error.untold)
    except typer.TyperException as error:
        return _report([_usage(error)], 2)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except typer.Abort as error:  # what Typer makes of an EOFError; nothing here asks for a line
        return _report([_unexpected(error.__cause__ or error)], 1)
    except BrokenPipeError:  # the reader has gone: end quietly
        drop_output()
        return 1
    except OSError as error:
        return _report([_system(error)], 1)
    except Exception as error:
        return _report([_unexpected(error)], 1)
    return code if isinstance(code, int) else 0


def _flush() -> None:
    """Make sure that what was written has arrived while an error can still be reported."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _system(error: OSError) -> str:
    """What to say of an error of the system, with its file where there is one."""
    reason, then = error.strerror or str(error), f"{remedy(error)}, then run the command again"
    if not isinstance(error.filename, str | bytes | os.PathLike):
        return f"could not finish: {reason}; {then}"
    return f"{os.fsdecode(error.filename)}: {reason}; {then}"


def _unexpected(error: BaseException) -> str:
    """What to say of an error that is none of ours."""
    words = str(error)
    if isinstance(error, MemoryError) or any(sign in words for sign in _NO_MEMORY):
        return "could not finish: not enough memory; free some, or raise the limit (ulimit -v)"
    if isinstance(error, ModuleNotFoundError) and not (error.name or "grucli").startswith("grucli"):
        return MissingPackageError(str(error.name).partition(".")[0]).lines[0]
    return (
        f"internal fault: {type(error).__name__}: {words}; this is a defect of grucli; "
        "run again with --verbose and report what it prints"
    )


def _report(problems: Sequence[str], code: int, *, untold: Sequence[str] | None = None) -> int:
    """Print errors, one line each; ``untold`` are those to print where some were before.

    Where a document was asked for it follows, with all, and the code stays that of the error.
    """
    if sys.stderr is not None:
        if SCREEN.verbose:
            for line in traceback.format_exc().splitlines():
                sys.stderr.write(f"{clean(line)}\n")
        for problem in problems if untold is None else untold:
            tell_problem(problem)
    if SCREEN.json and not SCREEN.has_result and sys.stdout is not None:
        from grucli.cli.kit.console import write_result

        try:
            write_result(to_json(Error.of(code, problems)) + "\n")
            _flush()
        except OSError:
            drop_output()
    return code


def _choice(found: re.Match[str]) -> str:
    """A value that is none of an option's choices, in the words of our own errors."""
    known = found["known"].replace("'", "")
    return f"{found['option']} {found['value']}: expected one of {known}"


def _usage(error: typer.TyperException) -> str:
    """A usage error of the command line as one line with the place to look."""
    message = getattr(error, "format_message", lambda: str(error))()
    message = _CHOICE.sub(_choice, message)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "grucli"
    return f"{path}: {' '.join(message.split()).rstrip('.')}; see {path} --help"
