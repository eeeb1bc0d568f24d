"""Input templates of EventBridge Pipes: text with `<$.path>` in it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_PLACEHOLDER = re.compile(r"<(\$[^<>\s]*)>")


class InputTemplateError(Exception):
    """The transformed text is no JSON; the message shows it."""


def transform(template: str, event: dict[str, Any]) -> Any:
    """The JSON that the target gets: each `<$.a.b>` replaced by that value of the event.

    Within quotes the bare text is put, elsewhere JSON; a path that is not there gives nothing, so that a
    quoted placeholder becomes an empty string.
    """
    parts = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append(template[end : found.start()])
        parts.append(_text(_lookup(found[1], event), quoted=_inside_quotes(template, found.start())))
        end = found.end()
    text = "".join([*parts, template[end:]])
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputTemplateError(f"the input template gives no JSON ({error}): {text}") from error


def _lookup(path: str, event: Any) -> Any:
    value = event
    for name in path.split(".")[1:]:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _text(value: Any, *, quoted: bool) -> str:
    if value is None:
        return ""
    if not quoted:
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]


def _inside_quotes(template: str, position: int) -> bool:
    before = re.sub(r"\\.", "", template[:position])
    return before.count('"') % 2 == 1
