"""The state machine of one alert: ok, pending, firing, resolved. Pure: time and evidence come from outside.

    ok ──breached──▶ pending ──breached for long enough──▶ firing ──clear for long enough──▶ resolved ──▶ ok

- **Not enough data decides nothing.** Evidence that is ``dark`` changes no state: what is pending does not fire and
  what fires does not resolve, however long it lasts. It is only noted since when it is dark. The same holds for
  the time in which nobody looked at all, as while the worker was not running: of a gap at most `LONGEST_STEP` counts.
- **A doubtful value decides nothing either.** Evidence is ``unsure`` when the value lies beyond the threshold but its
  interval does not. It neither counts towards firing nor towards resolving.
- **Flapping is damped.** An alert that fires again within `REMEMBERED` of its resolving must be clear for twice as long
  to resolve the next time, then four times, up to `LONGEST_CLEAR`. So the number of times that it fires in a day is
  bounded whatever the values do.
- **A silence silences, it does not stop.** States go on. Who was not told while an alert was silenced is told when the
  silence ends and it still fires.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["ok", "pending", "firing", "resolved"]
Evidence: TypeAlias = Literal["breached", "clear", "unsure", "dark"]
Happened: TypeAlias = Literal["fired", "resolved"]

LONGEST_STEP: Final = timedelta(minutes=3)
"""The most that the time between two evaluations counts as breached or clear. Evaluations come every minute."""
REMEMBERED: Final = timedelta(hours=6)
"""How long an alert that resolved is remembered as such."""
LONGEST_CLEAR: Final = timedelta(hours=4)
_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands."""

    state: State
    since: datetime
    evaluated: datetime
    evidence: Evidence
    dark_since: datetime | None = None
    breached: timedelta = timedelta(0)
    """How long its threshold has been breached, as far as somebody could tell."""
    clear: timedelta = timedelta(0)
    """While it fires: how long its threshold has been met again."""
    resolved: datetime | None = None
    """When it resolved last."""
    flaps: int = 0
    """Times in a row that it fired within `REMEMBERED` of its resolving."""
    told: bool = False
    """Whether it was told that it fires."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an evaluation made of an alert."""

    standing: Standing
    happened: Happened | None = None
    tell: Happened | None = None
    """What is to be told now: what happened, or that it still fires, after a silence."""


def step(
    before: Standing | None,
    evidence: Evidence,
    now: datetime,
    *,
    lasting: timedelta,
    clearing: timedelta,
    silenced: bool = False,
    longest: timedelta = LONGEST_STEP,
) -> Step:
    """Evaluate an alert at a moment.

    Args:
        before: where it stood; None the first time.
        evidence: what the measurement says.
        now: a moment that is not later than the last evaluation changes nothing.
        lasting: how long the threshold must be breached before it fires; zero: at once.
        clearing: how long it must be met again before it resolves, the first time.
        silenced: nobody is told.
        longest: the most that the time since the last evaluation counts.
    """
    if before is None:
        before = Standing("ok", now, now, evidence, dark_since=now if evidence == "dark" else None)
        elapsed = timedelta(0)
    elif now <= before.evaluated:
        return Step(before)
    else:
        elapsed = min(now - before.evaluated, longest)
    seen = _seen(before, evidence, now, elapsed)
    match before.state:
        case "firing":
            made = _while_firing(seen, evidence, now, clearing)
        case _:
            made = _while_quiet(seen, evidence, now, lasting)
    return _told(before, made, silenced)


def needed(clearing: timedelta, flaps: int) -> timedelta:
    """How long an alert that flapped so often must be clear before it resolves."""
    return max(clearing, min(clearing * (1 << min(flaps, _DOUBLINGS)), LONGEST_CLEAR))


def _seen(before: Standing, evidence: Evidence, now: datetime, elapsed: timedelta) -> Standing:
    """What was seen is noted. Time counts when both its ends say the same, so that no doubt lies within."""
    dark_since = (before.dark_since or now) if evidence == "dark" else None
    breached, clear = before.breached, before.clear
    if evidence == "breached":
        breached = breached + elapsed if before.evidence == "breached" and before.state == "pending" else breached
        clear = timedelta(0)
    elif evidence == "clear":
        clear = clear + elapsed if before.evidence == "clear" else clear
        breached = timedelta(0)
    elif evidence == "unsure":
        clear = timedelta(0)
    return replace(before, evaluated=now, evidence=evidence, dark_since=dark_since, breached=breached, clear=clear)


def _while_firing(seen: Standing, evidence: Evidence, now: datetime, clearing: timedelta) -> Step:
    if evidence == "clear" and seen.clear >= needed(clearing, seen.flaps):
        over = replace(seen, state="resolved", since=now, resolved=now, breached=timedelta(0), clear=timedelta(0))
        return Step(over, "resolved")
    return Step(seen)


def _while_quiet(seen: Standing, evidence: Evidence, now: datetime, lasting: timedelta) -> Step:
    if evidence == "breached":
        if seen.breached >= lasting:
            again = seen.resolved is not None and now - seen.resolved < REMEMBERED
            flaps = seen.flaps + 1 if again else 0
            fires = replace(seen, state="firing", since=now, clear=timedelta(0), flaps=flaps, told=False)
            return Step(fires, "fired")
        return Step(seen if seen.state == "pending" else replace(seen, state="pending", since=now))
    if evidence != "clear":
        return Step(seen)
    remembered = seen.resolved is not None and now - seen.resolved < REMEMBERED
    if remembered:
        assert seen.resolved is not None
        return Step(seen if seen.state == "resolved" else replace(seen, state="resolved", since=seen.resolved))
    quiet = replace(seen, resolved=None, flaps=0)
    return Step(quiet if quiet.state == "ok" else replace(quiet, state="ok", since=now))


def _told(before: Standing, made: Step, silenced: bool) -> Step:
    standing = made.standing
    if standing.state == "firing" and not standing.told and not silenced:
        return replace(made, standing=replace(standing, told=True), tell="fired")
    if made.happened == "resolved":
        return replace(
            made, standing=replace(standing, told=False), tell="resolved" if before.told and not silenced else None
        )
    return made
