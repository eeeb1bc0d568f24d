"""Who gets the next pod."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clonepool.domain.clones import Clone


def fair_order(queued: Sequence[Clone], holding: Mapping[str, int]) -> list[Clone]:
    """Order waiting clones: the customer with the fewest pods first, then who has waited longest.

    Args:
        queued: QUEUED clones.
        holding: per customer, how many of its live clones have a pod already.
    """
    place: Counter[str] = Counter()
    keyed = []
    for clone in sorted(queued, key=lambda c: (c.created_at, c.clone_id)):
        turn = holding.get(clone.customer_id, 0) + place[clone.customer_id]
        place[clone.customer_id] += 1
        keyed.append((turn, clone.created_at, clone.clone_id, clone))
    return [clone for *_, clone in sorted(keyed, key=lambda k: k[:3])]
