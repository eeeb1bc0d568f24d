"""PHP knows compiled code by its file's path and time alone: what it has of the image is not the source's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.kubectl import Kubectl, run_in
from lab.source.manifests import NAMESPACE as SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Installation, Source

CHANGE = """set -e
cp -p "$0" /tmp/original.php
sed -i '1a header("X-Of-The-Source: yes");' "$0"
touch -r /tmp/original.php "$0"
"""
UNDO = 'cp -p /tmp/original.php "$0"'


@pytest.fixture(params=["wp-blog-header.php", "wp-content/themes/twentytwentyfive/functions.php"])
def source_with_another_file(small_source: Source, request: pytest.FixtureRequest) -> Iterator[Source]:
    """One file, of WordPress itself or of its theme, has the time of the image's, and other bytes."""
    kubectl = Kubectl(SOURCES)
    file = f"/var/www/html/{request.param}"
    kubectl.execute(small_source.name, "wordpress", ["sh", "-c", CHANGE, file])
    yield small_source
    kubectl.execute(small_source.name, "wordpress", ["sh", "-c", UNDO, file])


def test_a_file_with_the_time_of_the_images_is_the_sources(
    system: Installation, customer: Callable[..., str], source_with_another_file: Source
) -> None:
    system.warm()
    for pod in system.table("pods").scan()["Items"]:  # PHP compiles the image's version
        page = run_in(pod["pod_name"], "wordpress", ["php", "-r", "readfile('http://127.0.0.1/');"])
        assert b"Warm pod" in page.stdout
    clone = system.api.until_ready(system.clone(customer(source=source_with_another_file))["clone_id"])
    assert system.page(clone).headers.get("X-Of-The-Source") == "yes"
