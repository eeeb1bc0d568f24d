"""The installation under test: its API as a customer uses it, its cluster as an operator does."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from lab.client import TIMEOUT_SECONDS, Api, ApiProblem, Visitor, wait_until
from lab.kubectl import Kubectl

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ingress: str
    made: set[str] = field(default_factory=set)

    @classmethod
    def of_environment(cls, source: Source | None = None) -> Installation:
        """By CLONEPOOL_API_URL and KUBECONFIG, else the lab. Raises SystemExit that says what is missing."""
        environment = dict(os.environ) if "CLONEPOOL_API_URL" in os.environ else _lab()
        if "CLONEPOOL_INGRESS" not in environment:
            raise SystemExit("set CLONEPOOL_INGRESS, host:port where the cluster's ingress takes plain HTTP")
        namespace = environment.get("CLONEPOOL_NAMESPACE", "wordpress-staging")
        api = OperatorApi(environment["CLONEPOOL_API_URL"].rstrip("/"))
        kubectl = Kubectl(namespace, _operators_kubectl())
        return cls(api, kubectl, source or _source(), environment["CLONEPOOL_INGRESS"])

    def lease(self, name: str) -> dict[str, Any]:
        """A READY clone of the source, for a customer of ours."""
        customer_id = f"{PREFIX}-{name}-{secrets.token_hex(3)}"
        self.api.put_source(customer_id, self.source.url, self.source.key)
        clone = self.api.create_clone(customer_id, ttl_minutes=30, access="private")
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

    def visit(self, clone: dict[str, Any], path: str, cookies: Mapping[str, str]) -> requests.Response:
        """A page of a clone as it comes through the ingress, for a visitor with these cookies."""
        host = urlsplit(clone["public_url"]).hostname or ""
        return Visitor(self.ingress, cookies={host: dict(cookies)}).get(host, path)

    def token_of(self, clone: dict[str, Any]) -> dict[str, str]:
        """The cookie that the clone's `access_url` sets."""
        visitor = Visitor(self.ingress)
        visitor.admit("", clone)
        return visitor.cookies[""]

    def login_path(self, clone: dict[str, Any]) -> str:
        """Path and query of a login link that nobody has used."""
        parts = urlsplit(self.api.login_link(clone["clone_id"])["url"])
        return f"{parts.path}?{parts.query}"

    def log_in(self, clone: dict[str, Any]) -> dict[str, str]:
        """The session's cookies of an administrator who came by a login link."""
        answer = self.visit(clone, self.login_path(clone), self.token_of(clone))
        cookies: dict[str, str] = answer.cookies.get_dict()
        return cookies

    def shell(self, pod_name: str, container: str, script: str, *, namespace: str = "") -> str:
        """What a script prints that is given to a shell in a container on stdin."""
        command = ("exec", "--stdin", pod_name, f"--container={container}", "--", "sh", "-s")
        return self._kubectl(namespace).run(*command, stdin=script.encode(), seconds=KUBECTL_SECONDS)

    def apply(self, body: dict[str, Any]) -> None:
        """Create or change an object, in its own namespace if it names one."""
        self._kubectl(body["metadata"].get("namespace", "")).apply([body])

    def change(self, verb: str, *arguments: str) -> None:
        """What an operator does by hand to objects of the namespace."""
        self.kubectl.run(verb, *arguments, seconds=KUBECTL_SECONDS)

    def delete_namespace(self, name: str) -> None:
        """With all that is in it."""
        self.kubectl.run("delete", "namespace", name, "--ignore-not-found", seconds=KUBECTL_SECONDS)

    def _kubectl(self, namespace: str) -> Kubectl:
        """In this namespace; without one, in that of the clones."""
        return replace(self.kubectl, namespace=namespace) if namespace else self.kubectl

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
