"""``python -m grucli`` and the ``grucli`` command."""

import signal
import sys


def main() -> None:
    """Run the command line and end the process with its exit code.

    Until training takes signals over, Ctrl-C ends the process at once: a KeyboardInterrupt is lost
    where it falls into a callback, of which there are many while modules are loaded.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from grucli.cli.app import run
    from grucli.cli.kit.streams import settle_streams
    from grucli.computing import one_thread, read_only

    settle_streams()
    verb = set(sys.argv[1:2])
    if {"predict", "eval", "trace", "explain", "inspect-weights"} & verb:
        read_only()
    if {"trace", "explain"} & verb:
        one_thread()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
