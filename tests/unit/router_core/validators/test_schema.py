"""The schema validator."""

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.schema import Schema

PERSON = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
    },
    "additionalProperties": False,
}


def score(text, own=None, asked=None):
    request = RouteRequest.from_prompt("Give me JSON", response_schema=asked)
    return Schema("schema", 1.0, own).score(CompleteAnswer(text, "stop", "small"), (), request)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Anna", "age": 3}',
        '  {"name": "Anna", "age": 3}\n',
        '```json\n{"name": "Anna", "age": 3}\n```',
        'Here you are:\n```\n{"name": "Anna", "age": 3}\n```\nAnything else?',
    ],
)
def test_json_that_satisfies_the_schema_scores_one_also_in_a_fence(text):
    assert score(text, PERSON).value == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"name": "Anna"}', 'The answer is JSON, but at $ "age" is missing.'),
        ('{"name": "Anna", "age": "3"}', 'The answer is JSON, but at $.age the type is not "integer".'),
        ('{"name": "Anna", "age": -1}', "The answer is JSON, but at $.age it breaks minimum = 0."),
        (
            '{"name": "Anna", "age": 1, "tags": ["a", "zanzibar"]}',
            'The answer is JSON, but at $.tags[1] the value is none of ["a", "b"].',
        ),
        (
            '{"name": "Anna", "age": 1, "zanzibar": 1}',
            "The answer is JSON, but at $ there is a name that the schema does not allow.",
        ),
        ("[]", 'The answer is JSON, but at $ the type is not "object".'),
        ("{", "The answer is not JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        ("", "The answer is not JSON: it is empty."),
        ('{"a": NaN}', "The answer is not JSON: it holds NaN."),
        ('{"a": 1, "a": 2}', "The answer is not JSON: an object has the same name twice."),
    ],
)
def test_a_fault_scores_nothing_and_is_told_with_its_place_and_without_the_answers_words(text, reason):
    found = score(text, PERSON)
    assert (found.value, found.reason) == (0.0, reason)


def test_a_name_that_the_schema_does_not_know_is_hidden_in_the_place():
    found = score('{"zanzibar": "x"}', {"additionalProperties": {"type": "integer"}})
    assert found.reason == 'The answer is JSON, but at $.* the type is not "integer".'


def test_the_requests_schema_comes_before_the_validators_own():
    assert score("3", own={"type": "string"}, asked={"type": "integer"}).value == 1.0


def test_without_any_schema_any_json_will_do():
    assert score("[1, 2]").value == 1.0
    assert score("Sure! It is 3.").value == 0.0


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"pattern": "^(a+)+$"},
        {"pattern": "^(a|aa)*$"},
        {"pattern": "("},
        {"pattern": r"(a*)\1*b"},
        {"description": "x" * 300_000},
    ],
)
def test_a_schema_that_cannot_be_checked_or_could_hang_scores_nothing(schema):
    found = score('"' + "a" * 40 + '!"', asked=schema)
    assert found.value == 0.0
    assert "schema" in found.reason


def test_references_that_double_at_each_level_end():
    levels = {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**levels, "l40": {"type": "integer"}}, "$ref": "#/$defs/l0"}
    assert "multiply" in score("1", asked=schema).reason


def test_a_simple_pattern_is_checked():
    schema = {"type": "string", "pattern": "^[A-Z]{2}-\\d+$"}
    assert score('"AB-12"', schema).value == 1.0
    assert score('"ab-12"', schema).value == 0.0


def test_an_answer_nested_deeper_than_python_goes_is_told_so():
    assert score("[" * 100_000 + "]" * 100_000).value == 0.0
