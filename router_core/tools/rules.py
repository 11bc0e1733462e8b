"""Rules: canned and templated answers to prompts that phrases, patterns or keywords recognise."""

from __future__ import annotations

from typing import Final

from router_core.policy.schema import AnswerRule, RulesTool
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import ToolAnswer
from router_core.tools.template import Template, markdown, plain
from router_core.tools.trigger import Matched, Question, Trigger


class Rules:
    """Tool that answers from a policy's own list. No I/O; a list of a hundred takes well under a millisecond."""

    location: Final = "local"

    def __init__(self, name: str, entry: RulesTool) -> None:
        """Prepare every rule; a loaded policy has only sound ones (see `policy.crosscheck`)."""
        self.name = name
        self.threshold = entry.threshold
        self.timeout_s = entry.timeout_s
        self._made_safe = markdown if entry.format == "markdown" else plain
        self._rules = [_Rule(rule) for rule in entry.answers]

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`. Never raises."""
        best: tuple[Matched, _Rule] | None = None
        question = Question(request.prompt)
        for rule in self._rules:
            match = rule.match(question)
            if match is not None and (best is None or match.confidence > best[0].confidence):
                best = match, rule
        if best is None:
            return None
        match, rule = best
        values = {name: self._made_safe(value) for name, value in match.groups.items()}
        text = rule.template(signals.language).fill(values)
        return ToolAnswer(
            text=text if rule.source is None else f"{text}\n\nSource: {rule.source}",
            confidence=match.confidence,
            reason=f"Rule {rule.name}: {match.reason}",
            citations=() if rule.source is None else (rule.source,),
        )


class _Rule:
    """One rule, prepared."""

    def __init__(self, rule: AnswerRule) -> None:
        self.name = rule.name
        self.source = rule.source
        self._trigger = Trigger(exact=rule.exact, pattern=rule.pattern, keywords=rule.keywords)
        self._answer = Template(rule.answer)
        self._translations = {language: Template(text) for language, text in rule.translations.items()}
        self._needed = self._answer.names.union(*(text.names for text in self._translations.values()))

    def match(self, question: Question) -> Matched | None:
        """How the prompt matches; not at all when a group that the answer shows took no part."""
        found = self._trigger.match(question)
        return found if found is not None and self._needed <= found.groups.keys() else None

    def template(self, language: str) -> Template:
        return self._translations.get(language, self._answer)
