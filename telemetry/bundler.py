"""Makes the rows of finished traces, without keys and passwords, whatever a trace carries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from opentelemetry.sdk.trace import ReadableSpan

from telemetry.content import ContentPolicy, Redact
from telemetry.masking import hold_no_keys, mask_keys
from telemetry.rows import Bundle, bundle_of

RowMaker: TypeAlias = "Callable[[ContentPolicy], Bundle]"
"""Makes rows that are not of our own spans."""
Source: TypeAlias = "Sequence[ReadableSpan] | RowMaker"

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Bundler:
    """For one thread: it remembers texts that hold no key."""

    def __init__(self, content: ContentPolicy, redact_keys: Redact | None) -> None:
        self._content = content
        self._redact_keys = redact_keys
        self._clean_texts: set[str] = set()

    def bundles(self, traces: Sequence[Source]) -> list[Bundle | None]:
        """The rows of each trace; None for one of which none can be made, which takes no other with it."""
        made = [_tried(self._made, trace) for trace in traces]
        redact, sound = self._redact_keys, [bundle for bundle in made if bundle is not None]
        if redact is None or hold_no_keys(sound, redact, self._clean_texts):
            return made
        return [None if bundle is None else _tried(self._masked, bundle) for bundle in made]

    def _made(self, trace: Source) -> Bundle:
        return trace(self._content) if callable(trace) else bundle_of(trace, self._content)

    def _masked(self, bundle: Bundle) -> Bundle:
        assert self._redact_keys is not None
        mask_keys(bundle, self._redact_keys, self._clean_texts)
        return bundle


def _tried(make: Callable[[T], Bundle], of: T) -> Bundle | None:
    try:
        return make(of)
    except Exception:  # noqa: BLE001 - the edge: one trace must not take the others, nor the thread, with it
        _log.exception("a trace could not be turned into rows")
        return None
