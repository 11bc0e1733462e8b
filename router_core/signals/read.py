"""All signals of a request, read once before any model is called."""

from __future__ import annotations

from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.signals.code import holds_code
from router_core.signals.intent import classifier, classify_intent
from router_core.signals.language import detect_language, identifier
from router_core.signals.length import count_words, estimate_conversation
from router_core.signals.numbers import count_numbers
from router_core.signals.own_intents import OwnIntents
from router_core.signals.pii import find_pii
from router_core.signals.secrets import find_secrets
from router_core.signals.text import kinds, reveal


def read_signals(request: RouteRequest, own: OwnIntents | None = None) -> Signals:
    """The facts about a request; ``own`` are the policy's intents. Never raises; under 50 ms at a million characters.

    Personal data and secrets are looked for in all messages, because they stay in the conversation; the rest describes
    the last user message.
    """
    prompt = request.prompt
    prompt_kinds = kinds(prompt)
    messages = [message.content for message in request.messages]
    intent, confidence = classify_intent(prompt, own)
    conversation = reveal("\n".join(messages))
    return Signals(
        intent=intent,
        intent_confidence=round(confidence, 4),
        language=detect_language(prompt),
        characters=len(prompt),
        words=count_words(prompt_kinds),
        input_tokens=estimate_conversation(prompt_kinds if text is prompt else kinds(text) for text in messages),
        code=holds_code(prompt),
        numbers=count_numbers(prompt_kinds),
        pii=find_pii(conversation),
        secrets=find_secrets(conversation),
    )


def warm_up() -> None:
    """Load the models of the intent and language signals (about half a second), so that no request waits for them."""
    classifier()
    identifier()
    find_pii("+49 30 901820, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111")
