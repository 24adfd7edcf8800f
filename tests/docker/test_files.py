"""What the files for containers say, held against the product: settings, secrets, addresses, who runs as whom."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from vision.settings import Settings
from vision.solr.embedded.jvm import REFUSED_WHOLE

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = ("compose.yml", "compose.cloud.yml")
SETTINGS = {each.metadata["env"] for each in fields(Settings)}
OURS = "solr-visual-search"


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((DOCKER / name).read_text())["services"]
    return found


def resources() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DOCKER / "kubernetes.yaml").read_text()))


def resource(kind: str) -> dict[str, Any]:
    return next(each for each in resources() if each["kind"] == kind)


@pytest.mark.parametrize("name", COMPOSE)
def test_every_service_is_bounded(name: str) -> None:
    for service, about in services(name).items():
        assert about["security_opt"] == ["no-new-privileges:true"], service
        assert "privileged" not in about and about.get("network_mode") is None, service
        for port in about.get("ports", ()):
            assert str(port).startswith("127.0.0.1:"), f"{service} is open to the network"
        assert about["cap_drop"] == ["ALL"], service
        if about["image"].startswith("zookeeper:"):
            assert about["user"] == "1000:1000"  # Solr's image and ours have a user of their own
        else:
            assert about["read_only"] is True and about["tmpfs"] == ["/tmp"], service
        if about["image"] != OURS:
            assert "healthcheck" in about, service
            assert re.fullmatch(r"(solr:9\.10\.1|zookeeper:3\.9)", about["image"]), about["image"]


@pytest.mark.parametrize("name", COMPOSE)
def test_names_that_are_used_are_declared(name: str) -> None:
    whole = yaml.safe_load((DOCKER / name).read_text())
    volumes = set(whole["volumes"])
    for service, about in whole["services"].items():
        assert set(about.get("secrets", ())) <= set(whole["secrets"]), service
        assert set(about.get("depends_on", ())) <= set(whole["services"]), service
        for volume in about.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in volumes or source.startswith((".", "$")), f"{service}: {volume}"
            if source.startswith("./"):
                assert (DOCKER / source).exists(), f"{service}: {volume}"
    used = {each.split(":")[0] for about in whole["services"].values() for each in about.get("volumes", ())}
    assert volumes <= used


@pytest.mark.parametrize("name", COMPOSE)
def test_the_application_is_told_what_it_knows(name: str) -> None:
    for service, about in services(name).items():
        if about["image"] != OURS:
            continue
        environment = about["environment"]
        assert set(environment) <= SETTINGS, service
        known = {each.metadata["env"]: each.name for each in fields(Settings)}
        Settings(**{known[variable]: _typed(known[variable], value) for variable, value in environment.items()})
        for address in environment["SOLR_URL"].split(","):
            host = re.fullmatch(r"http://([^:]+):8983/solr", address)
            assert host and host[1] in services(name), address


def _typed(name: str, value: str) -> Any:
    return Path(value) if name in ("api_keys", "solr_password_file") else value


def test_the_cloud_has_an_ensemble_and_two_of_the_application() -> None:
    found = services("compose.cloud.yml")
    solr = {name: about for name, about in found.items() if about["image"].startswith("solr:")}
    zookeepers = {name for name, about in found.items() if about["image"].startswith("zookeeper:")}
    applications = [name for name, about in found.items() if about["image"] == OURS]
    assert (len(solr), len(zookeepers), len(applications)) == (3, 3, 2)
    for name, about in solr.items():
        named = {each.partition(":")[0] for each in about["environment"]["ZK_HOST"].split(",")}
        assert named == zookeepers and about["environment"]["SOLR_HOST"] == name
        assert set(REFUSED_WHOLE) <= set(about["environment"]["SOLR_OPTS"].split())
    numbers = [found[name]["environment"]["ZOO_MY_ID"] for name in sorted(zookeepers)]
    assert numbers == ["1", "2", "3"]


def test_kubernetes_names_agree() -> None:
    kinds = [each["kind"] for each in resources()]
    assert sorted(kinds) == sorted(
        ["SolrCloud", "PersistentVolumeClaim", "Job", "Deployment", "Service", "PodDisruptionBudget"]
    )
    for kind in ("Job", "Deployment"):
        pod = resource(kind)["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        volumes = {each["name"] for each in pod["volumes"]}
        for container in pod["containers"]:
            assert {each["name"] for each in container["volumeMounts"]} <= volumes
            assert {each["name"] for each in container["env"]} <= SETTINGS
            assert container["image"] == OURS
    app = resource("Deployment")["spec"]["template"]
    container = app["spec"]["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    labels = app["metadata"]["labels"]
    assert resource("Service")["spec"]["selector"] == labels
    assert resource("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    cloud = resource("SolrCloud")
    assert set(REFUSED_WHOLE) <= set(cloud["spec"]["solrOpts"].split())
    address = next(each["value"] for each in container["env"] if each["name"] == "SOLR_URL")
    assert address == f"http://{cloud['metadata']['name']}-solrcloud-common/solr"  # the operator's name for its service


def test_the_dockerfile_ends_as_nobody_special() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    final = [line for line in lines[last:] if line and not line.startswith("#")]
    assert "USER 10001:10001" in final and any(line.startswith("HEALTHCHECK") for line in final)
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1] if "--" not in word]
    for each in copied:
        assert each.startswith("/") or (DOCKER.parent / each).exists(), f"COPY {each}"
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{each}" for each in copied if not each.startswith("/")} <= set(ignored)


@pytest.mark.parametrize("name", ["security.sh", "configset.sh"])
def test_scripts_parse(name: str) -> None:
    assert subprocess.run(["bash", "-n", DOCKER / name], timeout=20).returncode == 0
