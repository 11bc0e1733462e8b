"""All signals of a request, read once before any model is called."""

from __future__ import annotations

import json
from collections.abc import Sequence

from router_core.images import TOKENS
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.signals.code import holds_code
from router_core.signals.complexity import COMPLEXITY_CHARACTERS, complexity_of
from router_core.signals.domain import classify_domain, domain_classifier
from router_core.signals.injection import Injection, find_injection
from router_core.signals.intent import classifier, classify_intent
from router_core.signals.kinds import kinds
from router_core.signals.language import detect_language, glance
from router_core.signals.length import count_words, estimate_conversation
from router_core.signals.numbers import count_numbers
from router_core.signals.own_intents import OwnIntents
from router_core.signals.pii import find_pii, load_checks
from router_core.signals.secrets import find_secrets
from router_core.signals.text import REVEAL_CHARACTERS, across_turns, unveil, words_in
from router_core.signals.tool_loop import read_tool_loop


def read_signals(request: RouteRequest, own: OwnIntents | None = None) -> Signals:
    """The facts about a request; ``own`` are the policy's intents. Never raises; under 50 ms at a million characters.

    Personal data and secrets are looked for in all that models would get: every message and the calls in it, the user's
    turns read on without a break, a schema, functions. Injections are looked for in all that the operator did not
    write. The rest describes the last user message.
    """
    prompt = request.prompt
    prompt_kinds = kinds(prompt)
    messages = [message.content for message in request.messages]
    messages += [call.arguments for message in request.messages for call in message.calls]
    images = sum(message.images for message in request.messages if message.parts)
    said = words_in(prompt) if len(prompt) <= COMPLEXITY_CHARACTERS else None
    words, numbers, code = count_words(prompt_kinds), count_numbers(prompt_kinds), holds_code(prompt)
    intent, confidence = classify_intent(prompt, own)
    domain, domain_confidence = classify_domain(prompt)
    turns = across_turns(message.content for message in request.messages if message.role == "user")
    whole = "\n".join([*messages, *turns, *beside_messages(request)])
    clean, hidden = unveil(whole)
    conversation = "\n".join([clean, *hidden])
    injection = _find_injection(request, whole, clean, hidden, said if clean == prompt else None)
    loop = read_tool_loop(request.messages)
    return Signals(
        intent=intent,
        intent_confidence=round(confidence, 4),
        language=detect_language(prompt),
        characters=len(prompt),
        words=words,
        input_tokens=estimate_conversation(
            prompt_kinds if text is prompt else kinds(text)
            for text in (*messages, *(function.text for function in request.functions))
        )
        + images * TOKENS,
        code=code,
        numbers=numbers,
        pii=find_pii(conversation),
        secrets=find_secrets(conversation),
        domain=domain,
        domain_confidence=round(domain_confidence, 4),
        complexity=complexity_of(prompt, words, numbers, code=code, said=said),
        injection=injection.score,
        injection_kinds=injection.kinds,
        unread_characters=max(0, len(whole) - REVEAL_CHARACTERS),
        images=images,
        tool_rounds=loop.rounds,
        tool_errors=loop.errors,
        tool_repeats=loop.repeats,
        tool_trouble=loop.trouble,
    )


def beside_messages(request: RouteRequest) -> list[str]:
    """What models also get to read: a schema's names and values, functions, stop sequences."""
    schema = request.response_schema
    written = [] if schema is None else [json.dumps(schema, ensure_ascii=False, default=str)]
    return [*request.stop, *written, *(function.text for function in request.functions)]


def _find_injection(
    request: RouteRequest, whole: str, clean: str, hidden: list[str], words: Sequence[bytes] | None
) -> Injection:
    """Look at what the operator did not write; his own system prompt may well say "ignore" and "never reveal"."""
    if any(message.role in ("system", "developer") for message in request.messages):
        whole = "\n".join(m.content for m in request.messages if m.role not in ("system", "developer"))
        clean, hidden = unveil(whole)
        words = None
    return find_injection(whole, clean, "\n".join(hidden), words)


def warm_up() -> None:
    """Load the models of intent, domain and language and what personal data are checked by; half a second.

    Otherwise the first requests wait for them.
    """
    classifier()
    domain_classifier()
    glance()
    kinds("é")  # not ASCII, whose way needs no codec
    load_checks()
