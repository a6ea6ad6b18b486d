"""A recipe file, or the value of an override, to nodes."""

import codecs
from pathlib import Path

from grucli.places import is_folder
from grucli.recipe.composer import Composer, place_of, stop
from grucli.recipe.nodes import Node, Where
from grucli.recipe.syntax import find_conflict_marker, missing_file

LARGEST_BYTES = 256 * 1024


def read_file(path: Path) -> Node:
    """Read a recipe file of at most 256 KiB, in UTF-8, into nodes.

    Raises UnreadableRecipeError when the file or its syntax cannot be read. Errors that leave the
    rest readable (a key written twice, 017) are kept as the ``faults`` of the node.
    """
    source, nowhere = str(path), Where(0, 0, 0, str(path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise stop(nowhere, missing_file(path)) from None
    except (OSError, ValueError) as error:
        if is_folder(path):
            raise stop(nowhere, "is a folder; expected a recipe file") from None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise stop(nowhere, f"cannot be read: {reason}; expected a recipe file") from error
    if len(content) > LARGEST_BYTES:
        limit = LARGEST_BYTES // 1024
        raise stop(nowhere, f"is larger than {limit} KiB; expected a recipe, not a table")
    return read_text(_decode(content, source), source)


def read_text(text: str, source: str, *, order: int = 0) -> Node:
    """Read one YAML document into nodes; ``order`` above 0 is an override, without lines.

    Raises UnreadableRecipeError at the first error of syntax.
    """
    if order == 0:
        _refuse_conflict_markers(text, source)
    return Composer(text, source, order).document()


def _decode(content: bytes, source: str) -> str:
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise stop(Where(0, 1, 1, source), "found UTF-32; expected UTF-8; save it as UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise stop(Where(0, 1, 1, source), "found UTF-16; expected UTF-8; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        where = place_of(before, len(before), source)
        found = f"found byte 0x{error.object[error.start]:02x}, which is not UTF-8"
        raise stop(where, f"{found}; save the file as UTF-8") from error


def _refuse_conflict_markers(text: str, source: str) -> None:
    index = find_conflict_marker(text)
    if index is not None:
        message = "found a merge-conflict marker; settle the conflict and remove the markers"
        raise stop(place_of(text, index, source), message)
