"""A layer over a sequence, forwards and backwards: a program for each row takes all steps.

A program holds its row's state, and the weights where they are few, in registers, and waits for no
other. Where they are many, torch computes a step's product for all rows, ``form.product`` is false,
and a call takes one step.

``x``, ``a`` and their gradients are [T, B, gates * H], outputs [T, B, H], a state [parts, B, H],
the states before each step [parts, T, B, H]. ``a``, the state's share of the gates, has one step
where nothing is kept. Gradients of vectors are sums over the steps of each row: [B, gates * H], or
[B, H] of the state's. Steps that a row does not have are left as they are.
"""

from typing import Any, NamedTuple

import triton
import triton.language as tl

from grucli.nn.cuda.cells import after, before
from grucli.nn.cuda.vectors import add, load, plus, store, sums, times, zeros


class Form(NamedTuple):
    """What of a layer is compiled in, each a ``tl.constexpr``; ``block`` is of ``vectors``."""

    cell: Any
    norm: Any
    activation: Any
    gates: Any
    parts: Any
    eps: Any
    hidden: Any
    block: Any
    reverse: Any
    product: Any
    keep: Any


class Read(NamedTuple):
    """What both passes read; of ``weight`` [gates, H, H] a column is a unit of what it gives."""

    x: Any
    weight: Any
    inner: Any
    gain: Any
    bias: Any
    state_gain: Any
    state_bias: Any
    lengths: Any


class Kept(NamedTuple):
    """What the forward pass leaves for the other, beside its results."""

    a: Any
    before: Any


class Gradients(NamedTuple):
    """What the backward pass adds up or writes."""

    x: Any
    a: Any
    gain: Any
    bias: Any
    state_gain: Any
    state_bias: Any


@triton.jit
def matrices(weight, units, form):
    """A matrix [H, H] for each gate."""
    inside = (units[:, None] < form.hidden) & (units[None, :] < form.hidden)
    place = units[:, None] * form.hidden + units[None, :]
    result = ()
    for g in tl.static_range(form.gates):
        at = weight + g * form.hidden * form.hidden + place
        result = result + (tl.load(at, mask=inside, other=0.0),)
    return result


@triton.jit
def product(weights, h):
    """U h of each gate."""
    parts = ()
    for g in tl.static_range(len(weights)):
        parts = parts + (weights[g] * h[:, None],)
    return sums(parts)


@triton.jit
def product_back(weights, da):
    """The gradient of h."""
    parts = weights[0] * da[0][:, None]
    for g in tl.static_range(1, len(weights)):
        parts += weights[g] * da[g][:, None]
    return tl.sum(parts, axis=0)


@triton.jit
def vectors_of(read, units, form):
    """(gains, biases) of the gates, and of the state."""
    gain = load(read.gain, form.hidden, units, form, form.gates)
    bias = load(read.bias, form.hidden, units, form, form.gates)
    state_gain = load(read.state_gain, 0, units, form, form.parts - 1)
    state_bias = load(read.state_bias, 0, units, form, form.parts - 1)
    return (gain, bias), (state_gain, state_bias)


@triton.jit
def live_steps(first, count, steps, length, form):
    """Of ``count`` steps from the ``first`` on, in order of computation, those that a row has."""
    begin = tl.maximum(first, steps - length) if form.reverse else first
    end = first + count if form.reverse else tl.minimum(first + count, length)
    return begin, end


@triton.jit
def place_of(step, steps, row, batch, form):
    """Of a step in the order of computation, in what is [T, B, H]."""
    t = steps - 1 - step if form.reverse else step
    return (t * batch + row).to(tl.int64) * form.hidden


@triton.jit(do_not_specialize=["first", "count", "steps"])
def forward(read, kept, state_at, outputs, first, count, steps, form):
    """``count`` steps from the ``first`` on; the state is read where it is, and left there."""
    row, batch, units = tl.program_id(0), tl.num_programs(0), tl.arange(0, form.block)
    vectors, of_state = vectors_of(read, units, form)
    apart = batch * form.hidden
    state = load(state_at + row * form.hidden, apart, units, form, form.parts)
    if form.product:
        weights = matrices(read.weight, units, form)
        inner = load(read.inner, form.hidden, units, form, form.gates)
    begin, end = live_steps(first, count, steps, tl.load(read.lengths + row), form)
    for step in range(begin, end):
        place = place_of(step, steps, row, batch, form)
        x = load(read.x + place * form.gates, form.hidden, units, form, form.gates)
        a_at = kept.a + (place if form.keep else row * form.hidden) * form.gates
        if form.product:
            a = plus(product(weights, state[0]), inner)
        else:
            a = load(a_at, form.hidden, units, form, form.gates)
        if form.keep:
            store(kept.before + place, steps.to(tl.int64) * apart, state, units, form)
            store(a_at, form.hidden, a, units, form)
        state = after(x, a, vectors, of_state, state, units, form)
        store(outputs + place, 0, (state[0],), units, form)
    store(state_at + row * form.hidden, apart, state, units, form)


@triton.jit(do_not_specialize=["first", "count", "steps"])
def backward(read, kept, state_at, outputs, written, first, count, steps, form):
    """The same steps, last first; the state's gradient is read where it is, and left there."""
    row, batch, units = tl.program_id(0), tl.num_programs(0), tl.arange(0, form.block)
    vectors, of_state = vectors_of(read, units, form)
    dgain, dbias = zeros(vectors[0]), zeros(vectors[1])
    state_dgain, state_dbias = zeros(of_state[0]), zeros(of_state[1])
    apart = batch * form.hidden
    dstate = load(state_at + row * form.hidden, apart, units, form, form.parts)
    if form.product:
        weights = matrices(read.weight, units, form)
    begin, end = live_steps(first, count, steps, tl.load(read.lengths + row), form)
    for back in range(begin, end):
        place = place_of(begin + end - 1 - back, steps, row, batch, form)
        x = load(read.x + place * form.gates, form.hidden, units, form, form.gates)
        a = load(kept.a + place * form.gates, form.hidden, units, form, form.gates)
        state = load(kept.before + place, steps.to(tl.int64) * apart, units, form, form.parts)
        dh = dstate[0] + load(outputs + place, 0, units, form, 1)[0]
        dstate = (dh,) if form.parts == 1 else (dh, dstate[1])
        dx, da, dy, hats, dstate, state_dy, state_hats = before(
            x, a, vectors, of_state, state, dstate, units, form
        )
        store(written.x + place * form.gates, form.hidden, dx, units, form)
        store(written.a + place * form.gates, form.hidden, da, units, form)
        dgain, dbias = plus(dgain, times(dy, hats)), plus(dbias, dy)
        state_dgain = plus(state_dgain, times(state_dy, state_hats))
        state_dbias = plus(state_dbias, state_dy)
        if form.product:
            dh = dstate[0] + product_back(weights, da)
            dstate = (dh,) if form.parts == 1 else (dh, dstate[1])
    store(state_at + row * form.hidden, apart, dstate, units, form)
    add(written.gain + row * form.gates * form.hidden, form.hidden, dgain, units, form)
    add(written.bias + row * form.gates * form.hidden, form.hidden, dbias, units, form)
    add(written.state_gain + row * form.hidden, 0, state_dgain, units, form)
    add(written.state_bias + row * form.hidden, 0, state_dbias, units, form)
