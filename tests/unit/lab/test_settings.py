"""What the lab tells the template."""

from pathlib import Path

import pytest

from lab import settings
from lab.aws.template import TEMPLATE, load
from lab.errors import LabError
from lab.paths import Paths

IMAGES = {"wordpress-clone": "r/wordpress-clone:1", "mysql-clone": "r/mysql-clone:2"}
PATHS = Paths(Path("/lab"), Path("/cache"))


def test_arguments_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("CLONEPOOL_LAB_SET", "PoolMin=1 Reuse=any")

    assert settings.overrides(["PoolMin=3"]) == {"PoolMin": "3", "Reuse": "any"}


@pytest.mark.parametrize("text", ["PoolMin", "=3", "Pool Min=3", "pool-min=3"])
def test_what_is_no_pair_is_refused_with_an_example(text):
    with pytest.raises(LabError, match="PoolMin=2"):
        settings.overrides([text])


def test_an_override_wins_over_the_labs_own_value():
    parameters = settings.parameters(PATHS, IMAGES, {"Domain": "other.test"}, own_cluster=True)

    assert parameters["Domain"] == "other.test"
    assert parameters["IngressAddress"] == "10.99.0.1:80"


def test_a_cluster_of_yours_is_reached_as_the_environment_says(monkeypatch):
    monkeypatch.setenv("CLONEPOOL_INGRESS", "192.0.2.7:80")
    monkeypatch.setenv("CLONEPOOL_DOMAIN", "clones.example.org")

    parameters = settings.parameters(PATHS, IMAGES, {}, own_cluster=False)

    assert (parameters["IngressAddress"], parameters["Domain"]) == ("192.0.2.7:80", "clones.example.org")


@pytest.mark.parametrize("own_cluster", [True, False])
def test_the_template_knows_every_parameter_of_the_lab(own_cluster):
    parameters = settings.parameters(PATHS, IMAGES, {}, own_cluster=own_cluster)

    assert set(parameters) <= set(load(TEMPLATE).parameters)
