"""Checking a value against a JSON schema that a stranger wrote, without being made to hang or to fetch anything.

jsonschema does the checking. Three things in a schema can make it run for ever or reach out, and are bounded here:
regular expressions that backtrack, references that double at each level, and references to the network or the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from json import dumps, loads
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.protocols import Validator as JsonValidator
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

MAX_SCHEMA_CHARACTERS: Final = 200_000
MAX_REFERENCES: Final = 20_000
"""References followed in one check."""

_SHOWN_CHARACTERS: Final = 160
# Longest text that a pattern is tried on, by how many unbounded quantifiers it has: a backtracking search takes
# length to the power of quantifiers + 1 steps at worst.
_PATTERN_REACH: Final = (100_000, 5_000, 1_000, 200, 80)
_ESCAPED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_UNBOUNDED: Final = re.compile(r"[*+]|\{\d*,\}")
_REPEATED_GROUP: Final = re.compile(r"\([^()]*(?:[*+|{])[^()]*\)(?:[*+]|\{)")

_references_left: ContextVar[int] = ContextVar("references_left")


class UnusableSchema(ValueError):
    """The schema is not one, or checking it could take for ever; the message says which."""


def find_fault(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Where and how the value breaks the schema, in the schema's own words; None when it satisfies it.

    The value's own words are not repeated: reasons are recorded even where answers are not.

    Raises:
        UnusableSchema: nothing could be checked.
    """
    try:
        text = dumps(schema, sort_keys=True)
        token = _references_left.set(MAX_REFERENCES)
        try:
            fault = best_match(_checker(text).iter_errors(value))
        finally:
            _references_left.reset(token)
    except SchemaError as error:
        raise UnusableSchema(f"the schema is not sound: {_short(error.message)}") from None
    except Unresolvable:
        raise UnusableSchema("the schema refers to something outside itself, which is never fetched") from None
    except RecursionError:
        raise UnusableSchema("the schema or the answer is nested too deeply") from None
    except (TypeError, re.error) as error:
        raise UnusableSchema(f"the schema is not sound: {_short(str(error))}") from None
    return None if fault is None else f"at {_place(fault, text)} {_complaint(fault)}"


@lru_cache(maxsize=64)
def _checker(schema_text: str) -> JsonValidator:
    """A validator of a schema, given as JSON text so that it can be kept."""
    if len(schema_text) > MAX_SCHEMA_CHARACTERS:
        raise UnusableSchema(f"the schema is longer than {MAX_SCHEMA_CHARACTERS:,} characters")
    schema = loads(schema_text)
    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    keywords = dict(kind.VALIDATORS)
    bounded = {name: _counted(keywords[name]) for name in ("$ref", "$dynamicRef", "$recursiveRef") if name in keywords}
    bounded |= {"pattern": _pattern, "patternProperties": _pattern_properties(keywords["patternProperties"])}
    checker: JsonValidator = extend(kind, bounded)(schema, registry=Registry())  # type: ignore[no-untyped-call]
    return checker


def _counted(keyword: Any) -> Any:
    def follow(validator: Any, reference: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        left = _references_left.get() - 1
        if left < 0:
            raise UnusableSchema(f"the schema's references multiply beyond {MAX_REFERENCES:,}")
        _references_left.set(left)
        yield from keyword(validator, reference, instance, schema) or ()

    return follow


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError("the text does not match the pattern")


def _pattern_properties(keyword: Any) -> Any:
    def check(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for pattern in patterns:
                for name in instance:
                    _bound(pattern, name)
        yield from keyword(validator, patterns, instance, schema) or ()

    return check


def _found(pattern: str, text: str) -> bool:
    _bound(pattern, text)
    return re.search(pattern, text) is not None


def _bound(pattern: str, text: str) -> None:
    """Refuse a search that could backtrack for more than about a tenth of a second."""
    plain = _ESCAPED.sub("x", pattern)
    quantifiers = len(_UNBOUNDED.findall(plain))
    nested = _REPEATED_GROUP.search(plain) or re.search(r"\)(?:[*+]|\{\d+,?\d*\})[^)]*\)(?:[*+]|\{)", plain)
    if nested or re.search(r"\\[1-9]", pattern) or quantifiers >= len(_PATTERN_REACH):
        raise UnusableSchema(f"the schema's pattern {_short(pattern)} could take for ever to check")
    if len(text) > _PATTERN_REACH[quantifiers]:
        raise UnusableSchema(f"a text of {len(text):,} characters is too long for the pattern {_short(pattern)}")


def _place(fault: ValidationError, schema_text: str) -> str:
    """The JSON path of the fault; names that the schema does not know are hidden."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if dumps(step) in schema_text else ".*"
        for step in fault.absolute_path
    )
    return "$" + "".join(steps)


def _complaint(fault: ValidationError) -> str:
    asked = _short(dumps(fault.validator_value, ensure_ascii=False, default=str))
    match fault.validator:
        case "type":
            return f"the type is not {asked}"
        case "required":
            names, given = fault.validator_value, fault.instance
            assert isinstance(names, list) and isinstance(given, dict)
            return f"{_short(', '.join(dumps(name) for name in names if name not in given))} is missing"
        case "enum":
            return f"the value is none of {asked}"
        case "additionalProperties" | "unevaluatedProperties":
            return "there is a name that the schema does not allow"
        case _:
            return f"it breaks {fault.validator} = {asked}"


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 3] + "..."
