"""The cells that rewriters are measured on: the same bytes at every run, a cell a line.

The mix is that of a site's database: posts with links, plug-ins' serialized values, serialized values packed
into one another, page builders' JSON, and text without any address; an address every 300 bytes or so.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OLD = "http://shop.example.com"
NEW = "https://c1.clones.test"
_SEED = 20_240_101
_VOCABULARY = (
    "harbour winter garden letter bridge morning copper window river stone market lantern Zürich café naïve "
    "smörgåsbord Łódź résumé 東京 привет 🌊 🍋 carries follows remembers opens paints repairs gathers crosses"
)
_WORDS = _VOCABULARY.split()

type Value = str | int | float | bool | list[Value] | dict[str, Value] | None


def write(path: Path, size: int) -> None:
    """Cells of together at least `size` bytes."""
    mix = random.Random(_SEED)  # noqa: S311 (text, no secret)
    kinds = (_post, _post, _gallery, _gallery, _packed, _packed, _builder, _builder, _quoting, _plain, _plain)
    written = 0
    with path.open("wb") as out:
        while written < size:
            cell = mix.choice(kinds)(mix).encode()
            written += out.write(cell + b"\n")


def serialize(value: Value) -> str:
    """As PHP's serialize() writes it."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value!r};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    inner = "".join(serialize(key) + serialize(item) for key, item in pairs)
    return f"a:{len(value)}:{{{inner}}}"


def _text(mix: random.Random, words: int) -> str:
    return " ".join(mix.choices(_WORDS, k=words))


def _link(mix: random.Random) -> str:
    return f"{OLD}/?p={mix.randrange(100_000)}"


def _post(mix: random.Random) -> str:
    return (
        f'<!-- wp:image --><img src="{OLD}/wp-content/uploads/{mix.randrange(9999)}.jpg"/><!-- /wp:image -->'
        f'<p>{_text(mix, 40)} <a href="{_link(mix)}">{_text(mix, 3)}</a> {_text(mix, 40)}</p>'
    )


def _plain(mix: random.Random) -> str:
    return _text(mix, 60)


def _gallery(mix: random.Random) -> str:
    uploads = f"{OLD}/wp-content/uploads"
    pictures: list[Value] = [
        {"src": f"{uploads}/{n}.jpg", "alt": _text(mix, 8), "ratio": 0.5, "focus": None, "lazy": True}
        for n in range(3)
    ]
    return serialize({"layout": "grid", "pictures": pictures})


def _packed(mix: random.Random) -> str:
    inner = serialize({"html": f"<a href='{_link(mix)}'>{_text(mix, 4)}</a>", "feeds": [f"{OLD}/feed/"]})
    return serialize({"at": mix.randrange(9999), "payload": inner})


def _quoting(mix: random.Random) -> str:
    """A text that looks like the end of a string, as code in an option does."""
    css = f'a:after {{ content: "{_text(mix, 2)}"; }} b {{ src: "{_link(mix)}"; }}'
    return serialize({"css": css, "on": True})


def _builder(mix: random.Random) -> str:
    widgets = [
        {"id": mix.randrange(9999), "link": {"url": _link(mix)}, "text": _text(mix, 10)} for _ in range(3)
    ]
    return json.dumps([{"elType": "section", "elements": widgets}]).replace("/", "\\/")
