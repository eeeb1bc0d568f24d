"""Source sites in the cluster: up, down, list."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.source import manifests
from lab.source.fill import ADMINISTRATOR, fill, generator_digest
from lab.source.spec import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.kubectl import Kubectl
    from lab.source.spec import Source

_READY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Sites:
    """The sources of one cluster.

    Attributes:
        images: references that the cluster has: `wordpress-clone`, `mysql-clone`, for MariaDB also `mariadb`.
        say: is told what happens.
        certify: makes a certificate for a host that pods trust; None: the ingress has some of its own.
    """

    kubectl: Kubectl
    images: dict[str, str]
    ingress_class: str
    say: Callable[[str], None]
    certify: Callable[[str], dict[str, str]] | None = None

    def up(self, source: Source) -> Answer:
        """Start and fill a source, or answer again for the same one that runs.

        Raises:
            LabError: it could not be started or filled; nothing of it is left then but the pod, to look at.
        """
        fingerprint = source.fingerprint(self.images, generator_digest())
        if answer := self._answer(source.name, fingerprint):
            self.say(f"{source.name}: runs already")
            return answer
        self.down(source.name)
        self._start(source)
        password = secrets.token_urlsafe(15)
        key = fill(self.kubectl, source, password, self.say)
        answer = Answer(source.name, source.url, key, ADMINISTRATOR, password)
        self._remember(answer, fingerprint)
        return answer

    def down(self, name: str) -> None:
        """Remove a source and wait until it is gone; harmless if there is none. Raises LabError."""
        self.kubectl.remove(f"app={manifests.APP},source={name}")

    def list(self) -> list[dict[str, str]]:
        """Name, address and state of each source. Raises LabError."""
        pods = self.kubectl.list("pods", f"app={manifests.APP}")
        ingresses = self.kubectl.list("ingresses", f"app={manifests.APP}")
        hosts = {item["metadata"]["name"]: item["spec"]["rules"][0]["host"] for item in ingresses}
        names = [(pod["metadata"]["name"], pod["status"]["phase"]) for pod in pods]
        return [{"name": name, "host": hosts.get(name, ""), "state": phase} for name, phase in names]

    def _start(self, source: Source) -> None:
        self.say(f"{source.name}: starting at {source.url}")
        passwords = {"db-password": secrets.token_urlsafe(24), "root-password": secrets.token_urlsafe(24)}
        credentials = manifests.secret(
            source.name, manifests.credentials_name(source.name), {"generation": "1", **passwords}
        )
        certificate = self.certify(source.host) if self.certify and source.secure else None
        site = manifests.site(source, self.images, self.ingress_class, certificate)
        self.kubectl.apply([manifests.namespace(), credentials, *site])
        try:
            ready = ("--for=condition=Ready", f"pod/{source.name}", f"--timeout={_READY_SECONDS}s")
            self.kubectl.run("wait", *ready)
        except LabError as error:
            raise LabError(
                f"{error}\nThe pod tells more: python -m lab kubectl -n {manifests.NAMESPACE} "
                f"describe pod {source.name}"
            ) from error

    def _remember(self, answer: Answer, fingerprint: str) -> None:
        name = manifests.answer_name(answer.name)
        values = {"answer": json.dumps(answer.as_dict())}
        self.kubectl.apply(
            [manifests.secret(answer.name, name, values, {manifests.FINGERPRINT: fingerprint})]
        )

    def _answer(self, name: str, fingerprint: str) -> Answer | None:
        """What was answered for this very site, if its pod is still the one that was filled."""
        kept = self.kubectl.get("secret", manifests.answer_name(name))
        pod = self.kubectl.get("pod", name)
        running = pod.get("status", {}).get("phase") == "Running"
        annotations = kept.get("metadata", {}).get("annotations", {})
        if not running or annotations.get(manifests.FINGERPRINT) != fingerprint:
            return None
        return Answer(**json.loads(b64decode(kept["data"]["answer"])))
