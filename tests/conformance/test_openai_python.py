"""The gateway with OpenAI's own client for Python. Its own errors and events: tests/integration/app/test_gateway.py."""

from __future__ import annotations

import openai

from tests.conformance.cases import CHAT, QUESTION, Conformance, Place, place
from tests.conformance.openai_client import OpenAIClient
from tests.upstream import Upstream, answer

__all__ = ["place"]


class TestOpenAI(Conformance):
    clients = OpenAIClient

    def test_the_headers_say_who_answered_why_and_what_it_cost(self, place: Place, upstream: Upstream) -> None:
        upstream.plays(answer("Rivers flow."))
        asked: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
        with openai.OpenAI(base_url=place.url, api_key=place.key, max_retries=0) as client:
            whole = client.chat.completions.with_raw_response.create(model=CHAT, messages=asked)
            stream = client.chat.completions.with_raw_response.create(model=CHAT, messages=asked, stream=True)
            list(stream.parse())
        for reply in (whole, stream):
            assert reply.headers["x-routescope-model"] == "small"
            assert reply.headers["x-routescope-reason"] == "cascade: first choice"
        assert whole.parse().id == f"chatcmpl-{whole.headers['x-routescope-decision-id']}"
        assert float(whole.headers["x-routescope-cost-usd"]) > 0
        assert "x-routescope-cost-usd" not in stream.headers, "in a stream it is known only at its end"
