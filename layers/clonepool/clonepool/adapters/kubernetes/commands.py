"""Commands to clone-agent in the containers of a pod."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from clonepool.adapters.kubernetes import agent
from clonepool.adapters.kubernetes.exec import Command, CommandFailed, NotRunning
from clonepool.domain.observed import Verdict
from clonepool.errors import ClusterUnavailable, StaleObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clonepool.adapters.kubernetes.agent import ImportLimits
    from clonepool.adapters.kubernetes.exec import Executor
    from clonepool.domain.observed import ImportEvent, ImportJob
    from clonepool.domain.outbound import Outbound
    from clonepool.domain.pods import PodRef

CONTAINERS = ("wordpress", "mysql")
VERIFY_SECONDS = 10.0
"""Some 0.4 s on a busy node; an agent that says nothing for this long is asked again."""
LEDGER_SECONDS = 3.0
"""It informs only: a pod that is too busy for it goes on without."""
IMPORT_IDLE_SECONDS = 20.0
"""A running import says something at least once a second."""


class Agents:
    """The agents of all pods in one namespace. Each command carries the generation it is meant for."""

    def __init__(self, executor: Executor, namespace: str) -> None:
        self._executor = executor
        self._namespace = namespace

    def verify(self, ref: PodRef) -> Verdict:
        """Ask both containers at the same time. One that cannot be asked yet has not settled."""
        with ThreadPoolExecutor(len(CONTAINERS)) as threads:
            asked = {name: threads.submit(self._ask, ref, name) for name in CONTAINERS}
        answers = {name: answer for name, future in asked.items() if (answer := future.result()) is not None}
        if len(answers) < len(CONTAINERS):
            return Verdict(settled=False, ok=False, generation=ref.generation)
        return agent.verdict(ref.generation, answers)

    def follow_import(
        self, ref: PodRef, job: ImportJob, timeout_seconds: int, limits: ImportLimits
    ) -> Iterator[ImportEvent]:
        """Lines until one has a result. Raises StaleObject, ClusterUnavailable."""
        stdin = agent.job_text(job, timeout_seconds, limits)
        command = self._command(ref, "wordpress", agent.import_argv(ref.generation), stdin)
        try:
            for line in self._executor.lines(
                command, timeout_seconds=timeout_seconds, idle_seconds=IMPORT_IDLE_SECONDS
            ):
                event = agent.import_event(line)
                yield event
                if event.result is not None:
                    return
        except CommandFailed as failed:
            if failed.exit_code == agent.REFUSED:
                raise StaleObject(f"{ref.pod_name} refuses generation {ref.generation}") from failed
            raise ClusterUnavailable(f"the import in {ref.pod_name} cannot be followed: {failed}") from failed
        except NotRunning as refusal:
            raise ClusterUnavailable(str(refusal)) from refusal
        raise ClusterUnavailable(f"the import in {ref.pod_name} ended without a result")

    def outbound(self, ref: PodRef) -> Outbound:
        """The ledger of the wordpress container. Raises StaleObject, ClusterUnavailable."""
        command = self._command(ref, "wordpress", agent.ledger_argv(ref.generation))
        try:
            completed = self._executor.run(command, timeout_seconds=LEDGER_SECONDS)
        except NotRunning as refusal:
            raise ClusterUnavailable(str(refusal)) from refusal
        if completed.exit_code == agent.REFUSED:
            raise StaleObject(f"{ref.pod_name} refuses generation {ref.generation}")
        return agent.outbound(completed.stdout)

    def _ask(self, ref: PodRef, container: str) -> str | None:
        """What the verifier says; None while it cannot be asked, or is in another generation."""
        command = self._command(ref, container, agent.verify_argv(ref.generation))
        try:
            completed = self._executor.run(command, timeout_seconds=VERIFY_SECONDS)
        except NotRunning:
            return None
        return completed.stdout if completed.exit_code != agent.REFUSED and completed.stdout else None

    def _command(self, ref: PodRef, container: str, argv: list[str], stdin: str = "") -> Command:
        return Command(self._namespace, ref.pod_name, container, argv, stdin)
