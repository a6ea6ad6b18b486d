"""Where a study is kept: a journal file of our own, or a database that many machines share."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grucli.errors import GrucliError, UsageError, pip_install, remedy

HEARTBEAT_SECONDS, GRACE_SECONDS = 15, 60
"""How often a process tells a database that its trial goes on, and after what silence of its it is
taken for dead. A journal file needs neither: see ``workers``."""


def load_optuna() -> Any:
    """The library, which says nothing by itself. Raises UsageError where it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            f"grucli tune: needs Optuna, which is not installed; {pip_install('tune')}"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def open_journal(path: Path) -> Any:
    """The storage in a journal file, which is made where it is not there. Raises GrucliError."""
    from optuna.storages import JournalStorage

    from grucli.tuning.journal import Journal

    try:
        with journal_errors(path):
            return JournalStorage(Journal(path))
    except (ValueError, KeyError, TypeError) as error:
        raise GrucliError(
            f"{path}: holds no study that can be read ({error}); expected what grucli tune wrote; "
            "move it away, or choose another place with --run-dir"
        ) from error


@contextmanager
def journal_errors(path: Path) -> Iterator[None]:
    """Turn what the system says of a journal in the block into one line."""
    try:
        yield
    except OSError as error:
        raise GrucliError(
            f"{path}: cannot be used: {error.strerror or error}; what stands in it is kept; "
            f"{remedy(error)}, then run the command again, which goes on with it"
        ) from error


def open_database(url: str, given_back: Any) -> Any:
    """The storage behind a URL; ``given_back`` is called with a study and a trial that died.

    Raises UsageError for a URL or a driver that is not there, GrucliError for no connection.
    """
    from optuna.storages import RDBStorage

    with database_errors(url), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's heartbeat is called experimental since 2021
        return RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=GRACE_SECONDS,
            heartbeat_stale_trial_callback=given_back,
        )


def shown(url: str) -> str:
    """A URL without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return str(make_url(url).render_as_string(hide_password=True))
    except ArgumentError as error:
        raise UsageError(
            f"--storage {url.rsplit('@', maxsplit=1)[-1]}: not a URL of a database; expected one "
            "such as postgresql://user@host/name"
        ) from error


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what a database or its driver raises in the block into one line."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    place = shown(url)
    try:
        yield
    except (ImportError, NoSuchModuleError) as error:
        then = "install the driver that SQLAlchemy names"
        if url.startswith("postgres"):
            then = pip_install("tune", "postgres")
        raise UsageError(f"--storage {place}: {_first_line(error)}; {then}") from error
    except (SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        raise GrucliError(
            f"--storage {place}: {_first_line(cause or error)}; expected a database that can be "
            "reached and written; check the URL and your rights there"
        ) from error


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return (str(origin).splitlines() or [type(origin).__name__])[0]
