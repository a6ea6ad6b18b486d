"""Our modules against torch's own with copied weights, in float64: outputs and gradients."""

import itertools
import re

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence

from grucli import nn as ours

PAIRS = {
    "gru": (ours.GRU, nn.GRU),
    "rnn": (ours.RNN, nn.RNN),
    "lstm": (ours.LSTM, nn.LSTM),
}
T, B, C, H = 5, 4, 3, 6
CELLS = pytest.mark.parametrize("cell", PAIRS)


def both(cell, **settings):
    """Our module and torch's, ours loaded from torch's state dictionary unchanged."""
    our_class, their_class = PAIRS[cell]
    torch.manual_seed(0)
    theirs = their_class(C, H, dtype=torch.float64, **settings)
    mine = our_class(C, H, dtype=torch.float64, **settings)
    mine.load_state_dict(theirs.state_dict())
    return mine, theirs


def random_state(cell, module, *batch):
    shape = (module.num_layers * (2 if module.bidirectional else 1), *batch, H)
    parts = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in "hc"]
    return tuple(parts) if cell == "lstm" else parts[0]


def flat(value):
    """Every tensor inside outputs and states, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, PackedSequence):
        return [value.data]
    return [tensor for item in value for tensor in flat(item)]


def assert_same_run(mine, theirs, x, hx=None, source=None):
    """Same outputs, and same gradients to input, state and every parameter."""
    source = x if source is None else source
    our_values, their_values = flat(mine(x, hx)), flat(theirs(x, hx))
    probes = [torch.randn_like(value) for value in their_values]
    states = [] if hx is None else flat(hx)
    gradients = []
    for module, values in ((mine, our_values), (theirs, their_values)):
        total = sum((value * probe).sum() for value, probe in zip(values, probes, strict=True))
        wanted = [source, *states, *module.parameters()]
        gradients.append(torch.autograd.grad(total, wanted, retain_graph=True))
    torch.testing.assert_close(our_values, their_values, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-10, atol=1e-11)


SETTINGS = [
    dict(zip(("num_layers", "bidirectional", "bias", "batch_first"), values, strict=True))
    for values in itertools.product((1, 3), (False, True), (True, False), (False, True))
]


@CELLS
@pytest.mark.parametrize("form", ["batched", "unbatched", "packed", "unsorted packed"])
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_outputs_and_gradients_equal_torchs(cell, settings, with_state, form):
    mine, theirs = both(cell, **settings)
    x = torch.randn(B, T, C, dtype=torch.float64, requires_grad=True)
    given = x if settings["batch_first"] else x.transpose(0, 1)
    batch = (B,)
    if form == "unbatched":
        given, batch = x[0], ()
    elif form == "packed":
        lengths = [5, 3, 3, 1]
        given = pack_padded_sequence(given, lengths, batch_first=settings["batch_first"])
    elif form == "unsorted packed":
        rows = [row[:length] for row, length in zip(x, [2, 5, 1, 4], strict=True)]
        given = pack_sequence(rows, enforce_sorted=False)
    hx = random_state(cell, theirs, *batch) if with_state else None
    assert_same_run(mine, theirs, given, hx, source=x)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_plain_network_with_relu_equals_torchs(settings):
    mine, theirs = both("rnn", nonlinearity="relu", **settings)
    x = torch.randn(B, T, C, dtype=torch.float64, requires_grad=True)
    given = x if settings["batch_first"] else x.transpose(0, 1)
    assert_same_run(mine, theirs, given, random_state("rnn", theirs, B), source=x)
    output = mine(given)[0]
    assert (output >= 0).all()
    assert (output == 0).any()


@pytest.mark.parametrize("kernel", ["native", "torch"])
def test_relu_in_float32_equals_torchs(kernel, monkeypatch):
    if kernel == "native" and not ours.available():
        pytest.skip("installed without a compiler")
    monkeypatch.setenv("GRUCLI_KERNEL", kernel)
    mine, theirs = (module.float() for module in both("rnn", nonlinearity="relu", num_layers=2))
    x = torch.randn(T, B, C, requires_grad=True)
    gradients = []
    for module in (mine, theirs):
        output, final = module(x)
        wanted = [x, *module.parameters()]
        gradients.append((output, *torch.autograd.grad((output * 2).sum() + final.sum(), wanted)))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-5, atol=1e-5)


def test_the_activation_stands_where_torch_has_it():
    mine, theirs = (kind(C, H, 2, "relu", False, True) for kind in PAIRS["rnn"])
    assert list(mine.state_dict()) == list(theirs.state_dict())
    assert (mine.rule.spec.activation.name, mine.bias, mine.batch_first) == ("relu", False, True)
    assert repr(ours.RNN(C, H, activation="relu")) == "RNN(3, 6, activation='relu')"


def test_an_activation_that_a_cell_has_not_is_an_error():
    with pytest.raises(
        ValueError, match="activation: 'sine' does not exist for rnn; expected tanh, "
    ):
        ours.RNN(C, H, nonlinearity="sine")
    with pytest.raises(
        ValueError, match="activation: 'relu' does not exist for gru; expected tanh"
    ):
        ours.GRU(C, H, activation="relu")


@CELLS
def test_a_packed_result_unpacks_in_the_callers_order(cell):
    mine, theirs = both(cell)
    rows = [torch.randn(length, C, dtype=torch.float64) for length in (2, 5, 1, 4)]
    packed = pack_sequence(rows, enforce_sorted=False)
    ours_out, theirs_out = mine(packed)[0], theirs(packed)[0]
    assert torch.equal(ours_out.batch_sizes, theirs_out.batch_sizes)
    assert torch.equal(ours_out.sorted_indices, theirs_out.sorted_indices)
    assert torch.equal(ours_out.unsorted_indices, theirs_out.unsorted_indices)


@CELLS
def test_the_same_seed_draws_the_weights_that_torch_draws(cell):
    our_class, their_class = PAIRS[cell]
    drawn = []
    for module_class in (our_class, their_class):
        torch.manual_seed(3)
        drawn.append(module_class(C, H, 2, bidirectional=True).state_dict())
    assert list(drawn[0]) == list(drawn[1])
    assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[1])


@CELLS
def test_dropout_acts_between_layers_in_training_only(cell):
    mine, theirs = both(cell, num_layers=2, dropout=0.5)
    x = torch.randn(T, B, C, dtype=torch.float64)
    assert not torch.equal(mine(x)[0], mine(x)[0])
    mine.eval()
    theirs.eval()
    torch.testing.assert_close(mine(x)[0], theirs(x)[0], rtol=1e-11, atol=1e-12)


@CELLS
def test_dropout_of_everything_between_layers_leaves_the_first_layer_its_input(cell):
    mine, theirs = both(cell, num_layers=2, dropout=1.0)
    x = torch.randn(T, B, C, dtype=torch.float64)
    torch.testing.assert_close(flat(mine(x)), flat(theirs(x)), rtol=1e-11, atol=1e-12)


@CELLS
def test_single_precision_agrees_with_torch_too(cell):
    mine, theirs = both(cell, num_layers=2, bidirectional=True)
    x = torch.randn(T, B, C)
    torch.testing.assert_close(mine.float()(x)[0], theirs.float()(x)[0], rtol=1e-5, atol=1e-6)


BAD_INPUTS = {
    "columns": (lambda m: m(torch.zeros(T, B, 2)), RuntimeError, "2 columns; expected 3"),
    "dimensions": (lambda m: m(torch.zeros(3)), ValueError, "1 dimensions; expected 3"),
    "no steps": (lambda m: m(torch.zeros(0, B, C)), RuntimeError, "no time steps"),
    "type": (lambda m: m(torch.zeros(T, B, C).double()), ValueError, "float64; the weights are"),
    "step": (lambda m: m.step(torch.zeros(C)), ValueError, "1 dimensions; expected 2"),
}


@CELLS
@pytest.mark.parametrize("case", BAD_INPUTS)
def test_an_input_that_does_not_fit_is_named(cell, case):
    call, error, words = BAD_INPUTS[case]
    with pytest.raises(error, match=re.escape(words)):
        call(PAIRS[cell][0](C, H))


@CELLS
def test_an_initial_state_that_does_not_fit_is_named(cell):
    module = PAIRS[cell][0](C, H, 2)
    state = torch.zeros(2, B + 1, H)
    hx = (state, state) if cell == "lstm" else state
    with pytest.raises(RuntimeError, match=re.escape("(2, 5, 6)") + ".*" + re.escape("(2, 4, 6)")):
        module(torch.zeros(T, B, C), hx)


def test_an_lstm_needs_both_parts_of_its_state():
    with pytest.raises(RuntimeError, match="initial state has shape"):
        ours.LSTM(C, H)(torch.zeros(T, B, C), torch.zeros(1, B, H))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"hidden_size": 0}, ValueError, "hidden_size: 0"),
        ({"num_layers": 0}, ValueError, "num_layers: 0"),
        ({"dropout": 1.5}, ValueError, "dropout: 1.5"),
        ({"bias": "tanh"}, TypeError, "bias: 'tanh'"),
        ({"layer_norm": "batch"}, ValueError, "'batch' does not exist for gru"),
        (
            {"layer_norm": True},
            ValueError,
            "True does not say which; expected a name, for gru none, ",
        ),
        ({"layer_norm": "split", "eps": 0.0}, ValueError, "eps: 0.0"),
    ],
)
def test_a_setting_that_does_not_exist_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        ours.GRU(**({"input_size": C, "hidden_size": H} | arguments))


def test_a_layer_norm_of_another_cell_is_refused():
    with pytest.raises(ValueError, match="'sum_joint' does not exist for lstm"):
        ours.LSTM(C, H, layer_norm="sum_joint")


def test_dropout_without_a_second_layer_warns():
    with pytest.warns(UserWarning, match="no effect with num_layers=1"):
        ours.GRU(C, H, dropout=0.5)


def test_a_state_dictionary_of_another_size_is_refused_with_both_shapes():
    with pytest.raises(RuntimeError, match=r"weight_hh_l0.*21, 7.*18, 6"):
        ours.GRU(C, H).load_state_dict(nn.GRU(C, H + 1).state_dict())
