"""Sessions: which model answered a conversation last, so that its next turn can stay there.

Providers keep what they have read of a conversation for a while, and bill it at a fraction of the price when it comes
again. Another model has to read all of it anew: its cache is cold. A session remembers a model and two numbers, under a
digest; nothing that anybody wrote.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import orjson

from router_core.errors import StateUnavailable
from router_core.pricing import Nano, Price, TokenPrice
from router_core.request import Message, Purpose, RouteRequest
from router_core.state.entries import EntryStore, Space, decision_owner, tenant_owner

log = logging.getLogger("routescope.router")

Known: TypeAlias = Literal["session_id", "messages"]

OWN_PURPOSES: Final[frozenset[Purpose]] = frozenset({"user", "playground"})
"""Who asks for somebody. Canaries, shadow calls and judges neither read nor leave anything for those."""
_BYTES: Final = 256
"""More than a session takes, its key and its model's name included."""


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of a conversation when its next turn comes."""

    model: str
    """Who answered last."""
    warm_tokens: int | None
    """What that model's prompt cache may hold of it: tokens of the last turn and of its answer. None: nobody counted.
    """

    def cold_tokens(self, input_tokens: int, cached: int | None) -> int | None:
        """Of a turn's tokens those that another model reads anew, ``cached`` of them being warm there all the same."""
        if self.warm_tokens is None:
            return None
        return max(min(self.warm_tokens, input_tokens) - (cached or 0), 0)


def cold_cost(price: Price | None, tokens: int | None) -> Nano | None:
    """Nano-USD that reading ``tokens`` anew costs over reading them from a warm cache.

    None when the tokens are not known, or the price of cached ones: it is never taken to be nothing.
    """
    if tokens is None or not isinstance(price, TokenPrice) or price.cache_read is None:
        return None
    return round((price.input - price.cache_read) * 1000 * tokens)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation's session is kept."""

    space: Space
    key: bytes
    ttl_s: float
    begun: bool
    """Whether somebody may have answered it before: it has a name, or an answer stands in it."""


def place_of(request: RouteRequest, route: str, ttl_s: float, max_conversations: int) -> Place:
    """Where to look for the conversation that a request goes on with.

    It is known by the session id that the client states, else by its first messages, up to the user's first. Either is
    hashed with tenant, key and route, so that nobody meets another tenant's.
    """
    context = request.context
    named = context.session_id is not None
    # A name may be any text that a client sends, what no encoding takes included.
    name = (context.session_id or "").encode("utf-8", "backslashreplace").decode()
    head = [name] if named else list(_opening(request.messages))
    text = orjson.dumps(["1", context.tenant, context.key, route, named, head])
    space = Space(f"session/{route}", max_conversations, max_conversations * _BYTES)
    begun = named or any(message.role == "assistant" for message in request.messages)
    return Place(space, hashlib.blake2b(text, digest_size=16).digest(), ttl_s, begun)


def _opening(messages: Iterable[Message]) -> Iterable[Message]:
    for message in messages:
        yield message
        if message.role == "user":
            return


class Sessions:
    """The sessions of all routes."""

    def __init__(self, entries: EntryStore) -> None:
        self._entries = entries

    async def recall(self, place: Place) -> Session | None:
        """What is known of a conversation; None when it is new, was forgotten, or cannot be looked for."""
        if not place.begun:
            return None
        try:
            value = await self._entries.get(place.space, place.key)
        except StateUnavailable as error:
            log.warning("sessions cannot be read, so that nobody stays with a model: %s", error)
            return None
        if value is None:
            return None
        model, warm = orjson.loads(value)
        return Session(model, warm)

    async def remember(self, place: Place, session: Session, tenant: str, decision_id: str) -> None:
        """Keep what the next turn is to know, from now on for the whole of the time."""
        value = orjson.dumps([session.model, session.warm_tokens])
        owners = (tenant_owner(tenant), decision_owner(decision_id))
        try:
            await self._entries.put(place.space, place.key, value, place.ttl_s, owners)
        except StateUnavailable as error:
            log.warning("a session cannot be kept, so that its next turn begins anew: %s", error)
