"""The calculator answers sums and keeps silent on everything else."""

import pytest

from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.calculator import Calculator

CALCULATOR = Calculator("calculator", threshold=0.9, timeout_s=1.0)


async def answer(prompt):
    request = RouteRequest.from_prompt(prompt)
    return await CALCULATOR.resolve(request, read_signals(request))


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("12*7", "84"),
        ("what is 12*7?", "84"),
        ("What's 15% of 80?", "12"),
        ("Please calculate (345 + 21) / 6", "61"),
        ("4567 - 1289 =", "3278"),
        ("99 x 101 = ?", "9999"),
        ("what is the square root of 144", "12"),
        ("How much is 7.5% of 1,200?", "90"),
        ("Wie viel ist 17 mal 23?", "391"),
        ("Was ist 25 Prozent von 360?", "90"),
        ("Combien font 12 fois 15 ?", "180"),
        ("1/8", "0.125"),
        ("-3 + 1", "-2"),
        ("10% + 5%", "15%"),
        ("0.1 + 0.2", "0.3"),
    ],
)
async def test_a_prompt_that_is_only_a_calculation_is_answered_exactly(prompt, text):
    found = await answer(prompt)
    assert found is not None
    assert (found.text, found.confidence) == (text, 1.0)


async def test_a_decimal_without_end_is_rounded_and_says_so():
    third, root = await answer("1/3"), await answer("sqrt(2)")
    assert third is not None and root is not None
    assert third.text == "≈ 0.333333333333 (rounded to 12 significant digits; exactly 1/3)"
    assert root.text == "≈ 1.41421356237 (rounded to 12 significant digits)"


@pytest.mark.parametrize(
    "prompt",
    [
        "what is 2+2 in binary",
        "I have 3 apples and 4 pears",
        "how much is 1,250 plus 19 percent tax",
        "2024-01-05",
        "5/11/2026",
        "555-123-4567",
        "030-901820",
        "1914-1918",
        "42",
        "what is 42?",
        "what is 5%?",
        "1/0",
        "0x10 + 1",
        "Hello",
        "",
        "???",
        "= = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = = x 1+1",
        "1+1 " * 60,
    ],
)
async def test_everything_else_is_left_to_a_model(prompt):
    assert await answer(prompt) is None


async def test_a_separator_that_means_two_things_is_left_to_a_model():
    english, german = await answer("what is 1.250 + 3"), await answer("was ist 1.250 + 3 bitte, wie viel ist das")
    assert english is not None and english.text == "4.25"
    assert german is None
    assert await answer("Wie viel ist 1.250 mal 3?") is None
