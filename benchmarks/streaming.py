"""Rows a second of ``Forecaster.step``, one series, and the memory it takes: a table."""

import argparse
import resource
import time

import torch

from grucli.nn import Forecaster


def main() -> None:
    """Print a line for each hidden size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--layer-norm", default="split")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("hidden   rows/s   memory before and after, MiB")
    for hidden in (32, 64, 128):
        model = Forecaster(hidden=hidden, horizon=1, layer_norm=arguments.layer_norm).eval()
        row, state = torch.randn(1, 1), None
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with torch.inference_mode():
            for _ in range(100):
                _, state = model.step(row, state)
            started = time.perf_counter()
            for _ in range(arguments.rows):
                _, state = model.step(row, state)
            seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rate = arguments.rows / seconds
        print(f"{hidden:6}  {rate:7.0f}   {before / 1024:.0f} {after / 1024:.0f}")


if __name__ == "__main__":
    main()
