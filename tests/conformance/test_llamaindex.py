"""The gateway with LlamaIndex's model for addresses like OpenAI's."""

from __future__ import annotations

from tests.conformance.cases import Conformance, place
from tests.conformance.clients import Client

__all__ = ["place"]


class TestLlamaIndex(Conformance):
    @staticmethod
    def clients(url: str, key: str, timeout_s: float) -> Client:
        # Imported here: every worker collects this file, one runs it.
        from tests.conformance.llamaindex_client import LlamaIndexClient

        return LlamaIndexClient(url, key, timeout_s)
