"""ONNX models for tests, written by the onnx package as exporters write them."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ORDERS = {"GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2], "RNN": [0]}
"""For each block of ONNX the number of torch's: z r n of r z n, i o f c of i f g o."""


def reordered(values, op):
    """Rows of a torch parameter in the order of ONNX."""
    blocks = np.split(values.detach().numpy(), len(ORDERS[op]))
    return np.concatenate([blocks[index] for index in ORDERS[op]])


def weights_of(module, layer=0, *, op="GRU"):
    """W, R and B of one layer of a torch module."""
    ends = ["", "_reverse"] if module.bidirectional else [""]

    def stacked(kind):
        names = [f"{kind}_l{layer}{end}" for end in ends]
        return np.stack([reordered(getattr(module, name), op) for name in names])

    biases = [stacked("bias_ih"), stacked("bias_hh")]
    return {
        "W": stacked("weight_ih"),
        "R": stacked("weight_hh"),
        "B": np.concatenate(biases, axis=1),
    }


def node_of(arrays, *, op="GRU", name="", source="X", attributes=(), **more):
    """A recurrent node and its initialisers, named after it."""
    tensors = [numpy_helper.from_array(values, name + letter) for letter, values in arrays.items()]
    inputs = [source, *(name + letter for letter in arrays)]
    hidden = arrays["R"].shape[-1]
    asked = {"hidden_size": hidden} | dict(attributes) | more
    if op == "GRU":
        asked = {"linear_before_reset": 1} | asked
    node = helper.make_node(op, inputs, [f"{name}Y", f"{name}Y_h"], name=name, **asked)
    return node, tensors


def model_of(nodes, tensors):
    """A model with these nodes; what flows in is called X."""
    x = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None] * 3)
    y = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [None] * 4)
    graph = helper.make_graph(nodes, "graph", [x], [y], initializer=tensors)
    return helper.make_model(graph, producer_name="grucli tests")


def one_node(arrays, **options):
    """A model of one recurrent node."""
    node, tensors = node_of(arrays, **options)
    return model_of([node], tensors)


def saved(tmp_path, model, name="model.onnx"):
    """Write a model, or bytes, and give the path."""
    path = tmp_path / name
    content = model if isinstance(model, bytes) else model.SerializeToString()
    path.write_bytes(content)
    return path
