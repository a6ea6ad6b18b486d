"""Each module may choose its kernel: the argument ``kernel``."""

import pytest
import torch

from grucli.nn import GRU, available, kernel_words
from grucli.nn.native import binding

needs_native = pytest.mark.skipif(not available(), reason="installed without a compiler")


def second_derivative(model):
    x = torch.randn(6, 3, 5, requires_grad=True)
    (first,) = torch.autograd.grad(model(x)[0].square().sum(), x, create_graph=True)
    return torch.autograd.grad(first.square().sum(), x)[0]


@needs_native
@pytest.mark.parametrize("variable", [None, "native"])
def test_a_module_with_the_torch_kernel_has_second_derivatives(monkeypatch, variable):
    if variable is not None:
        monkeypatch.setenv("GRUCLI_KERNEL", variable)
    torch.manual_seed(0)
    derivative = second_derivative(GRU(5, 8, layer_norm="split", kernel="torch"))
    assert derivative.abs().max() > 0
    with pytest.raises(RuntimeError, match=r'make the module with kernel="torch"'):
        second_derivative(GRU(5, 8, layer_norm="split"))


@needs_native
def test_a_module_computes_what_the_whole_process_would_with_torch(monkeypatch):
    torch.manual_seed(0)
    own, others = GRU(5, 8, kernel="torch"), GRU(5, 8)
    others.load_state_dict(own.state_dict())
    x = torch.randn(6, 3, 5)
    monkeypatch.setenv("GRUCLI_KERNEL", "torch")
    expected = others(x)[0]
    monkeypatch.delenv("GRUCLI_KERNEL")
    assert torch.equal(own(x)[0], expected)
    with torch.no_grad():
        torch.testing.assert_close(own.step(x[0])[0], others.step(x[0])[0])


@needs_native
def test_a_module_with_the_torch_kernel_takes_no_compiled_step(monkeypatch):
    class Compiled:
        def __getattr__(self, _):
            raise AssertionError("compiled")

    model, x = GRU(5, 8, kernel="torch"), torch.randn(3, 5)
    monkeypatch.setattr("grucli.nn.native.stepper.native", Compiled())
    with torch.no_grad():
        model.step(x)
        with pytest.raises(AssertionError, match="compiled"):
            GRU(5, 8).step(x)


def test_the_kernel_is_shown_where_it_was_chosen():
    assert repr(GRU(5, 8, kernel="torch")) == "GRU(5, 8, kernel='torch')"


@pytest.mark.parametrize(("is_torch", "words"), [(True, "torch"), (False, "numpy")])
def test_without_the_compiled_kernel_it_is_said_what_computes(monkeypatch, is_torch, words):
    monkeypatch.delenv("GRUCLI_KERNEL", raising=False)
    monkeypatch.setattr(binding, "native", None)
    monkeypatch.setattr(binding, "IS_TORCH", is_torch)
    assert kernel_words() == words


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel: 'cuda' is unknown; expected one of auto"):
        GRU(5, 8, kernel="cuda")


def test_a_native_kernel_that_is_not_installed_is_refused(monkeypatch):
    monkeypatch.setattr(binding, "native", None)
    with pytest.raises(RuntimeError, match="kernel: the native kernel is not installed"):
        GRU(5, 8, kernel="native")
