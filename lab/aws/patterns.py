"""EventBridge event patterns, as pipes filter with them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING = object()
_COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternError(Exception):
    """The pattern uses something that the lab does not know; the message names it."""


def matches(pattern: dict[str, Any], event: Any) -> bool:
    """Whether the event has what the pattern wants: every key (and), one of each key's values (or)."""
    return all(_key_matches(key, wanted, event) for key, wanted in pattern.items())


def _key_matches(key: str, wanted: Any, event: Any) -> bool:
    if key == "$or":
        return any(matches(alternative, event) for alternative in wanted)
    value = event.get(key, _MISSING) if isinstance(event, dict) else _MISSING
    if isinstance(wanted, dict):
        return matches(wanted, {} if value is _MISSING else value)
    if not isinstance(wanted, list):
        raise PatternError(f"{key}: a pattern's values stand in a list, not {wanted!r}")
    values = value if isinstance(value, list) else [value]
    return any(_value_matches(rule, item) for rule in wanted for item in values)


def _value_matches(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return value is not _MISSING and type(value) is type(rule) and bool(value == rule)
    name, argument = next(iter(rule.items()))
    if name == "exists":
        return bool(argument) == (value is not _MISSING)
    if name not in _RULES:
        raise PatternError(f"the lab does not know the operator {name!r}; add it to lab/aws/patterns.py")
    return value is not _MISSING and bool(_RULES[name](argument, value))


def _anything_but(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        return not _value_matches(argument, value)
    unwanted = argument if isinstance(argument, list) else [argument]
    return bool(value not in unwanted)


def _numeric(argument: list[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(_COMPARE[sign](value, limit) for sign, limit in pairs)


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "numeric": _numeric,
    "prefix": lambda argument, value: isinstance(value, str) and value.startswith(argument),
    "suffix": lambda argument, value: isinstance(value, str) and value.endswith(argument),
    "equals-ignore-case": lambda argument, value: (
        isinstance(value, str) and value.lower() == argument.lower()
    ),
}
