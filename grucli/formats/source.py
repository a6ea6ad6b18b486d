"""Bytes of a regular file: nothing here waits for a pipe, a device or another process."""

import stat
from pathlib import Path

from grucli.formats.faults import FormatError, damaged

MAX_BYTES = 2**32 - 2
"""Largest file that is read: 4 GiB less two bytes, the reach of a zip without 64-bit sizes."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_regular_file(path: str | Path) -> bytes:
    """The whole content of a file. Raises FormatError for anything but a readable regular file."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
            raise FormatError(
                f"is {kind}", expected="a checkpoint file", remedy="name the .pt file"
            )
        if status.st_size > MAX_BYTES:
            raise FormatError(
                f"{status.st_size} bytes",
                expected="less than 4 GiB",
                remedy="save the recurrent weights in a file of their own",
            )
        if status.st_size == 0:
            raise damaged("the file is empty")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(
            f"cannot be read: {reason.lower()}",
            expected="a readable checkpoint file",
            remedy="check the path and its permissions",
        ) from None
    except MemoryError:
        raise FormatError(
            "needs more memory than there is",
            expected="a file that fits in memory",
            remedy="save the recurrent weights in a file of their own",
        ) from None
