"""Products in bfloat16 beside float32: train step and inference of one layer, on one thread.

    python benchmarks/bfloat16.py [--rounds N] [--hidden 32,64]

Layers take turns in an order that changes from round to round; medians of processor time are
printed, and how much faster each instruction set of the machine for bfloat16 is than float32 in the
same run. ``outputs`` is how far the outputs are from float32's, as a share of their size.
"""

import argparse
from typing import Any

import torch
from turns import Turn, inference, medians, train_step

from grucli.nn import MODULES, kernel_words
from grucli.nn.native.problem import native

SHAPES = (
    (1, 200, 7, 64),
    (32, 96, 7, 32),
    (32, 96, 7, 64),
    (64, 96, 7, 128),
    (64, 192, 7, 256),
    (256, 15, 512, 512),
    (1, 200, 7, 512),
)
"""(B, T, C, H) of each row."""

LAYERS = (("gru", "none"), ("gru", "split"), ("lstm", "none"))
FLOAT32 = "float32"


def with_set(name: str, turn: Turn) -> Turn:
    """The same turn on one instruction set."""

    def chosen() -> Any:
        if name != FLOAT32:
            native.use_instruction_set(name)
        return turn()

    return chosen


def measure(
    shape: tuple[int, int, int, int], layer: tuple[str, str], sets: list[str], rounds: int
) -> None:
    """Print a line for each instruction set, of one layer of one shape."""
    batch, steps, inputs, hidden = shape
    torch.manual_seed(0)
    x_TBC, gradient_TBH = torch.randn(steps, batch, inputs), torch.ones(steps, batch, hidden)
    exact = MODULES[layer[0]](inputs, hidden, layer_norm=layer[1])
    rough = MODULES[layer[0]](inputs, hidden, layer_norm=layer[1], precision="bfloat16")
    rough.load_state_dict(exact.state_dict())
    turns: dict[tuple[str, str], Turn] = {}
    for name in (FLOAT32, *sets):
        module = exact if name == FLOAT32 else rough
        turns[name, "train"] = with_set(name, train_step(module, x_TBC, gradient_TBH))
        turns[name, "infer"] = with_set(name, inference(module, x_TBC))
    found = medians(turns, rounds)
    truth_TBH = turns[FLOAT32, "infer"]()
    for name in sets:
        line = f"  {' '.join(layer):12}{name:12}"
        for kind in ("train", "infer"):
            usual, own = found[FLOAT32, kind], found[name, kind]
            line += f"{usual:10.2f}{own:10.2f}{usual / own:7.2f}x"
        far = (turns[name, "infer"]() - truth_TBH).norm() / truth_TBH.norm()
        print(f"{line}{far:10.1e}", flush=True)


def main() -> None:
    """Measure every shape and print as we go."""
    known = native.instruction_sets(native.Precision.bfloat16)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--hidden", default=",".join({str(shape[-1]): 0 for shape in SHAPES}))
    options = parser.parse_args()
    if not known:
        raise SystemExit("this processor has no instructions for bfloat16")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, float32: {kernel_words()}, milliseconds of processor time")
    for shape in SHAPES:
        if str(shape[-1]) not in options.hidden.split(","):
            continue
        print(f"\nB, T, C, H = {shape}")
        print(f"{'train':>36}{'bfloat16':>10}{'ratio':>8}{'infer':>10}{'bfloat16':>10}", end="")
        print(f"{'ratio':>8}{'outputs':>10}")
        for layer in LAYERS:
            measure(shape, layer, known, options.rounds)


if __name__ == "__main__":
    main()
