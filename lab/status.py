"""`python -m lab status`: every part, what runs in the cluster, and where to reach it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lab.aws import tables
from lab.cluster import net
from lab.cluster.api import Api
from lab.errors import LabError
from lab.services import API_URL, DYNAMODB, DYNAMODB_URL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.lab import Lab

_OK = 200


def report(lab: Lab) -> tuple[str, bool]:
    """The text of the report, and whether every part is healthy."""
    parts = ({} if lab.context else lab.cluster.health()) | lab.services.health()
    healthy = all(works for _, _, works in parts.values())
    sections = [_table(("PART", "PID", "UP", "HEALTHY"), _part_rows(parts))]
    if not lab.context and parts["apiserver"][2]:
        sections += _cluster(Api(lab.paths))
    if parts[DYNAMODB][2]:
        sections.append(_table(("TABLE", "ROWS"), _table_rows()))
    try:
        sections.append(lab.environment())
    except LabError as error:
        sections.append(str(error))
        healthy = False
    sections.append(
        "" if healthy else "not healthy: `python -m lab up` mends it, `python -m lab logs PART` tells"
    )
    return "\n\n".join(section for section in sections if section), healthy


def _part_rows(parts: dict[str, tuple[int | None, int | None, bool]]) -> list[tuple[str, ...]]:
    now = time.time()
    return [
        (name, str(pid or "-"), _age(now - since) if since else "-", "yes" if works else "NO")
        for name, (pid, since, works) in parts.items()
    ]


def _cluster(api: Api) -> list[str]:
    nodes = [
        (
            node["metadata"]["name"],
            "yes" if _is_ready(node) else "NO",
            node["status"]["nodeInfo"]["kubeletVersion"],
        )
        for node in _items(api, "/api/v1/nodes")
    ]
    pods = [
        (
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            pod["status"]["phase"],
            "yes" if _is_ready(pod) else "no",
            pod["metadata"].get("labels", {}).get("pool-status", "-"),
            pod["status"].get("podIP", "-"),
        )
        for pod in _items(api, "/api/v1/pods")
    ]
    return [
        _table(("NODE", "READY", "VERSION"), nodes),
        _table(("NAMESPACE", "POD", "PHASE", "READY", "POOL-STATUS", "IP"), pods) if pods else "no pods",
        f"API {API_URL}   ingress http://{net.INGRESS} by Host   Kubernetes {net.API_URL}",
    ]


def _items(api: Api, path: str) -> list[dict[str, Any]]:
    status, body = api.get(path)
    return body["items"] if status == _OK else []


def _is_ready(thing: dict[str, Any]) -> bool:
    conditions = thing["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _table_rows() -> list[tuple[str, ...]]:
    client = tables.client(DYNAMODB_URL)
    names = client.list_tables()["TableNames"]
    return [
        (name, str(client.describe_table(TableName=name)["Table"].get("ItemCount", "?"))) for name in names
    ]


def _age(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m{rest:02}s"  # noqa: PLR2004


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
