"""torch sees the kernel as two ordinary operators; people see which kernel runs."""

import pytest
import torch
from torch.autograd.functional import jacobian

from grucli.nn import GRU, LSTM
from grucli.nn.native import binding
from grucli.nn.native.binding import PRECISIONS, available, operands, run_layer_native
from grucli.nn.native.problem import VARIANTS as KERNEL_VARIANTS
from grucli.nn.native.problem import rule_words
from grucli.nn.rules import LayerWeights
from tests.kernel_cases import VARIANTS, make_case, run

needs_native = pytest.mark.skipif(not available(), reason="installed without a compiler")


NAMES = [
    argument.name for argument in torch.ops.grucli.recurrent_backward.default._schema.arguments
]
"""The arguments of recurrent_backward; recurrent_forward has the first of them."""


def arguments_of(case, *, save):
    """The arguments of recurrent_forward."""
    tensors = [case.x_TBC, *operands(LayerWeights(**case.parameters)), case.h_BH, case.c_BH]
    tensors = [None if t is None else t.clone().requires_grad_(save) for t in tensors]
    rule = (*rule_words(case.rule), case.rule.eps, case.reverse)
    return (*tensors, case.lengths_B, *rule, save)


@needs_native
def test_the_kernel_has_every_cell_with_every_layer_normalisation():
    assert set(KERNEL_VARIANTS) == {
        (cell, activation, norm, precision)
        for cell, norm, activation in VARIANTS
        for precision in PRECISIONS
    }


@needs_native
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("save", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_opcheck_accepts_the_operator(variant, save, ragged):
    case = make_case(variant, (3, 4, 5, 6), ragged=ragged)
    torch.library.opcheck(torch.ops.grucli.recurrent_forward, arguments_of(case, save=save))


@needs_native
def test_opcheck_accepts_wide_inputs_whose_product_is_kept():
    case = make_case(("gru", "split"), (3, 4, 50, 6))
    torch.library.opcheck(torch.ops.grucli.recurrent_forward, arguments_of(case, save=True))


@needs_native
@pytest.mark.parametrize("settings", [{"bidirectional": True}, {"recompute_steps": 2}])
def test_compile_takes_a_whole_model_and_its_gradients(settings):
    torch.manual_seed(0)
    model = GRU(5, 8, num_layers=2, layer_norm="split", **settings)
    x_TBC = torch.randn(6, 3, 5)
    expected, _ = model(x_TBC)
    expected.sum().backward()
    gradient = model.weight_hh_l0.grad.clone()
    model.zero_grad()
    found, _ = torch.compile(model, fullgraph=True, backend="aot_eager")(x_TBC)
    found.sum().backward()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(model.weight_hh_l0.grad, gradient)


def test_compile_takes_an_lstm_and_its_gradients():
    torch.manual_seed(0)
    model, x_TBC = LSTM(5, 8), torch.randn(6, 3, 5)
    model(x_TBC)[0].sum().backward()
    gradient = model.weight_hh_l0.grad.clone()
    model.zero_grad()
    torch.compile(model, backend="aot_eager")(x_TBC)[0].sum().backward()
    torch.testing.assert_close(model.weight_hh_l0.grad, gradient)


def out_plus_1(model, x_TBC):
    out, _ = model(x_TBC)
    out += 1
    return out


def out_relu(model, x_TBC):
    return torch.nn.functional.relu_(model(x_TBC)[0])


def input_refilled(model, x_TBC):
    out, _ = model(x_TBC)
    x_TBC.zero_()
    return out


@needs_native
@pytest.mark.parametrize("use", [out_plus_1, out_relu, input_refilled])
def test_what_is_changed_in_place_before_backward_is_named_with_a_remedy(use):
    out = use(GRU(5, 8), torch.randn(6, 3, 5))
    with pytest.raises(RuntimeError, match=r"changed in place before the backward pass.*\.clone"):
        out.sum().backward()


@needs_native
def test_batched_gradients_are_refused_with_a_remedy():
    model = GRU(5, 8)
    with pytest.raises(RuntimeError, match=r"no batched gradients .* set GRUCLI_KERNEL=torch"):
        jacobian(lambda x_TBC: model(x_TBC)[0].sum((0, 1)), torch.randn(6, 3, 5), vectorize=True)


@needs_native
def test_export_keeps_the_operator_of_a_native_module():
    model = GRU(5, 8, layer_norm="split", kernel="native").eval()
    x_TBC = torch.randn(6, 3, 5)
    with torch.no_grad():
        exported = torch.export.export(model, (x_TBC,))
        expected, _ = model(x_TBC)
        found, _ = exported.module()(x_TBC)
    assert "recurrent_forward" in exported.graph_module.code
    assert torch.equal(found, expected)


@needs_native
@pytest.mark.parametrize(
    ("kind", "value", "named"),
    [
        ("weight_hh", torch.zeros(17, 6), "weight_hh"),
        ("bias_ih", torch.zeros(17), "bias_x"),
        ("weight_ih", torch.zeros(18, 4, dtype=torch.float64), "weight_ih"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(kind, value, named):
    case = make_case(("gru", "none"), (3, 2, 4, 6))
    case.parameters[kind] = value
    with pytest.raises(RuntimeError, match=rf"recurrent: {named}: found .*; expected"):
        run(case, native=True)


@needs_native
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", torch.zeros(3, 4)),
        ("weight_hh", torch.zeros(18)),
        ("layer_norm", "split_state"),
        ("cell", "none"),
        ("precision", "half"),
        ("c", torch.zeros(2, 6)),
    ],
)
def test_the_bare_operator_refuses_what_is_no_layer_of_the_kernel(name, value):
    arguments = list(arguments_of(make_case(("gru", "none"), (3, 2, 4, 6)), save=False))
    arguments[NAMES.index(name)] = value
    with pytest.raises(RuntimeError, match=rf"recurrent: found .*{name}.*; expected"):
        torch.ops.grucli.recurrent_forward(*arguments)


def backward_arguments(*, inputs=40):
    """The arguments of recurrent_backward by name, as the forward pass leaves them."""
    *layer, save = arguments_of(make_case(("lstm", "split"), (3, 2, inputs, 40)), save=True)
    layer = [t.detach() if isinstance(t, torch.Tensor) else t for t in layer]
    outputs, h_n, c_n, *saved = torch.ops.grucli.recurrent_forward(*layer, save)
    gradients = (torch.randn_like(result) for result in (outputs, h_n, c_n))
    return dict(zip(NAMES, (*layer, outputs, *saved, *gradients, True), strict=True))


def gradients_of(named):
    return torch.ops.grucli.recurrent_backward(*named.values())


READ = [
    "x",
    "weight_ih",
    "weight_hh",
    "gain_x",
    "bias_h",
    "gain_c",
    "h",
    "c",
    *NAMES[NAMES.index("outputs") : -1],
]
"""Tensors that the backward pass reads, of each kind."""


@needs_native
@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("fault", ["empty", "one row short", "float64"])
def test_the_backward_operator_refuses_a_tensor_that_does_not_fit(name, fault):
    named = backward_arguments()
    value = {
        "empty": torch.empty(0),
        "one row short": named[name][:-1].contiguous(),
        "float64": named[name].double(),
    }[fault]
    with pytest.raises(RuntimeError, match=r"recurrent: .*found .*; expected"):
        gradients_of(named | {name: value})


@needs_native
@pytest.mark.parametrize("inputs", [4, 40])
def test_what_was_not_saved_is_refused_by_the_backward_operator(inputs):
    named = backward_arguments(inputs=inputs)
    with pytest.raises(
        RuntimeError, match=r"recurrent: saved_h: found torch.float32 \(0, 2, 192\)"
    ):
        gradients_of(named | {"saved_h": named["saved_h"][:0]})


@needs_native
@pytest.mark.parametrize("name", READ)
def test_the_backward_operator_takes_any_strides(name):
    named = backward_arguments()
    expected = gradients_of(named)
    strided = torch.stack([named[name], torch.full_like(named[name], 7.0)], dim=-1)[..., 0]
    assert not strided.is_contiguous()
    found = gradients_of(named | {name: strided})
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@needs_native
@pytest.mark.parametrize("lengths", [torch.tensor([1.5, 2.0]), torch.tensor([True, True])])
def test_lengths_that_are_no_numbers_of_steps_are_refused(lengths):
    named = backward_arguments()
    with pytest.raises(RuntimeError, match="lengths must be 2 numbers from 0 to 3"):
        gradients_of(named | {"lengths": lengths})


@needs_native
def test_a_length_beyond_the_sequence_is_refused():
    case = make_case(("gru", "none"), (3, 2, 4, 6))
    weights = LayerWeights(**case.parameters)
    with pytest.raises(RuntimeError, match="lengths must be 2 numbers from 0 to 3"):
        run_layer_native(case.rule, weights, case.x_TBC, case.state, lengths_B=torch.tensor([1, 4]))


def test_torch_can_be_forced(monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    assert binding.kernel_words() == "torch"
    assert binding.chosen_kernel() == "torch"


def test_an_unknown_kernel_is_an_error(monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "abacus")
    with pytest.raises(ValueError, match="GRUCLI_KERNEL: 'abacus' is unknown"):
        binding.chosen_kernel()


@needs_native
def test_the_words_name_kernel_and_instructions(monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "native")
    assert binding.kernel_words() in [
        f"native {name}" for name in binding.native.instruction_sets()
    ]


def test_native_without_a_compiled_module_is_an_error(monkeypatch):
    monkeypatch.setenv("GRUCLI_KERNEL", "native")
    monkeypatch.setattr(binding, "native", None)
    with pytest.raises(RuntimeError, match="the native kernel is not installed"):
        binding.chosen_kernel()


def test_other_precisions_and_cells_stay_with_torch():
    case = make_case(("gru", "none"), (3, 2, 4, 6)).to(torch.float64)
    assert not binding.supports(case.rule, case.x_TBC, LayerWeights(**case.parameters))


@needs_native
@pytest.mark.filterwarnings("ignore:.*torch.jit.script")  # torch's own, forwards
@pytest.mark.parametrize("transform", [torch.func.grad, torch.func.jacfwd])
def test_a_transform_of_the_bare_operator_is_refused(transform):
    """A graph that was exported with the operator has no other way to take."""
    x_TBC, *others = arguments_of(make_case(("gru", "split"), (3, 4, 5, 6)), save=False)

    def loss(x_TBC):
        return torch.ops.grucli.recurrent_forward(x_TBC, *others)[0].sum()

    with pytest.raises(RuntimeError, match=r"knows neither torch\.func nor forward-mode"):
        transform(loss)(x_TBC)


@needs_native
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap_takes_the_bare_operator():
    x_TBC, *others = arguments_of(make_case(("gru", "split"), (3, 4, 5, 6)), save=False)

    def run(x_TBC):
        return torch.ops.grucli.recurrent_forward(x_TBC, *others)[0]

    found = torch.vmap(run)(torch.stack([x_TBC, -x_TBC]))
    assert torch.equal(found, torch.stack([run(x_TBC), run(-x_TBC)]))


@needs_native
@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("recompute_steps", [None, 3])
@pytest.mark.parametrize("final_only", [False, True])
def test_an_exported_model_takes_any_batch_and_length(recompute_steps, final_only, learns):
    settings = {"layer_norm": "split", "recompute_steps": recompute_steps, "kernel": "native"}
    model = GRU(5, 8, num_layers=2, **settings)
    model.requires_grad_(learns)
    steps, batch = torch.export.Dim("steps"), torch.export.Dim("batch")
    sizes = {"input": {0: steps, 1: batch}, "final_only": None}
    arguments = (torch.randn(6, 3, 5),), {"final_only": final_only}
    with torch.set_grad_enabled(learns):
        exported = torch.export.export(model, *arguments, dynamic_shapes=sizes).module()
    for shape in ((6, 3, 5), (11, 2, 5)):
        x_TBC = torch.randn(shape)
        found, expected = (m(x_TBC, final_only=final_only) for m in (exported, model))
        torch.testing.assert_close(found, expected)


@needs_native
@pytest.mark.parametrize("create_graph_of", ["x", "weights"])
@pytest.mark.parametrize("loss", [torch.sum, lambda o: o.square().sum()], ids=["sum", "square"])
@pytest.mark.parametrize("recompute_steps", [None, 3])
def test_second_derivatives_are_refused_and_never_left_out(recompute_steps, loss, create_graph_of):
    layer = GRU(3, 5, layer_norm="split", recompute_steps=recompute_steps)
    x_TBC = torch.randn(7, 4, 3, requires_grad=True)
    wanted = [x_TBC] if create_graph_of == "x" else list(layer.parameters())
    with pytest.raises(RuntimeError, match="has no second derivatives"):
        torch.autograd.grad(loss(layer(x_TBC)[0]), wanted, create_graph=True)
