"""What ``grucli inspect-weights`` was asked for, and which options fit it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grucli.errors import UsageError

HISTORY = "--history, which shows the record of one run"
COMPARISON = "a second checkpoint to compare with"
MATRIX = "--matrix, which shows one matrix"
UNIT = "--unit, which shows one unit"
REPORT = "the report of all matrices; --output writes one, named with --matrix"

_FITTING = {
    HISTORY: {"--names", "--member", "--plot"},
    COMPARISON: {"OTHER", "--layer", "--gate", "--sort", "--names", "--layout", "--member"}
    | {"--fail-if", "--plot"},
    MATRIX: {"--matrix", "--output", "--names", "--layout", "--member", "--plot"},
    UNIT: {"--unit", "--layer", "--layout", "--member"},
    REPORT: {"--layer", "--gate", "--sort", "--names", "--layout", "--member", "--all", "--exact"}
    | {"--fail-if", "--plot"},
}
"""What is shown, and the options that do something to it."""


@dataclass(frozen=True)
class Asked:
    """The command line."""

    checkpoint: str
    other: str | None
    layers: Sequence[str]
    gates: Sequence[str]
    sort: str | None
    names: str
    matrix: str | None
    output: str | None
    unit: int | None
    history: bool
    layout: str | None
    member: int | None
    all: bool
    exact: bool
    fail_if: list[str]
    plot: Path | None
    json: bool

    @property
    def shown(self) -> str:
        """What is asked for, a key of ``_FITTING``."""
        if self.history:
            return HISTORY
        if self.other:
            return COMPARISON
        return MATRIX if self.matrix else UNIT if self.unit is not None else REPORT

    @property
    def which(self) -> dict[str, Any]:
        """How a file is read, and which of its models."""
        return {"layout": self.layout, "member": self.member}

    @property
    def given(self) -> list[str]:
        """The options that say what to show and how."""
        values = {
            "OTHER": self.other,
            "--matrix": self.matrix,
            "--output": self.output,
            "--layer": self.layers,
            "--gate": self.gates,
            "--sort": self.sort,
            "--names": self.names != "symbols",
            "--layout": self.layout,
            "--member": self.member is not None,
            "--all": self.all,
            "--exact": self.exact,
            "--fail-if": self.fail_if,
            "--unit": self.unit is not None,
            "--plot": self.plot,
        }
        return [option for option, value in values.items() if value]

    @property
    def wanted(self) -> Any:
        """Which matrices, in which order."""
        from grucli.results import MatrixChange, MatrixStatistics, name_today
        from grucli.runs.arranging import Wanted

        sort = self.sort and name_today(self.sort, MatrixStatistics, MatrixChange)
        return Wanted(self.layers, self.gates, sort)

    def check_fit(self) -> None:
        """Raise UsageError for options that would do nothing."""
        idle = [option for option in self.given if option not in _FITTING[self.shown]]
        if idle:
            words = f"{', '.join(idle)}: does nothing beside {self.shown}"
            raise UsageError(f"{words}; leave one of them out")
