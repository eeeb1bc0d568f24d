"""A clone as it is made without a warm pool's importer: dump, load, search and replace, one zip.

Kind to it where there is a choice: its pod is there and proved before the clock starts, and only wp-content
travels.
"""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.kubectl import Kubectl
from lab.source.manifests import NAMESPACE as SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clonepool.domain.pods import PodRef

HERE = Path(__file__).parent
_LOAD_DUMP = HERE.parents[1] / "lab" / "source" / "load-dump.sh"
_CONTENT = "/var/www/html/wp-content"
_LEASE = "/var/www/.clone"
_ZIP = "old-flow.zip"


@dataclass(slots=True)
class OldFlow:
    """One run: a source's site into a pod. `phases` are seconds by name.

    Attributes:
        source: name of the lab's source.
        source_url: its address.
        source_address: IP of that; pods have no DNS.
        public_url: what the clone is called.
    """

    source: str
    source_url: str
    source_address: str
    pod: PodRef
    public_url: str
    phases: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """All steps, one after the other. Raises RuntimeError with the words of the one that failed."""
        with tempfile.NamedTemporaryFile(suffix=".sql") as dump:
            with self._phase("dump"):
                script = (HERE / "dump.sh").read_text()
                Kubectl(SOURCES).execute(self.source, "mysql", ["sh", "-c", script], stdout=dump.file)
            dump.seek(0)
            with self._phase("load"):
                load = ["sh", "-c", _LOAD_DUMP.read_text()]
                Kubectl().execute(self.pod.pod_name, "mysql", load, stdin=partial(copyfileobj, dump.file))
        with self._phase("search_replace"):
            addresses = (self.source_url, self.public_url)
            self._php(Kubectl(), self.pod.pod_name, "search-replace.php", *addresses)
        with self._phase("zip"):
            self._php(Kubectl(SOURCES), self.source, "zip.php", _CONTENT, f"{_CONTENT}/{_ZIP}")
        url = f"{self.source_url}/wp-content/{_ZIP}"
        said = self._php(Kubectl(), self.pod.pod_name, "unzip.php", url, self.source_address, _CONTENT)
        if not said.startswith("{"):
            raise RuntimeError(said.strip() or "unzip.php said nothing")
        self.phases.update(json.loads(said))

    def open(self) -> None:
        """Let visitors into a pod that no lease has opened; the old flow's clones are public."""
        facts = json.dumps({"public_host": urlsplit(self.public_url).hostname})
        script = f"mkdir {_LEASE} && printf public >{_LEASE}/access && echo '{facts}' >{_LEASE}/lease.json"
        Kubectl().execute(self.pod.pod_name, "wordpress", ["sh", "-c", script])

    def clean(self) -> None:
        """Take from the source what the run left there."""
        Kubectl(SOURCES).execute(self.source, "wordpress", ["rm", "-f", f"{_CONTENT}/{_ZIP}"])

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.phases[name] = time.monotonic() - start

    @staticmethod
    def _php(kubectl: Kubectl, pod: str, script: str, *arguments: str) -> str:
        command = ["php", "-d", "memory_limit=-1", "--", *arguments]
        return kubectl.execute(pod, "wordpress", command, stdin=(HERE / script).read_bytes())
