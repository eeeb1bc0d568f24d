"""The Kubernetes binary's place in the cache."""

import io
import os
import subprocess

import pytest

from lab.cluster import binary
from lab.errors import LabError
from lab.paths import Paths
from lab.steps import Steps

FAKE_GO = """#!/bin/sh
# Stands for Go: answers its version, and "builds" what -o names.
if [ "$1" = env ]; then echo "${FAKE_GO_VERSION:-go1.26.1}"; exit; fi
echo build >> "$FAKE_GO_LOG"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho built\\n' > "$2"; chmod +x "$2"
"""


@pytest.fixture
def paths(tmp_path, monkeypatch):
    go = tmp_path / "go"
    go.write_text(FAKE_GO)
    go.chmod(0o755)
    monkeypatch.setenv("CLONEPOOL_GO", str(go))
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "builds"))
    paths = Paths(tmp_path / "home", tmp_path / "cache")
    paths.create()
    return paths


def ensure(paths):
    return binary.ensure(paths, Steps(io.StringIO()))


def builds(paths):
    return (paths.home.parent / "builds").read_text().count("build")


def test_it_is_built_once_and_runs(paths):
    folder = ensure(paths)

    assert subprocess.check_output([folder / "labkube"], text=True) == "built\n"
    assert ensure(paths) == folder
    assert builds(paths) == len(binary.PROGRAMS)


def test_another_checkout_takes_it_from_the_cache(paths):
    ensure(paths)
    other = Paths(paths.home.parent / "other", paths.cache)
    other.create()

    assert os.access(ensure(other) / "labkube", os.X_OK)
    assert builds(paths) == len(binary.PROGRAMS)


def test_a_damaged_cache_is_built_again(paths):
    ensure(paths)
    archive = next((paths.cache / "kube").glob("*.tar.zst"))
    archive.write_bytes(archive.read_bytes()[:-20])
    other = Paths(paths.home.parent / "other", paths.cache)
    other.create()

    assert os.access(ensure(other) / "pause", os.X_OK)
    assert builds(paths) == 2 * len(binary.PROGRAMS)


def test_a_half_unpacked_folder_is_unpacked_again(paths):
    folder = ensure(paths)
    (folder / "pause").unlink()

    assert os.access(ensure(paths) / "pause", os.X_OK)


def test_an_old_go_is_refused_with_what_to_do(paths, monkeypatch):
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.24.9")

    with pytest.raises(LabError, match=r"lab/setup\.sh"):
        ensure(paths)


def test_the_digest_follows_pins_sources_and_go_but_not_tests(tmp_path):
    for name, text in {"go.mod": "m", "go.sum": "s", "main.go": "1", "main_test.go": "1"}.items():
        (tmp_path / name).write_text(text)
    before = binary.digest("go1.26.1", tmp_path)

    (tmp_path / "main_test.go").write_text("2")
    assert binary.digest("go1.26.1", tmp_path) == before
    assert binary.digest("go1.26.2", tmp_path) != before
    (tmp_path / "main.go").write_text("2")
    assert binary.digest("go1.26.1", tmp_path) != before
