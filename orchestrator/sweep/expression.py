"""Expressions in sweep files: arithmetic, comparisons and a few functions of other settings. No code is executed.

`objective.r1_gamma: 0.0002 * data.resolution ** 2 / batch`

The text is parsed into Python's syntax tree, of which only the node types below are supported; names are dotted keys of
settings. Numbers are bounded: no power or product may have more than MAX_BITS bits.
"""

import ast
import itertools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from trainer.errors import did_you_mean

MAX_CHARACTERS = 500
MAX_BITS = 256

Lookup = Callable[[str], Any]
"""Maps a dotted key to its value. Raises ExpressionError if there is none."""

AllowedTexts = Callable[[str], frozenset[str] | None]
"""Maps a dotted key to the texts that it may be; None if it may be any."""

Number = int | float


class ExpressionError(Exception):
    """An expression that is invalid or has no value here."""


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and abs(exponent) * max(1, base.bit_length()) > MAX_BITS:
        raise ExpressionError(f"{base} ** {exponent} is too large")
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise ExpressionError(f"{base} ** {exponent} is not a real number")
    return result


ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "int": int,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "log2": math.log2,
}


def evaluate(text: str, lookup: Lookup, choices: AllowedTexts = lambda _: None) -> Any:
    """Return the value of an expression: a number, boolean, string or None.

    Raises ExpressionError, also for a comparison that can never hold: of text with a number, or with a text that is
    none of a setting's `choices`.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"is longer than {MAX_CHARACTERS} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        _require_possible(tree, choices)
        value = _value(tree.body, lookup)
    except SyntaxError as error:
        raise ExpressionError(f"is not a valid expression ({error.msg})") from None
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ExpressionError(str(error) or type(error).__name__) from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError(f"gives {value}")
    return value


def _value(node: ast.expr, lookup: Lookup) -> Any:
    match node:
        case ast.Constant(value=int() | float() | str() | None as value):
            return value
        case ast.Name() | ast.Attribute():
            return lookup(_dotted(node))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_number(inner, lookup)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _value(inner, lookup)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC:
            return _bounded(ARITHMETIC[type(op)](_number(left, lookup), _number(right, lookup)))
        case ast.BoolOp(op=op, values=values):
            return _both_or_any(op, values, lookup)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compared([_value(part, lookup) for part in (left, *others)], ops)
        case ast.IfExp(test=test, body=then, orelse=otherwise):
            return _value(then if _value(test, lookup) else otherwise, lookup)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return _bounded(FUNCTIONS[name](*(_number(part, lookup) for part in args)))
    raise ExpressionError(f"`{ast.unparse(node)}` is not supported; use numbers, settings, {_known()}")


def _number(node: ast.expr, lookup: Lookup) -> Number:
    value = _value(node, lookup)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"`{ast.unparse(node)}` is {value!r}, not a number")
    return value


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ExpressionError(f"gives an integer of {value.bit_length()} bits")
    return value


def _both_or_any(op: ast.boolop, values: list[ast.expr], lookup: Lookup) -> bool:
    truths = (bool(_value(part, lookup)) for part in values)
    return all(truths) if isinstance(op, ast.And) else any(truths)


def _compared(values: list[Any], ops: list[ast.cmpop]) -> bool:
    for op in ops:
        if type(op) not in COMPARISONS:
            raise ExpressionError("only the comparisons ==, !=, <, <=, > and >= are supported")
        _require_same_kind(values)
        if type(op) not in (ast.Eq, ast.NotEq):
            _require_sizes(values)
    steps = zip(ops, values, values[1:], strict=False)
    return all(COMPARISONS[type(op)](left, right) for op, left, right in steps)


def _require_same_kind(values: list[Any]) -> None:
    """Raise ExpressionError if text is compared with a number or boolean, to which it is never equal."""
    texts = [value for value in values if isinstance(value, str)]
    others = [value for value in values if isinstance(value, int | float)]
    if texts and others:
        raise ExpressionError(
            f"compares the text {texts[0]!r} with {others[0]!r}; write numbers, True and False unquoted"
        )


def _require_sizes(values: list[Any]) -> None:
    """Raise ExpressionError if something other than a number, or than text among text, is to be larger or smaller."""
    sizeless = [value for value in values if not isinstance(value, int | float | str)]
    if sizeless:
        others = " and ".join(repr(value) for value in values)
        raise ExpressionError(f"asks which of {others} is larger, but {sizeless[0]!r} is no number")


def _require_possible(tree: ast.Expression, choices: AllowedTexts) -> None:
    """Raise ExpressionError if a setting is compared with a text that it can never be."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
            for left, right in itertools.pairwise(parts):
                _require_choice(left, right, choices)
                _require_choice(right, left, choices)


def _require_choice(setting: ast.expr, text: ast.expr, choices: AllowedTexts) -> None:
    if not (isinstance(setting, ast.Name | ast.Attribute) and isinstance(text, ast.Constant)):
        return
    key, value = _dotted(setting), text.value
    known = choices(key)
    if known is not None and isinstance(value, str) and value not in known:
        listed = ", ".join(sorted(known))
        raise ExpressionError(f"'{key}' is never {value!r}, but one of: {listed}{did_you_mean(value, known)}")


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ExpressionError(f"`{ast.unparse(node)}` is not a setting")


def _known() -> str:
    return f"+ - * / // % **, comparisons, `A if B else C` and {', '.join(FUNCTIONS)}"
