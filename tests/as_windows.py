"""``grucli`` in a process that is told it runs on Windows: ``python -m tests.as_windows VERB ...``.

What the system does differently there takes the place of what it does here, as CPython has it on
Windows: no folder can be opened, nothing that a process has open can be renamed or removed, what is
written through a handle that was not opened as binary gets carriage returns, and only what may be
written can be synced. The modules of grucli find another ``sys.platform``, and what Python 3.11
lacks there is not there for them; other packages go on as they are here. A child that is spawned
imports this module too.
"""

import builtins
import errno
import fcntl
import glob
import io
import os
import shutil
import signal
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import ModuleType

O_BINARY = 0x8000
"""Its value there; here it means nothing."""
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIGBREAK"}
NO_SIGNALS = {name for name in vars(signal) if name.startswith("SIG") and name.isalnum()} - SIGNALS
ABSENT = {
    "os": {
        *("O_CLOEXEC", "O_DIRECTORY", "O_DSYNC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC"),
        *("SEEK_DATA", "SEEK_HOLE", "chown", "fchmod", "fchown", "fork", "forkpty", "geteuid"),
        *("getgid", "getpgid", "getpgrp", "getuid", "killpg", "lchown", "mkfifo", "openpty"),
        *("pread", "pwrite", "register_at_fork", "sched_getaffinity", "sched_setaffinity"),
        *("sched_yield", "set_blocking", "setsid", "statvfs", "sync", "uname"),
    },
    "signal": NO_SIGNALS | {"pthread_kill", "pthread_sigmask", "setitimer", "sigwait"},
}
"""What is not there; ``os.set_blocking`` comes with Python 3.12, for pipes alone."""
NO_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}

_text_handles = set()
"""Handles of this process whose lines get carriage returns."""


def refused(path, number=errno.EACCES):
    """An error as Windows gives it."""
    return OSError(number, os.strerror(number), os.fspath(path))


def check_closed(path):
    """Raise PermissionError for a file that some process has open, or a folder with one in it."""
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 (links are names too)
    place = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
    for handle in glob.iglob("/proc/[0-9]*/fd/*"):  # noqa: PTH207
        with suppress(OSError):
            opened = os.readlink(handle)  # noqa: PTH115
            if opened == place or opened.startswith(f"{place}/"):
                break
    else:
        return
    raise refused(path)


def asked_by_grucli(depth):
    """Whether the code so many calls up is a module of grucli."""
    return sys._getframe(depth + 1).f_globals.get("__name__", "").partition(".")[0] == "grucli"


class Lacking(ModuleType):
    """A module that has not for grucli what it has not on Windows."""

    def __getattribute__(self, name):
        found = ModuleType.__getattribute__(self, name)
        own = ModuleType.__getattribute__(self, "__name__")
        if name in ABSENT.get(own, ()) and asked_by_grucli(1):
            raise AttributeError(f"module {own!r} has no attribute {name!r}")
        return "win32" if (own, name) == ("sys", "platform") and asked_by_grucli(1) else found


def instead_of(module, name):
    """A decorator: the function takes the place of one of a module, which it gets first."""

    def put(function):
        before = getattr(module, name)
        setattr(module, name, lambda *a, **k: function(before, *a, **k))
        return function

    return put


def write_all(write, handle, content):
    while content:
        content = content[write(handle, content) :]


def change_handles():
    """Handles that are opened, looked at, written to, synced and closed."""

    @instead_of(os, "open")
    def opened(open_, path, flags, *arguments, **options):
        if Path(path).is_dir():
            raise refused(path)
        handle = open_(path, flags & ~O_BINARY, *arguments, **options)
        (_text_handles.discard if flags & O_BINARY else _text_handles.add)(handle)
        return handle

    @instead_of(os, "close")
    def closed(close, handle):
        _text_handles.discard(handle)
        close(handle)

    @instead_of(os, "write")
    def written(write, handle, content):
        if handle not in _text_handles:
            return write(handle, content)
        write_all(write, handle, bytes(content).replace(b"\n", b"\r\n"))
        return len(content)

    @instead_of(os, "fsync")
    def synced(fsync, handle):
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        fsync(handle)

    @instead_of(os, "fstat")
    def looked_at(fstat, handle):
        found = fstat(handle)
        of_disk = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        return found if of_disk else os.stat_result((stat.S_IFMT(found.st_mode), *[0] * 9))


def change_names():
    """Files that are opened, removed and renamed by name."""
    for module in (io, builtins):

        @instead_of(module, "open")
        def opened(open_, file, *arguments, **options):
            if not isinstance(file, int) and Path(os.fsdecode(file)).is_dir():
                raise refused(file)
            return open_(file, *arguments, **options)

    for name in ("unlink", "remove", "rmdir"):

        @instead_of(os, name)
        def removed(remove, path, **options):
            check_closed(path)
            remove(path, **options)

    for name in ("rename", "replace"):

        @instead_of(os, name)
        def moved(move, source, target, name=name, **options):
            if name == "rename" and Path(target).exists():
                raise refused(target, errno.EEXIST)
            check_closed(source)
            check_closed(target)
            move(source, target, **options)


def change_signals():
    """Signals that can be handled, and the pipe that is told of them, which may wait there."""
    signal.SIGBREAK = signal.Signals(21)

    @instead_of(signal, "signal")
    def handled(signal_, number, handler):
        if asked_by_grucli(2) and number not in {getattr(signal, name) for name in SIGNALS}:
            raise ValueError("invalid signal value")
        return signal_(number, handler)

    @instead_of(signal, "set_wakeup_fd")
    def told(set_wakeup_fd, handle, **options):
        if handle != -1:
            os.set_blocking(handle, False)
        return set_wakeup_fd(handle, **options)


def change_imports():
    """Modules that are not there."""

    @instead_of(builtins, "__import__")
    def imported(import_, name, *arguments, **options):
        if name in NO_MODULES and asked_by_grucli(2):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_(name, *arguments, **options)


def pretend():
    """Make it so, once and for good."""
    os.O_BINARY = O_BINARY
    tempfile._bin_openflags |= O_BINARY
    shutil._use_fd_functions = False
    for change in (change_handles, change_names, change_signals, change_imports):
        change()
    for module in (os, signal, sys):
        module.__class__ = Lacking


pretend()

if __name__ == "__main__":
    from grucli.__main__ import main

    main()
