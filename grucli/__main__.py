"""``python -m grucli`` and the ``grucli`` command."""

import signal
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from grucli.cli.app import run
    except KeyboardInterrupt:  # also while the modules of the command line are being loaded
        sys.exit(128 + signal.SIGINT)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
