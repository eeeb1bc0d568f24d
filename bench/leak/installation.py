"""The installation under test: its API as a customer uses it, its cluster as an operator does."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from lab.client import TIMEOUT_SECONDS, Api, ApiProblem, wait_until
from lab.kubectl import Kubectl

PREFIX = "leak"
READY_SECONDS = 300
KUBECTL_SECONDS = 120
CLEAN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class OperatorApi(Api):
    """The API with a bearer token, where it asks for one (CLONEPOOL_API_TOKEN)."""

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """As `Api.call`."""
        token = os.environ.get("CLONEPOOL_API_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(
            method, self.base_url + path, json=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
        content: dict[str, Any] = answer.json() if answer.content else {}
        if answer.status_code >= requests.codes.bad_request:
            raise ApiProblem(answer.status_code, content)
        return content


@dataclass(frozen=True, slots=True)
class Source:
    """A site of the operator's own. Never a customer's: what is planted beside its copy must be nobody's."""

    url: str
    key: str = field(repr=False)


@dataclass
class Installation:
    """What a test may touch. `made` are clones that it has asked for."""

    api: Api
    kubectl: Kubectl
    source: Source
    made: set[str] = field(default_factory=set)

    @classmethod
    def of_environment(cls) -> Installation:
        """By CLONEPOOL_API_URL and KUBECONFIG, else the lab. Raises SystemExit that says what is missing."""
        environment = dict(os.environ) if "CLONEPOOL_API_URL" in os.environ else _lab()
        namespace = environment.get("CLONEPOOL_NAMESPACE", "wordpress-staging")
        api = OperatorApi(environment["CLONEPOOL_API_URL"].rstrip("/"))
        return cls(api, Kubectl(namespace, _operators_kubectl()), _source())

    def lease(self, name: str) -> dict[str, Any]:
        """A READY clone of the source, for a customer of ours."""
        customer_id = f"{PREFIX}-{name}-{secrets.token_hex(3)}"
        self.api.put_source(customer_id, self.source.url, self.source.key)
        clone = self.api.create_clone(customer_id, ttl_minutes=30, access="public")
        self.made.add(clone["clone_id"])
        return self.api.until_ready(clone["clone_id"], seconds=READY_SECONDS)

    def release(self, clone: dict[str, Any]) -> None:
        """Give a clone back."""
        self.api.release(clone["clone_id"])
        self.made.discard(clone["clone_id"])

    def release_all(self) -> None:
        """Also after a test that broke off."""
        for clone_id in sorted(self.made):
            self.api.release(clone_id)

    def after(self, clone: dict[str, Any]) -> dict[str, Any] | None:
        """The clone's pod once it is WARM in a newer generation or QUARANTINED; None if it was replaced."""

        def look() -> tuple[dict[str, Any] | None] | None:
            try:
                pod = self.api.pod(clone["pod_name"])
            except ApiProblem as problem:
                if problem.status != requests.codes.not_found:
                    raise
                return (None,)
            newer = pod["generation"] > clone["generation"]
            done = newer and pod["state"] in {"WARM", "ASSIGNED", "READY", "QUARANTINED"}
            return (pod,) if done else None

        return wait_until(f"{clone['pod_name']} to come back", look, seconds=CLEAN_SECONDS)[0]

    def shell(self, pod_name: str, container: str, script: str) -> str:
        """What a script prints that is given to a shell in a container on stdin."""
        command = ("exec", "--stdin", pod_name, f"--container={container}", "--", "sh", "-s")
        return self.kubectl.run(*command, stdin=script.encode(), seconds=KUBECTL_SECONDS)

    def objects(self, kinds: str) -> list[dict[str, Any]]:
        """Objects of the namespace as the API server shows them."""
        return self.kubectl.list(kinds)

    def logs(self, pod_name: str, container: str) -> str:
        """The container's log, as far as the node keeps it."""
        return self.kubectl.logs(pod_name, container)


def _lab() -> dict[str, str]:
    asked = subprocess.run([sys.executable, "-m", "lab", "env"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise SystemExit("set CLONEPOOL_API_URL and KUBECONFIG, or start the lab: make lab-up")
    return dict(word.split("=", 1) for word in shlex.split(asked.stdout) if "=" in word)


def _operators_kubectl() -> tuple[str, ...]:
    """Of another installation by KUBECONFIG; otherwise the lab's, which `Kubectl` finds by itself."""
    program = shutil.which("kubectl") if "KUBECONFIG" in os.environ else None
    return (program,) if program else ()


def _source() -> Source:
    """CLONEPOOL_LEAK_SOURCE_URL and the file with its export key, else a small site of the lab."""
    url, key_file = (os.environ.get(f"CLONEPOOL_LEAK_SOURCE_{name}") for name in ("URL", "KEY_FILE"))
    if url and key_file:
        return Source(url, Path(key_file).read_text().strip())
    command = [sys.executable, "-m", "lab", "source", "up", "--name", "leak", "--size", "small"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SystemExit("set CLONEPOOL_LEAK_SOURCE_URL and CLONEPOOL_LEAK_SOURCE_KEY_FILE")
    found = json.loads(made.stdout)
    return Source(found["url"], found["key"])
