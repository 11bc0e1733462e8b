"""Which attribute of a span fills which column of its row, and how its value is read.

A reader takes any value and gives None when it says nothing that the column can hold; the column then keeps what it has
without the attribute. A row is filled by what its span says, not by what it might say: few attributes are set of the
many that there are, and each request waits for its rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from router_core import semconv
from telemetry.text import clean, to_json

Reader: TypeAlias = "Callable[[Any], Any]"
Columns: TypeAlias = "Mapping[str, tuple[str, Reader] | None]"
"""By attribute: the column and how it is read. None for what is read elsewhere, or is never to stay among the rest."""

LONGEST_NAME: Final = 255
"""Names are keys of rollups; no real one is longer."""
_LARGEST: Final = 10**15
"""Beyond any count or amount that is meant (a million USD in nano-USD), and thousands of them still add up."""
_NANO_PER_USD: Final = 1_000_000_000


def short(text: str) -> str:
    """A text as a name: clean, and of bounded length."""
    if len(text) <= LONGEST_NAME and text.isascii() and "\0" not in text:
        return text
    return clean(text)[:LONGEST_NAME]


def name(value: Any) -> str | None:
    """A name; None when it is empty."""
    # What nearly all of them are; every attribute of every span comes this way.
    if value.__class__ is str and len(value) <= LONGEST_NAME and value.isascii() and "\0" not in value:
        return value or None
    return short(value if isinstance(value, str) else to_json(value)) or None


def text(value: Any) -> str:
    """Any text, as long as it is."""
    return clean(value) if isinstance(value, str) else to_json(value)


def integer(value: Any) -> int | None:
    """A whole number of a size that is meant."""
    if value.__class__ is int and -_LARGEST <= value <= _LARGEST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        value = round(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        return None
    return value


def real(value: Any) -> float | None:
    """A finite number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def flag(value: Any) -> bool | None:
    """True, when it is that and nothing like it."""
    return True if value is True else None


def first(value: Any) -> str | None:
    """The first name of a list, or the only one."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return name(value) if isinstance(value, str) else None


def ms_of_seconds(value: Any) -> float | None:
    """Milliseconds; to the nanosecond this is the very number that the convention's seconds were made of."""
    seconds = real(value)
    return None if seconds is None else round(seconds * 1e3, 6)


def cost_of(attributes: Mapping[str, Any]) -> int | None:
    """Nano-USD by the conventions' amount in USD, for spans that do not say it in ours."""
    amount = attributes.get(semconv.COST_AMOUNT)
    if amount is None or attributes.get(semconv.COST_CURRENCY, "USD") != "USD":
        return None
    usd = real(amount)
    return None if usd is None or abs(usd) * _NANO_PER_USD > _LARGEST else round(usd * _NANO_PER_USD)


def fill(row: dict[str, Any], attributes: Mapping[str, Any], columns: Columns) -> str | None:
    """Put what attributes say into their columns.

    Returns:
        What no column knows, as JSON; None when there is nothing.
    """
    others: dict[str, Any] = {}
    for key, value in attributes.items():
        found = columns.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            others[key] = value
        elif found is not None and value is not None:
            column, read = found
            told = read(value)
            if told is not None:
                row[column] = told
    return to_json(others) if others else None


_UNKNOWN: Final = ("", text)
SPAN_COLUMNS: Final[Columns] = dict.fromkeys(semconv.CONTENT_KEYS)
"""None but content, which is kept where the content policy sends it."""
_SHARED: Final[Columns] = {
    semconv.DECISION_ID: ("decision_id", name),
    semconv.ROUTE: ("route", name),
    semconv.TENANT: ("tenant", name),
    semconv.PURPOSE: ("purpose", name),
    semconv.SIMULATED: ("simulated", flag),
    semconv.INTENT: ("intent", name),
    semconv.POLICY_VERSION: ("policy_version", name),
    semconv.COST_NANO: ("cost_nano", integer),
    semconv.ERROR_MESSAGE: ("error_message", text),
    semconv.ERROR_TYPE: ("error_type", name),
    semconv.INPUT_TOKENS: ("input_tokens", integer),
    semconv.OUTPUT_TOKENS: ("output_tokens", integer),
}
REQUEST_COLUMNS: Final[Columns] = {
    **SPAN_COLUMNS,
    **_SHARED,
    semconv.SCHEMA: ("schema_version", name),
    semconv.SOURCE: ("source", name),
    semconv.PARENT_DECISION_ID: ("parent_decision_id", name),
    semconv.POLICY_NAME: ("policy_name", name),
    semconv.STRATEGY: ("strategy", name),
    semconv.RISK: ("risk", name),
    semconv.DATA_CLASS: ("data_class", name),
    semconv.LANGUAGE: ("language", name),
    semconv.INTENT_CONFIDENCE: ("intent_confidence", real),
    semconv.PROMPT_WORDS: ("words", integer),
    semconv.PROMPT_CHARACTERS: ("characters", integer),
    semconv.STATUS: ("status", name),
    semconv.CHOSEN: ("chosen", name),
    semconv.CHOSEN_KIND: ("chosen_kind", name),
    semconv.FIRST_MODEL: ("first", name),
    semconv.REASON: ("reason", text),
    semconv.BRANCHES: ("branches", integer),
    semconv.ESCALATED: ("escalated", flag),
    semconv.FELL_BACK: ("fell_back", flag),
    semconv.FINAL_SCORE: ("score", real),
    semconv.DISCARDED_COST_NANO: ("discarded_nano", integer),
    semconv.BASELINE_MODEL: ("baseline_model", name),
    semconv.BASELINE_COST_NANO: ("baseline_nano", integer),
    semconv.BASELINE_SOURCE: ("baseline_source", name),
    semconv.TTFT_MS: ("ttft_ms", real),
    semconv.OVERHEAD_MS: ("overhead_ms", real),
    # Structured values come as JSON text (readers bear with a broken one) or as flat lists.
    semconv.TAGS: ("tags", text),
    semconv.SIGNALS: ("signals", text),
    semconv.VERDICTS: ("verdicts", text),
    semconv.CANDIDATES: ("candidates", text),
}
BRANCH_COLUMNS: Final[Columns] = {
    **SPAN_COLUMNS,
    **_SHARED,
    # Its name when there is no model, and its cost when there is none in nano-USD.
    **dict.fromkeys((semconv.TOOL_NAME, semconv.COST_AMOUNT, semconv.COST_CURRENCY)),
    semconv.COST_SOURCE: ("cost_source", name),
    semconv.PROVIDER_NAME: ("provider", name),
    semconv.REQUEST_MODEL: ("model", name),
    semconv.RESPONSE_MODEL: ("response_model", name),
    semconv.FINISH_REASONS: ("finish_reason", first),
    semconv.TIME_TO_FIRST_CHUNK: ("ttft_ms", ms_of_seconds),
    semconv.CACHE_READ_TOKENS: ("cache_read_tokens", integer),
    semconv.BRANCH_INDEX: ("branch_index", integer),
    semconv.BRANCH_KIND: ("kind", name),
    semconv.BRANCH_TIER: ("tier", name),
    semconv.BRANCH_DEPLOYMENT: ("deployment", name),
    semconv.BRANCH_LOCATION: ("location", name),
    semconv.BRANCH_OUTCOME: ("outcome", name),
    semconv.BRANCH_REASON: ("reason", text),
    semconv.BRANCH_SCORE: ("score", real),
    semconv.BRANCH_THRESHOLD: ("threshold", real),
    semconv.BRANCH_SCORES: ("scores", text),
    semconv.BRANCH_LATENCY_MS: ("latency_ms", real),
    semconv.ANSWER_CHARACTERS: ("answer_characters", integer),
}
