"""Functions: whether the calls that an answer makes can be made. Never named in a policy: it comes with the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from router_core.functions import Function, FunctionCall, TheFunction
from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

NAME: Final = "functions"


class Functions(Validator):
    """1 when every call names a function that was offered, with arguments that satisfy its schema; 0 otherwise.

    An answer without calls is a 1 too, unless one had to be made.
    """

    name = NAME
    threshold = 1.0

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Reasons name functions by their place: their names are the caller's."""
        choice = request.function_choice
        if not answer.calls:
            must = choice == "required" or isinstance(choice, TheFunction)
            return Score(0.0, "A function had to be called, and none is.") if must else Score(1.0, "No call is made.")
        if choice == "none":
            return Score(0.0, "No function was to be called, and one is.")
        offered = {function.name: function for function in request.functions}
        if isinstance(choice, TheFunction):
            offered = {name: function for name, function in offered.items() if name == choice.name}
        for place, call in enumerate(answer.calls, start=1):
            if fault := _fault(call, offered.get(call.name)):
                return Score(0.0, f"Call {place} of {len(answer.calls)} cannot be made: {fault}.")
        made = "The call" if len(answer.calls) == 1 else f"All {len(answer.calls)} calls"
        return Score(1.0, f"{made} can be made.")


def _fault(call: FunctionCall, function: Function | None) -> str | None:
    if function is None:
        return "it names a function that was not offered"
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except ValueError:
        return "its arguments are not JSON"
    if not isinstance(arguments, dict):
        return "its arguments are not a JSON object"
    if not function.parameters:
        return None
    # jsonschema takes 50 ms to import, and many requests never need it.
    from router_core.validators.json_schema import UnusableSchema, find_fault

    try:
        fault = find_fault(arguments, function.parameters)
    except UnusableSchema:
        return None  # the caller's own matter: no model could do better
    return f"in its arguments {fault}" if fault else None
