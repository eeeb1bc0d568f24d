"""EventBridge rules with a rate, as the template's functions declare them."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.aws.functions import FUNCTION
from lab.aws.intrinsics import ACCOUNT, REGION, TemplateError

if TYPE_CHECKING:
    from lab.aws.invoker import Invoker
    from lab.aws.template import Template

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class Rule:
    """Calls `function` every `period_seconds`. `name` is function and event, e.g. PoolKeeperEveryMinute."""

    name: str
    function: str
    period_seconds: int

    def event(self) -> dict[str, Any]:
        """What EventBridge sends."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self.name}"],
            "detail": {},
        }


def rules(template: Template) -> list[Rule]:
    """All Schedule events of the template's functions. Raises TemplateError for what is no `rate(...)`."""
    return [
        Rule(
            f"{function.logical_id}{name}",
            function.logical_id,
            period_seconds(event["Properties"]["Schedule"], f"{function.place}.Events.{name}"),
        )
        for function in template.of_type(FUNCTION)
        for name, event in function.properties.get("Events", {}).items()
        if event["Type"] == "Schedule" and event["Properties"].get("Enabled", True)
    ]


def period_seconds(expression: str, place: str) -> int:
    """Seconds of `rate(5 minutes)` and the like."""
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip())
    if found is None:
        raise TemplateError(f"{place}: the lab knows rate(N minutes|hours|days), not {expression}")
    return int(found[1]) * _UNITS[found[2]]


class UnknownRule(Exception):
    """The template has no schedule of this name."""


class Schedule:
    """All rules, first fired at once: a fresh lab need not wait a minute for its pool."""

    def __init__(self, template: Template, invoker: Invoker) -> None:
        self._rules = {rule.name: rule for rule in rules(template)}
        self._invoker = invoker
        self._tasks: list[asyncio.Task[None]] = []
        self._running = asyncio.Event()
        self._running.set()

    @property
    def names(self) -> list[str]:
        """Names of all rules."""
        return list(self._rules)

    def start(self) -> None:
        """Fire every rule, now and then at its rate."""
        self._tasks = [asyncio.create_task(self._repeat(rule)) for rule in self._rules.values()]

    async def _repeat(self, rule: Rule) -> None:
        while True:
            await self._running.wait()
            self.fire(rule.name)
            await asyncio.sleep(rule.period_seconds)

    def fire(self, name: str) -> str:
        """Fire one rule now; returns the request id. Raises UnknownRule."""
        if name not in self._rules:
            raise UnknownRule(f"no schedule {name}; there are: {', '.join(self._rules) or 'none'}")
        rule = self._rules[name]
        event = json.dumps(rule.event()).encode()
        return self._invoker.accept(rule.function, event, f"schedule:{name}")

    def pause(self) -> None:
        """Fire nothing by itself until `resume`."""
        self._running.clear()

    def resume(self) -> None:
        """Fire at its rate again."""
        self._running.set()

    async def stop(self) -> None:
        """End the schedule."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
