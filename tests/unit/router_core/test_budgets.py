"""Budgets over whole requests: what they exclude, what goes on, and what is counted."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from router_core import semconv
from router_core.clock import Clock, ManualClock
from router_core.errors import BudgetExhausted, RoutingError, StateUnavailable
from router_core.pricing import Nano, Usage, to_nano
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, RouteRequest
from router_core.router import Router
from router_core.state.memory import MemoryStore
from router_core.state.store import Account, Balance, Claim, Hold, Shortage
from tests.routing import START, Bench, policy
from tests.state import balance, in_a_file

MONTH = "2026-11"


def budget(usd: str, **more: str) -> str:
    """A budget of this month, as a policy says it."""
    extra = "\n".join(f"{key} = {value}" for key, value in more.items())
    return f'[[budgets]]\nname = "team"\nusd = "{usd}"\nperiod = "month"\n{extra}\n'


def ask(tenant: str = "default") -> RouteRequest:
    return RouteRequest.from_prompt("How are you today?", context=Context(tenant=tenant))


async def test_what_a_request_spent_is_counted_to_the_last_nano() -> None:
    bench = Bench(policy(rules=budget("1.00")), tiny=Replies("Well."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert (await balance(bench.state, Account("team", MONTH))).spent == to_nano(str(decision.cost_usd))
    assert decision.verdicts[0].rule == "budget:team"
    assert decision.verdicts[0].reason == "$0.000000 of $1.000000 is spent this month"


async def test_a_model_that_the_budget_no_longer_affords_is_excluded_and_a_cheaper_one_answers() -> None:
    # One call is held to cost about $0.0002 with tiny, ten times as much with huge.
    loaded = policy(rules=budget("0.0005"), tiers='"large", "small"')
    bench = Bench(loaded, tiny=Replies("Well."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert decision.chosen == "tiny"
    huge = next(candidate for candidate in decision.candidates if candidate.model == "huge")
    assert huge.excluded_by == "budget:team"


async def test_an_exhausted_budget_refuses_with_a_402_and_no_model_is_asked() -> None:
    bench = Bench(policy(rules=budget("0.00001")), tiny=Replies(), twin=Replies(), huge=Replies())
    with pytest.raises(BudgetExhausted, match="budget team is exhausted") as refused:
        await bench.router.aroute(ask())
    assert refused.value.http_status == 402
    root = bench.root.attributes or {}
    assert (root[semconv.STATUS], root[semconv.ERROR_TYPE]) == ("denied", "budget_exhausted")
    assert bench.branches == []


async def test_an_exhausted_budget_lets_the_cheapest_go_on_and_counts_it() -> None:
    rules = budget("0.00001", on_exhausted='"cheapest"')
    bench = Bench(policy(rules=rules, tiers='"large", "small"'), tiny=Replies("Well."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert decision.chosen == "tiny"
    assert decision.verdicts[0].outcome == "excluded"
    assert set(decision.verdicts[0].models_removed) == {"twin", "huge"}
    assert (await balance(bench.state, Account("team", MONTH))).spent == to_nano(str(decision.cost_usd))


async def test_an_exhausted_budget_lets_local_models_go_on() -> None:
    rules = budget("0.00001", on_exhausted='"local"')
    bench = Bench(policy(rules=rules, tiers='"large", "small"'), tiny=Replies("Well."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert decision.chosen == "tiny"
    assert decision.verdicts[0].models_removed == ("huge",)


async def test_each_tenant_has_an_amount_of_its_own() -> None:
    rules = budget("0.0003", per='"tenant"')
    bench = Bench(policy(rules=rules, validators=[]), tiny=Replies("a", "b", "c"), twin=Replies(), huge=Replies())
    await bench.router.aroute(ask("acme"))
    acme = (await balance(bench.state, Account("team/tenant=acme", MONTH))).spent
    assert acme > 0
    assert (await balance(bench.state, Account("team/tenant=zeta", MONTH))).spent == 0


async def test_who_asks_a_model_by_its_name_spends_of_the_routes_that_may_answer_with_it() -> None:
    bench = Bench(
        policy(rules=budget("1.00", routes='["chat"]')), tiny=Replies("Well."), twin=Replies(), huge=Replies()
    )
    by_name = RouteRequest.from_prompt("How are you today?", route="tiny")
    decision = (await bench.router.aroute(by_name)).decision
    assert decision.route == "model/tiny"
    assert decision.verdicts[0].rule == "budget:team"
    assert (await balance(bench.state, Account("team", MONTH))).spent == to_nano(str(decision.cost_usd)) > 0


async def test_a_budget_of_a_route_does_not_count_models_that_the_route_never_answers_with() -> None:
    loaded = policy(rules=budget("1.00", routes='["chat"]'), tiers='"small"')
    bench = Bench(loaded, tiny=Replies(), twin=Replies(), huge=Replies("Well."))
    decision = (await bench.router.aroute(RouteRequest.from_prompt("How are you today?", route="huge"))).decision
    assert decision.verdicts == ()


async def test_a_model_of_unknown_price_is_excluded_unless_the_policy_assumes_one() -> None:
    unpriced = {"tiny": "", "twin": "", "huge": ""}
    bench = Bench(policy(rules=budget("1"), prices=unpriced), tiny=Replies(), twin=Replies(), huge=Replies())
    with pytest.raises(BudgetExhausted, match="its price is unknown, and budget team counts money"):
        await bench.router.aroute(ask())
    assume = 'assume_price = { kind = "tokens", input = "1", output = "2" }'
    loaded = policy(rules=budget("1"), prices=unpriced, top=assume)
    bench = Bench(loaded, tiny=Replies("Well."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert decision.cost_usd is None, "its bill stays unknown"
    assert (await balance(bench.state, Account("team", MONTH))).spent > 0, "and counts as what it was held to cost"


async def test_a_new_month_begins_at_nothing() -> None:
    bench = Bench(policy(rules=budget("0.0003"), validators=[]), tiny=Replies("a", "b"), twin=Replies(), huge=Replies())
    await bench.router.aroute(ask())
    bench.clock.advance(86_400 * 30)
    decision = (await bench.router.aroute(ask())).decision
    assert decision.verdicts[0].reason.startswith("$0.000000 of")


async def test_an_explanation_sets_nothing_aside() -> None:
    bench = Bench(policy(rules=budget("1")), tiny=Replies(), twin=Replies(), huge=Replies())
    await bench.router.explain(ask())
    assert (await balance(bench.state, Account("team", MONTH))).total == 0


async def test_two_hundred_requests_at_once_never_spend_more_than_the_budget() -> None:
    cents = "0.0050"  # about fifty answers of what they are held to cost
    bench = Bench(
        policy(rules=budget(cents), validators=[]),
        tiny=lambda call: Reply.saying("Well, thank you.", usage=Usage(10, call.max_output_tokens)),
        twin=Replies(),
        huge=Replies(),
    )
    results = await asyncio.gather(*(bench.router.aroute(ask()) for _ in range(200)), return_exceptions=True)
    answered = [result for result in results if not isinstance(result, BaseException)]
    assert all(isinstance(result, BudgetExhausted) for result in results if isinstance(result, RoutingError))
    found = await balance(bench.state, Account("team", MONTH))
    assert found.held == 0
    assert 0 < len(answered) < 200
    assert found.spent <= to_nano(cents)


async def test_a_store_that_cannot_be_used_refuses_before_any_money_is_spent(tmp_path: Path) -> None:
    clock = ManualClock(START)
    store = in_a_file(tmp_path / "state.db", clock)
    store.close()
    asked: list[str] = []

    def script(call: object) -> Reply:
        asked.append("tiny")
        return Reply.saying("Well.")

    router = Router.from_policy(policy(rules=budget("1")), clock=clock, scripts={"tiny": script}, state=store)
    with pytest.raises(StateUnavailable, match="the shared state is closed"):
        await router.aroute(ask())
    assert asked == []


async def test_budgets_that_another_process_keeps_locked_hold_up_nobody_else(tmp_path: Path) -> None:
    file, clock = tmp_path / "state.db", ManualClock(START)
    store = in_a_file(file, clock)
    router = Router.from_policy(policy(rules=budget("1")), clock=clock, scripts={"tiny": Replies("Well.")}, state=store)
    neighbour = Router.from_policy(policy(), clock=clock, scripts={"tiny": Replies(*["Well."] * 20)})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asking = asyncio.create_task(router.aroute(ask()))
    for _ in range(20):
        # Were the loop held up for as long as the request is patient, it would have given up by the second of these.
        assert (await neighbour.aroute(ask())).text == "Well."
        await asyncio.sleep(0.002)
    assert not asking.done()
    other.execute("ROLLBACK")
    result = await asking
    assert (await balance(store, Account("team", MONTH))).total == to_nano(str(result.decision.cost_usd))
    other.close()
    store.close()


async def test_an_answer_does_not_wait_for_budgets_that_are_locked_when_it_is_settled(tmp_path: Path) -> None:
    file, clock = tmp_path / "state.db", ManualClock(START)
    store, other = in_a_file(file, clock), sqlite3.connect(file, isolation_level=None)

    def script(call: object) -> Reply:
        other.execute("BEGIN IMMEDIATE")
        return Reply.saying("Well.")

    router = Router.from_policy(policy(rules=budget("1")), clock=clock, scripts={"tiny": script}, state=store)
    decision = (await router.aroute(ask())).decision
    spent = to_nano(str(decision.cost_usd))
    other.execute("ROLLBACK")
    store.close()
    again = in_a_file(file, clock)
    assert (await balance(again, Account("team", MONTH))) == Balance(spent, 0)
    again.close()


async def test_a_restart_does_not_give_a_new_month(tmp_path: Path) -> None:
    clock, spent = ManualClock(START), []
    for _ in range(2):
        store = in_a_file(tmp_path / "state.db", clock)
        router = Router.from_policy(
            policy(rules=budget("1")), clock=clock, scripts={"tiny": Replies("Well.")}, state=store
        )
        await router.aroute(ask())
        spent.append((await balance(store, Account("team", MONTH))).spent)
        store.close()
    assert spent[1] == 2 * spent[0] > 0


async def test_the_guard_s_span_ends_though_the_budgets_cannot_be_read(tmp_path: Path) -> None:
    bench = Bench(policy(rules=budget("1.00")), tiny=Replies(), twin=Replies(), huge=Replies())
    state = in_a_file(tmp_path / "state.db", bench.clock)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(bench.exporter))
    router = Router.from_policy(
        bench.loaded, clock=bench.clock, scripts=bench.scripts, state=state, tracer=provider.get_tracer("test")
    )
    state.close()
    with pytest.raises(StateUnavailable):
        await router.aroute(ask())
    assert sorted(span.name for span in bench.spans) == ["guard", "route chat", "signals"]


async def test_what_goes_on_with_an_exhausted_budget_is_a_model_that_answers_not_one_that_is_only_asked() -> None:
    # A call of huge is held to cost about $0.002, one of twin a tenth of it; only the validator asks twin.
    loaded = policy(
        rules=budget("0.001", on_exhausted='"cheapest"'), validators=["second"], probes='"twin"', tiers='"large"'
    )
    bench = Bench(loaded, tiny=Replies(), twin=Replies("Well."), huge=Replies("Well."))
    decision = (await bench.router.aroute(ask())).decision
    assert (decision.chosen, decision.status) == ("huge", "ok")
    assert "only the cheapest model may go on" in decision.verdicts[0].reason


async def test_a_local_model_that_only_a_validator_asks_lets_nobody_go_on() -> None:
    loaded = policy(
        rules=budget("0.00001", on_exhausted='"local"'), validators=["second"], probes='"twin"', tiers='"large"'
    )
    bench = Bench(loaded, tiny=Replies(), twin=Replies("Well."), huge=Replies("Well."))
    with pytest.raises(BudgetExhausted):
        await bench.router.aroute(ask())  # twin is local, but never answers


class Away(MemoryStore):
    """Accounts whose database is away from the so-manieth question on."""

    def __init__(self, clock: Clock, answers: int) -> None:
        super().__init__(clock)
        self.answers = answers

    async def balances(self, accounts: Sequence[Account]) -> list[Balance]:
        self._count()
        return await super().balances(accounts)

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        self._count()
        return await super().hold(claims, nano, expires_ns)

    def _count(self) -> None:
        if self.answers == 0:
            raise StateUnavailable("the shared state did not answer within 50 ms")
        self.answers -= 1


FAILS_OPEN = '[state]\non_unavailable = "fail_open"\n'


@pytest.mark.parametrize("answers", [0, 1], ids=["before-the-plan", "before-the-call"])
async def test_budgets_that_fail_open_let_requests_go_on_unchecked_and_the_decision_says_so(answers: int) -> None:
    bench = Bench(policy(rules=budget("0.0005") + FAILS_OPEN), tiny=Replies("Well."), twin=Replies(), huge=Replies())
    state = Away(bench.clock, answers)
    router = Router.from_policy(bench.loaded, clock=bench.clock, scripts=bench.scripts, state=state)
    decision = (await router.aroute(ask())).decision
    (verdict,) = decision.verdicts
    assert (verdict.rule, verdict.outcome) == ("budget:team", "unchecked")
    assert verdict.reason == (
        "it was not checked: the shared state did not answer within 50 ms; what is spent is counted once that is over"
    )
    state.answers = -1
    assert await balance(state, Account("team", MONTH)) == Balance(to_nano(str(decision.cost_usd)), 0)


async def test_the_rate_of_a_key_that_nobody_could_check_is_a_verdict_beside_those_of_budgets() -> None:
    bench = Bench(policy(rules=budget("1")), tiny=Replies("Well."), twin=Replies(), huge=Replies())
    context = Context(key="billing", rate_unchecked=True)
    decision = (await bench.router.aroute(replace(ask(), context=context))).decision
    assert [(one.rule, one.outcome) for one in decision.verdicts] == [
        ("rate:billing", "unchecked"),
        ("budget:team", "passed"),
    ]
    assert decision.verdicts[0].reason.startswith("it was not checked: what gateways share is away")


@pytest.mark.parametrize("answers", [0, 1], ids=["before-the-plan", "before-the-call"])
async def test_budgets_that_fail_closed_refuse_with_a_503_and_no_model_is_asked(answers: int) -> None:
    bench = Bench(policy(rules=budget("1")), tiny=Replies(), twin=Replies(), huge=Replies())
    state = Away(bench.clock, answers)
    router = Router.from_policy(bench.loaded, clock=bench.clock, scripts=bench.scripts, state=state)
    with pytest.raises(StateUnavailable, match="did not answer within 50 ms") as refused:
        await router.aroute(ask())
    assert refused.value.http_status == 503
