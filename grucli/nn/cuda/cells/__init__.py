"""One step of each cell for one row of a batch, and its gradient, in Triton.

Tuples are those of ``grucli.nn.cuda.vectors``, in the order of the gates: ``x`` and ``a`` are the
input's and the state's share, ``hats`` what a normalisation gives before gain and bias, ``dy`` the
gradient of what it gives after them. ``vectors`` are (gains, biases) of the gates, ``of_state``
those of the normalised part of the state.
"""

import triton
import triton.language as tl

from grucli.nn.cuda.cells.gru import after as after_gru
from grucli.nn.cuda.cells.gru import before as before_gru
from grucli.nn.cuda.cells.lstm import after as after_lstm
from grucli.nn.cuda.cells.lstm import before as before_lstm
from grucli.nn.cuda.cells.rnn import after as after_rnn
from grucli.nn.cuda.cells.rnn import before as before_rnn


@triton.jit
def after(x, a, vectors, of_state, state, units, form):
    """The next state, h first."""
    if form.cell == "gru":
        result = (after_gru(x, a, vectors, state[0], units, form),)
    elif form.cell == "lstm":
        result = after_lstm(x, a, vectors, of_state, state[1], units, form)
    else:
        h, _, _ = after_rnn(x, a, vectors, units, form)
        result = (h,)
    return result


@triton.jit
def before(x, a, vectors, of_state, state, dstate, units, form):
    """The gradients dx and da, dy and hats, what of the state's gradient passes the product by.

    And, of the normalisation of the state, dy and hats.
    """
    state_dy, state_hats = (), ()
    if form.cell == "gru":
        dx, da, dy, hats, direct = before_gru(x, a, vectors, state[0], dstate[0], units, form)
        passed = (direct,)
    elif form.cell == "lstm":
        found = before_lstm(x, a, vectors, of_state, state[1], dstate, units, form)
        dx, da, hats, dc, state_dy, state_hats = found
        dy, passed = dx, (tl.zeros_like(dc), dc)
    else:
        dx, da, dy, hats = before_rnn(x, a, vectors, dstate[0], units, form)
        passed = (tl.zeros_like(dy[0]),)
    return dx, da, dy, hats, passed, state_dy, state_hats
