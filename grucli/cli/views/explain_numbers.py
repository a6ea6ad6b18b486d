"""Numbers on the board: few digits, yet enough that the arithmetic as written gives its result."""

import ast
import math
import operator
from collections.abc import Callable

from grucli.cells import ACTIVATIONS
from grucli.cli.kit.numbers import digits

SHOWN, _MOST = 4, 17
_ROUNDING = 1e-12
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS = {each.formula: each.function for each in ACTIVATIONS.values()}


def number(value: float, count: int = SHOWN) -> str:
    """``count`` significant digits; no more than ``SHOWN`` where these are the number itself."""
    if value == 0:
        return "0"
    few = digits(value, SHOWN)
    return few if count == SHOWN or float(few) == value else digits(value, count)


def digits_needed(write: Callable[[int], str], value: float) -> int:
    """The fewest digits, ``SHOWN`` or more, with which ``write`` gives an arithmetic for ``value``.

    It is worked out as written and rounded like ``value``. What is not finite needs no more digits.
    """
    shown = number(value)
    for count in range(SHOWN, _MOST) if math.isfinite(value) else ():
        result = worked_out(write(count))
        if number(result) == shown or abs(result - value) < _ROUNDING:
            return count
    return _MOST if math.isfinite(value) else SHOWN


def worked_out(text: str) -> float:
    """The value of an arithmetic of numbers, + - * /, brackets, tanh and the logistic s."""
    return _value(ast.parse(text, mode="eval").body)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id="inf"):
            return math.inf
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_value(argument))
    raise ValueError(f"{ast.unparse(node)}: no arithmetic")
