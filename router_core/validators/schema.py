"""Schema: whether an answer is JSON, and JSON of the form that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator
from router_core.validators.extract import NotJson, parse_json


class Schema(Validator):
    """1 when the answer is JSON that satisfies the request's schema, or the validator's own; without both, any JSON."""

    def __init__(self, name: str, threshold: float, json_schema: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.threshold = threshold
        self._schema = json_schema

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. References of a schema are resolved within it, never fetched."""
        # jsonschema takes 50 ms to import, and many policies never need it.
        from router_core.validators.json_schema import UnusableSchema, find_fault

        try:
            value = parse_json(answer.text)
        except NotJson as error:
            return Score(0.0, f"The answer is not JSON: {error}.")
        schema = self._schema if request.response_schema is None else request.response_schema
        if schema is None:
            return Score(1.0, "The answer is JSON.")
        try:
            fault = find_fault(value, schema)
        except UnusableSchema as error:
            return Score(0.0, f"The answer is JSON, but {error}.")
        if fault:
            return Score(0.0, f"The answer is JSON, but {fault}.")
        return Score(1.0, "The answer is JSON and satisfies the schema.")
