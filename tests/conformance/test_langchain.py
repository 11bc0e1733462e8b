"""The gateway with LangChain's chat model."""

from __future__ import annotations

from tests.conformance.cases import Conformance, place
from tests.conformance.clients import Client

__all__ = ["place"]


class TestLangChain(Conformance):
    @staticmethod
    def clients(url: str, key: str, timeout_s: float) -> Client:
        # Imported here: every worker collects this file, one runs it.
        from tests.conformance.langchain_client import LangChainClient

        return LangChainClient(url, key, timeout_s)
