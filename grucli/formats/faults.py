"""What is wrong with a foreign file, before the file's name is put in front of it."""

DAMAGED = "copy the file again, or use an earlier checkpoint"
SAVE_WEIGHTS = "save the weights alone with torch.save(model.state_dict(), path)"


class FormatError(Exception):
    """One fault as `what was found; what was expected; what to do`, without the file's name."""

    def __init__(self, found: str, *, expected: str, remedy: str) -> None:
        """Join the three parts of the message."""
        super().__init__(f"{found}; expected {expected}; {remedy}")


def damaged(found: str) -> FormatError:
    """A file that was cut short or changed after it was written."""
    return FormatError(f"truncated or corrupt ({found})", expected="an intact file", remedy=DAMAGED)


def foreign(found: str) -> FormatError:
    """A file of another kind."""
    return FormatError(
        f"not a grucli checkpoint: {found}",
        expected="a file written by grucli or by torch.save",
        remedy=SAVE_WEIGHTS,
    )


def printable(text: str, *, limit: int = 200) -> str:
    """The text with control characters, line breaks and lone surrogates spelt as escapes.

    Names inside a file are not to be trusted with a terminal. Cut to ``limit`` characters.
    """
    safe = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[: limit + 1]
    )
    return safe if len(safe) <= limit else safe[: limit - 3] + "..."
