"""Source sites: what is asked for, and what Kubernetes is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.errors import LabError
from lab.source import manifests
from lab.source.cli import main
from lab.source.spec import SLOW, WEAK, Host, Source

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = {"wordpress-clone": "registry/wordpress-clone:1", "mysql-clone": "registry/mysql-clone:1"}


@pytest.fixture
def brought(tmp_path: Path) -> tuple[Path, Path]:
    dump, content = tmp_path / "shop.sql", tmp_path / "wp-content"
    dump.write_text("CREATE TABLE wp_options (option_id INT);")
    content.mkdir()
    return dump, content


def test_a_generated_site_lives_under_the_domain_of_sources() -> None:
    source = Source.generated("shop", "medium")
    assert source.url == "http://shop.sources.test"
    assert source.host == "shop.sources.test"


def test_a_brought_site_keeps_its_address(brought: tuple[Path, Path]) -> None:
    source = Source.from_dump("shop", "https://shop.example.com/", *brought)
    assert source.url == "https://shop.example.com"
    assert source.host == "shop.example.com"


@pytest.mark.parametrize("name", ["", "Shop", "9shop", "shop_1", "-shop", "shop-", "s" * 60])
def test_a_name_that_is_no_label_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="no name for a source"):
        Source.generated(name, "small")


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://shop.example.com", "http://", ""])
def test_an_address_without_scheme_or_host_is_refused(url: str, brought: tuple[Path, Path]) -> None:
    with pytest.raises(LabError, match="no address of a site"):
        Source.from_dump("shop", url, *brought)


def test_a_dump_or_content_that_is_not_there_is_refused(brought: tuple[Path, Path]) -> None:
    dump, content = brought
    with pytest.raises(LabError, match="no file"):
        Source.from_dump("shop", "http://a.test", content, content)
    with pytest.raises(LabError, match="no folder"):
        Source.from_dump("shop", "http://a.test", dump, dump)


def test_the_fingerprint_changes_with_all_that_makes_the_site() -> None:
    source = Source.generated("shop", "small")
    same = source.fingerprint(IMAGES, "generator")
    assert source.fingerprint(dict(IMAGES), "generator") == same
    assert Source.generated("shop", "medium").fingerprint(IMAGES, "generator") != same
    assert Source.generated("shop", "small", Host("mariadb")).fingerprint(IMAGES, "generator") != same
    assert source.fingerprint({**IMAGES, "mysql-clone": "registry/mysql-clone:2"}, "generator") != same
    assert source.fingerprint(IMAGES, "another generator") != same


def test_a_source_is_an_ordinary_site_on_the_images_of_a_clone() -> None:
    pod, service, ingress = manifests.site(Source.generated("shop", "small"), IMAGES, "clonepool")
    containers = {container["name"]: container for container in pod["spec"]["containers"]}
    for container in containers.values():
        assert {"name": "WARM_POOL_MODE", "value": "0"} in container["env"]
    assert containers["wordpress"]["image"] == IMAGES["wordpress-clone"]
    assert containers["mysql"]["image"] == IMAGES["mysql-clone"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert ingress["spec"]["rules"][0]["host"] == "shop.sources.test"


def test_a_site_under_https_shows_a_certificate_for_its_host(brought: tuple[Path, Path]) -> None:
    source = Source.from_dump("shop", "https://shop.example.com", *brought)
    assert source.secure
    *_, ingress, secret = manifests.site(source, IMAGES, "clonepool", {"tls.crt": "c", "tls.key": "k"})
    assert ingress["spec"]["tls"] == [
        {"hosts": ["shop.example.com"], "secretName": secret["metadata"]["name"]}
    ]
    assert secret["type"] == "kubernetes.io/tls"
    assert {"source": "shop"}.items() <= secret["metadata"]["labels"].items()


def test_a_source_on_mariadb_has_its_server_instead_of_our_image() -> None:
    source = Source.generated("shop", "small", Host(database="mariadb"))
    pod, *_ = manifests.site(source, {**IMAGES, "mariadb": "registry/mariadb:1"}, "clonepool")
    [database] = [one for one in pod["spec"]["containers"] if one["name"] == "mysql"]
    assert database["image"] == "registry/mariadb:1"
    assert "mariadbd" in database["command"][-1]
    assert not source.on.has_a_site


def test_a_weak_host_limits_php_by_a_file_of_its_own() -> None:
    source = Source.generated("shop", "small", Host(php=tuple({**WEAK, **SLOW}.items())))
    pod, _, _, settings = manifests.site(source, IMAGES, "clonepool")
    mounts = {m["mountPath"] for m in pod["spec"]["containers"][0]["volumeMounts"] if m["name"] == "php"}
    assert mounts == {f"/opt/clone/php.d/{name}" for name in settings["data"]}
    [ini] = [text for name, text in settings["data"].items() if name.endswith(".ini")]
    limits = dict(line.split(" = ") for line in ini.splitlines())
    assert (limits["memory_limit"], limits["max_execution_time"]) == ("64M", "5")
    assert limits["disable_functions"] == "set_time_limit"
    assert limits["auto_prepend_file"] in mounts
    assert {"name": "php", "configMap": {"name": settings["metadata"]["name"]}} in pod["spec"]["volumes"]


@pytest.mark.parametrize("prefix", ["", "wp-", "a" * 21, "x'y"])
def test_a_prefix_that_no_wordpress_takes_is_refused(prefix: str) -> None:
    with pytest.raises(LabError, match="no table prefix"):
        Source.generated("shop", "small", Host(prefix=prefix))


def test_a_brought_site_runs_on_what_it_runs_on(brought: tuple[Path, Path]) -> None:
    dump, content = brought
    site = ["--dump", str(dump), "--content", str(content), "--site-url", "http://a.test"]
    for option in (["--weak"], ["--slow"], ["--network", "folders"]):
        with pytest.raises(LabError, match="for generated sites"):
            main(["up", "--name", "shop", *site, *option])


def test_only_mysql_sees_the_root_password() -> None:
    pod, *_ = manifests.site(Source.generated("shop", "small"), IMAGES, "clonepool")
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}

    def keys(container: str) -> set[str]:
        return {item["key"] for item in volumes[f"{container}-credentials"]["secret"]["items"]}

    assert keys("wordpress") == {"generation", "db-password"}
    assert keys("mysql") == {"generation", "db-password", "root-password"}
