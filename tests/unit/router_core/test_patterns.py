"""Patterns of a policy match in linear time, and say what is wrong with them."""

import pytest

from router_core.patterns import MAX_PATTERN_CHARACTERS, InvalidPattern, compile_pattern


def test_named_groups_are_given_by_name():
    found = compile_pattern(r"order (?P<number>\d+)( now)?(?P<rest>!)?").search("my order 17, please")
    assert found is not None
    assert found.groupdict() == {"number": "17", "rest": None}
    assert found.group() == "order 17"


def test_case_is_ignored_in_every_script_when_asked():
    assert compile_pattern("öffnungszeiten", ignore_case=True).search("ÖFFNUNGSZEITEN?")
    assert not compile_pattern("öffnungszeiten").search("ÖFFNUNGSZEITEN?")


def test_a_dot_matches_a_line_break():
    assert compile_pattern("a.b").fullmatch("a\nb")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing )"),
        (r"(?<=a)b", "(?<="),
        (r"(a)\1", r"\1"),
        ("(x{1000}){1000}", "repetition"),
        ("[", "missing ]"),
        ("x" * (MAX_PATTERN_CHARACTERS + 1), "longer"),
    ],
)
def test_what_cannot_be_matched_in_linear_time_or_at_all_is_refused_with_its_reason(pattern, why):
    with pytest.raises(InvalidPattern) as raised:
        compile_pattern(pattern)
    assert why in str(raised.value)


@pytest.mark.timeout(30)  # a backtracking engine would not come back
@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"^(a?){30}a{30}$", r"(?P<x>.*)(?P<y>.*)(?P<z>.*)=b"])
def test_a_million_hostile_characters_are_matched_in_a_moment(pattern):
    compiled = compile_pattern(pattern)
    found = compiled.search("a" * 1_000_000 + "!")
    assert found is None
