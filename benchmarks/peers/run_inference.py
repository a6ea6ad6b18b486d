"""One GRU layer without layer normalisation, forward, in the engine that is named.

    python run_inference.py ENGINE THREADS

Reads lines: ``B T C H`` draws a layer and answers the sum of its outputs, an empty line runs it
once and answers the milliseconds of processor time and of the wall. All engines draw the same
numbers.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

Run = Callable[[], np.ndarray]


def numbers(batch: int, steps: int, inputs: int, hidden: int) -> dict[str, np.ndarray]:
    """Inputs [T, B, C] and torch's parameters of a GRU, gates r, z, n."""
    rng, bound = np.random.default_rng(0), hidden**-0.5
    shapes = {
        "weight_ih": (3 * hidden, inputs),
        "weight_hh": (3 * hidden, hidden),
        "bias_ih": (3 * hidden,),
        "bias_hh": (3 * hidden,),
    }
    drawn = {name: rng.uniform(-bound, bound, shape) for name, shape in shapes.items()}
    drawn["x"] = rng.standard_normal((steps, batch, inputs))
    return {name: value.astype(np.float32) for name, value in drawn.items()}


def grucli(given: dict[str, np.ndarray], layer_norm: str, threads: int) -> Run:
    """Ours, as it is used from torch."""
    import torch

    from grucli.nn import GRU

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    x_TBC = torch.from_numpy(given.pop("x"))
    model = GRU(x_TBC.shape[2], given["weight_hh"].shape[1], layer_norm=layer_norm)
    with torch.no_grad():
        for name, value in given.items():
            getattr(model, f"{name}_l0").copy_(torch.from_numpy(value))

    def run() -> np.ndarray:
        with torch.inference_mode():
            return model(x_TBC)[0].numpy()

    return run


def onnx_bytes(given: dict[str, np.ndarray]) -> bytes:
    """ONNX's own operator, whose gates are z, r, n."""
    from onnx import TensorProto, helper, numpy_helper

    def gates(value: np.ndarray) -> np.ndarray:
        reset, update, candidate = np.split(value, 3)
        return np.concatenate([update, reset, candidate])

    bias = np.concatenate([gates(given["bias_ih"]), gates(given["bias_hh"])])
    values = {"W": gates(given["weight_ih"]), "R": gates(given["weight_hh"]), "B": bias}
    hidden, shape = given["weight_hh"].shape[1], list(given["x"].shape)
    node = helper.make_node(
        "GRU", ["x", "W", "R", "B"], ["y"], hidden_size=hidden, linear_before_reset=1
    )
    graph = helper.make_graph(
        [node],
        "gru",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], 1, shape[1], hidden])],
        [numpy_helper.from_array(value[None], name) for name, value in values.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def onnxruntime(given: dict[str, np.ndarray], threads: int) -> Run:
    """ONNX Runtime on the CPU."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(
        onnx_bytes(given), options, providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"x": given["x"]})[0]


def openvino(given: dict[str, np.ndarray], threads: int) -> Run:
    """OpenVINO on the CPU, in float32 as all others."""
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(
        core.read_model(onnx_bytes(given), b""), "CPU", settings
    ).create_infer_request()
    return lambda: request.infer({"x": given["x"]})[0]


def flax(given: dict[str, np.ndarray], threads: int) -> Run:
    """Flax's cell under jax.jit, which takes its threads from the cores it may use."""
    os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:threads])
    import jax
    from flax import linen

    hidden = given["weight_hh"].shape[1]
    split = {name: np.split(value, 3) for name, value in given.items() if name != "x"}
    cell = {
        side + gate: {"kernel": split[f"weight_{long}"][k].T}
        for side, long in (("i", "ih"), ("h", "hh"))
        for k, gate in enumerate("rzn")
    }
    for k, gate in enumerate("rzn"):
        apart = gate == "n"
        cell["i" + gate]["bias"] = split["bias_ih"][k] + (0 if apart else split["bias_hh"][k])
    cell["hn"]["bias"] = split["bias_hh"][2]
    layer = linen.RNN(linen.GRUCell(hidden), time_major=True)
    step = jax.jit(lambda x_TBC: layer.apply({"params": {"cell": cell}}, x_TBC))
    x_TBC = jax.device_put(given["x"])
    return lambda: np.asarray(step(x_TBC).block_until_ready())


def engine(name: str, given: dict[str, np.ndarray], threads: int) -> Run:
    """What one turn does."""
    if name.startswith("grucli"):
        return grucli(given, name.split()[1], threads)
    return {"ONNX Runtime": onnxruntime, "OpenVINO": openvino, "flax": flax}[name](given, threads)


def main() -> None:
    """Answer lines until there are none."""
    name, threads = sys.argv[1], int(sys.argv[2])
    run: Run | None = None
    for line in sys.stdin:
        if run is None or line.strip():
            run = engine(name, numbers(*map(int, line.split())), threads)
            answer = float(run().astype(np.float64).sum())
        else:
            wall, processor = time.perf_counter(), time.process_time()
            run()
            answer = [(time.process_time() - processor) * 1e3, (time.perf_counter() - wall) * 1e3]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
