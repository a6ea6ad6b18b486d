"""Where a recipe came from, as far as a run must know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """A recipe's file, and the dotted keys that were set beside it."""

    file: Path
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, file: str, overrides: Sequence[str]) -> "Origin":
        """That of a recipe loaded from a file with ``KEY=VALUE`` overrides."""
        keys = (override.partition("=")[0].split(".") for override in overrides)
        return cls(Path(file), tuple(".".join(map(str.strip, parts)) for parts in keys))

    def sets(self, key: str) -> bool:
        """Whether an override gave this key, or a section that it belongs to."""
        return any(key == known or key.startswith(f"{known}.") for known in self.keys)
