"""The calculator against Python's own exact arithmetic, and against noise."""

import asyncio
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.arithmetic import NotArithmetic, evaluate, tokenize
from router_core.tools.calculator import Calculator, find_expression, format_value

CALCULATOR = Calculator("calculator", 0.9, 1.0)


class Exact:
    """An expression as text beside its value, built by Python's operators; division by zero has none."""

    def __init__(self, text, value):
        self.text, self.value = text, value


def combine(left, sign, right):
    value = None
    if left.value is not None and right.value is not None:
        match sign:
            case "+":
                value = left.value + right.value
            case "-":
                value = left.value - right.value
            case "*":
                value = left.value * right.value
            case _ if right.value == 0:
                value = None
            case "/":
                value = left.value / right.value
            case "//":
                value = Fraction(left.value // right.value)
            case "mod":
                value = left.value % right.value
    return Exact(f"({left.text} {sign} {right.text})", value)


NUMBERS = st.builds(
    lambda whole, places: Exact(f"{whole}.{places:03d}", Fraction(whole * 1000 + places, 1000)),
    st.integers(0, 999),
    st.integers(0, 999),
)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.builds(combine, inner, st.sampled_from(["+", "-", "*", "/", "//", "mod"]), inner),
    max_leaves=8,
)


@given(EXPRESSIONS)
@settings(deadline=None)
def test_it_agrees_with_exact_fractions(expression):
    try:
        value = evaluate(tokenize(expression.text)) if len(expression.text) <= 200 else None
    except NotArithmetic:
        assert expression.value is None
    else:
        assert value is None or (value.exact and value.number == expression.value)


@given(EXPRESSIONS)
@settings(deadline=None)
def test_a_result_written_in_full_reads_back_as_itself(expression):
    try:
        value = evaluate(tokenize(expression.text[:200]))
    except NotArithmetic:
        return
    text = format_value(value)
    if not text.startswith("≈"):
        assert Fraction(text) == value.number
    else:
        shown = Fraction(text.split()[1])
        assert abs(shown - value.number) <= abs(value.number) / 10**11


@given(st.text(alphabet="0123456789+-*/%^().,! xof=?sqrt²√×÷−", max_size=200))  # noqa: RUF001
@pytest.mark.timeout(60)  # milliseconds each; what goes on for ever ends here
@settings(deadline=None, max_examples=300)
def test_noise_never_raises_anything_else_and_never_hangs(text):
    with suppress(NotArithmetic):
        evaluate(tokenize(text))


@given(st.text(max_size=220))
@settings(deadline=None, max_examples=60)
def test_any_prompt_is_answered_or_left(prompt):
    request = RouteRequest.from_prompt(prompt)
    found = asyncio.run(CALCULATOR.resolve(request, read_signals(request)))
    assert found is None or found.confidence == 1.0


@given(
    st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(["what is {}?", "{} =", "please calculate {}", "{}"])
)
def test_the_way_of_asking_changes_nothing(left, right, ask):
    assert find_expression(ask.format(f"{left} + {right}")) == f"{left} + {right}"
