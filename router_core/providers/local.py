"""A model on this machine: the local server's address, the HTTP provider's way of talking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

from router_core.errors import ModelNotReady
from router_core.providers.base import Call, Readiness, StreamItem
from router_core.providers.openai_http import ChatTransport

if TYPE_CHECKING:
    from router_core.providers.local_server import LocalServer

_NO_SERVER = Readiness(False, "local models are switched off here")


class LocalProvider:
    """One file of the model catalogue. The server belongs to who made it, and outlives this provider."""

    name = "llama_cpp"

    def __init__(self, file: str, server: LocalServer | None) -> None:
        self._file = file
        self._server = server
        self._transport = ChatTransport()

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`. Closing the iterator stops the generation.

        Raises:
            ModelNotReady: and all that `ChatTransport.stream` raises.
        """
        if self._server is None:
            raise ModelNotReady(f"model {call.model!r}: {_NO_SERVER.reason}")
        self._server.ensure()
        base_url = self._server.base_url(self._file)
        # Always streamed: a small model on this machine takes seconds, and its first token says how it fares.
        streamed = replace(call, whole=False)
        items = self._transport.stream(streamed, base_url=base_url, upstream_model=self._file, key=self._server.key)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    def readiness(self) -> Readiness:
        """See `Provider.readiness`."""
        return _NO_SERVER if self._server is None else self._server.status(self._file)

    async def aclose(self) -> None:
        """See `Provider.aclose`."""
        await self._transport.aclose()
