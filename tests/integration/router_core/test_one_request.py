"""One attempt is one request, for makers whose own wire format litellm speaks as well."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.integration.router_core.arena import KEY_VARIABLE, Arena, Kind, Mode, assert_sound, model, policy
from tests.integration.router_core.faults import FAULTS, Fault, staged
from tests.upstream import Upstream

BELOW_THE_FORMAT = (
    "refused",
    "connect-hang",
    "slammed",
    "reset-before-headers",
    "closed-before-headers",
    "hang-before-headers",
    "401-echoes-the-key",
    "404",
    "429-absurd",
    "500",
    "503",
    "redirect",
)
MAKERS = ("anthropic/claude-haiku-5-5", "gemini/gemini-3.5-flash-lite", "mistral/mistral-small")


@pytest.mark.parametrize("mode", ["aroute", "stream"])
@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("fault", [f for f in FAULTS if f.name in BELOW_THE_FORMAT], ids=lambda fault: fault.name)
def test_an_attempt_is_one_request_whatever_the_maker(
    fault: Fault, maker: str, mode: Mode, arena: Arena, first: Upstream, stack: ExitStack
) -> None:
    url = staged(fault, first, stack)
    played = arena.play(mode, arena.router(policy(made_by(maker, url, 0.3 if fault.lasts else 20.0))))
    (branch,) = played.branches
    assert branch.error_type == fault.code, branch.error_message
    assert len(first.seen) == (1 if fault.place == "request" else 0)
    if fault.place == "connection":
        assert first.connections == 1
    assert_sound(played)


@pytest.mark.parametrize(
    ("kind", "mode", "more", "known"),
    [
        ("litellm", "aroute", "", False),
        ("litellm", "stream", "", True),
        ("litellm", "aroute", "first_token_timeout_s = 20", True),
        ("openai", "aroute", "", False),
        ("openai", "stream", "", True),
        ("openai", "aroute", "first_token_timeout_s = 20", True),
    ],
)
def test_when_the_first_token_came_is_known_where_somebody_or_a_timeout_waits_for_it(
    kind: Kind, mode: Mode, more: str, known: bool, arena: Arena, first: Upstream
) -> None:
    entry = model("first", "small", kind, first.base_url, timeout_s=20, more=more)
    played = arena.play(mode, arena.router(policy(entry, route="deadline_s = 20")))
    (branch,) = played.branches
    assert (branch.ttft_ms is not None) == known
    assert branch.latency_ms > 0
    assert ("stream" in first.seen[0].body) == known
    assert_sound(played)


def made_by(maker: str, url: str, timeout_s: float) -> str:
    """A model of another maker, at this address."""
    provider = f'{{ kind = "litellm", model = "{maker}", base_url = "{url}", api_key_env = "{KEY_VARIABLE}" }}'
    return f"""
[models.first]
tier = "small"
location = "cloud"
timeout_s = {timeout_s}
provider = {provider}
price = {{ kind = "tokens", input = "1", output = "2" }}
"""
