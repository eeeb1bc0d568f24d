"""A site that an attacker has taken over: it has brought a program along and runs it as its own user."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.client import ApiProblem, wait_until
from lab.kubectl import run_in
from lab.node import pid1_of
from tests.e2e.hostile import DOCROOT, run, shell

if TYPE_CHECKING:
    from tests.e2e.conftest import Installation

ATTACKER, LOOK = f"{DOCROOT}/attacker", "/tmp/look"
RETURNED_WITHIN = 240


@dataclass(frozen=True)
class TakenOver:
    """A clone whose site is the attacker's."""

    system: Installation
    clone: dict[str, Any]
    program: bytes

    @property
    def pod(self) -> str:
        """Its name."""
        return str(self.clone["pod_name"])

    def bring(self, path: str = ATTACKER) -> None:
        """Put the program into the container."""
        script = f"cat >{path}.new && chmod 755 {path}.new && mv {path}.new {path}"
        done = run_in(self.pod, "wordpress", ["sh", "-c", script], stdin=self.program)
        assert done.returncode == 0, done.stderr.decode()

    def attack(self, *words: object) -> Any:
        """Let a request run an attack to its end; what it says."""
        line = " ".join(str(word) for word in (ATTACKER, *words))
        return json.loads(run(self.system, self.clone, f"$said = shell_exec('{line}');"))

    def begin(self, *words: object, said: str = "/dev/null") -> None:
        """Let a request start an attack that goes on by itself, and wait until it runs."""
        line = " ".join(str(word) for word in ("setsid", ATTACKER, *words))
        run(self.system, self.clone, f"$said = shell_exec('{line} </dev/null >{said} 2>/dev/null &');")
        wait_until("the attack", lambda: self._runs(words[0]), seconds=20)

    def _runs(self, attack: object) -> bool:
        """A pod so full that nobody can look runs its attack."""
        done = run_in(self.pod, "wordpress", [ATTACKER, "running", str(attack)])
        return done.returncode != 0 or int(done.stdout) > 0

    def shell(self, script: str) -> str:
        """What a shell in the container says, its errors included."""
        return shell(self.clone, script)

    def pid_1(self) -> int:
        """The node's number for PID 1 of the wordpress container."""
        row = self.system.row("pods", pod_name=self.pod) or {}
        return pid1_of(row["pod_uid"], "apache2")

    def returned(self) -> dict[str, Any] | None:
        """End the lease. The pod, warm and proven in its next generation; None if it was replaced."""
        self.system.api.release(self.clone["clone_id"])
        pod: dict[str, Any] | None = wait_until(
            f"{self.pod} to come back", self._back, seconds=RETURNED_WITHIN
        )[0]
        if pod:
            assert pod["generation"] == self.clone["generation"] + 1
            assert pod["proof"]["generation"] == pod["generation"]
            assert all(check["ok"] for check in pod["proof"]["checks"].values())
        return pod

    def _back(self) -> tuple[dict[str, Any] | None] | None:
        try:
            pod = self.system.api.pod(self.pod)
        except ApiProblem as problem:
            assert problem.status == 404
            return (None,)
        assert pod["state"] != "QUARANTINED"
        return (pod,) if pod["state"] == "WARM" else None

    def reset(self) -> dict[str, Any]:
        """End the lease: the pod must have been cleaned, not replaced."""
        pod = self.returned()
        assert pod, "the pod was replaced"
        return pod

    def look(self, *words: object) -> Any:
        """What the program finds in the pod after the reset, where nothing else of the site is."""
        self.bring(LOOK)
        found = self.shell(" ".join(str(word) for word in (LOOK, *words)) + f"; rm {LOOK}")
        return json.loads(found)
