"""Compose, image and Kubernetes files: loaded by what will load them, and true to the program they start."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.cli.root import root
from stream.render import deployment, rules
from stream.serve.http_guard import OPEN_PATHS
from stream.settings.fields import Settings
from stream.settings.load import load
from tests.contracts.deploying import DEPLOY, ROOT, compose_config, kubernetes_faults, kustomized, operator_faults
from tests.e2e.prometheus import program

COMPOSE = DEPLOY / "compose.yaml"
BASE = DEPLOY / "kubernetes"
PINNED = re.compile(r"[a-z0-9./_-]+:v?\d+(\.\d+)+[a-z0-9.-]*(@sha256:[0-9a-f]{64})?")
PORT = 9464


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


@pytest.fixture(scope="module")
def built() -> list[dict[str, Any]]:
    return kustomized(BASE)


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((BASE / "statefulset.yaml").read_text())["spec"]["template"]
    return found


def settings_of(names: dict[str, str], tmp_path: Path) -> Settings:
    """Load variables as a worker would; files that only a cluster has are made."""
    given = dict(names)
    for name, value in names.items():
        if name.endswith("_FILE"):
            path = tmp_path / Path(value).name
            path.write_text("a-long-enough-secret-for-a-test")
            given[name] = str(path)
    return load({}, None, given).settings


# -- rendered parts


def test_what_is_committed_is_what_would_be_rendered():
    texts = deployment.render()
    on_disk = {path: (ROOT / path).read_text() for path in texts if (ROOT / path).is_file()}
    assert [path for path, text in texts.items() if on_disk.get(path) != text] == []


@pytest.mark.prometheus
def test_prometheus_takes_the_configuration_of_compose_and_the_rules_of_kubernetes(tmp_path):
    (tmp_path / "rules").mkdir()
    for path, text in rules.render().items():
        if "/rules/" in path:
            (tmp_path / "rules" / Path(path).name).write_text(text)
    texts = deployment.render()
    (tmp_path / "prometheus.yml").write_text(texts["deploy/compose/prometheus.yml"])
    groups = yaml.safe_load(texts["deploy/kubernetes/prometheus-rule.yaml"])["spec"]
    (tmp_path / "rule.yml").write_text(yaml.safe_dump(groups))
    for arguments in (["config", "prometheus.yml"], ["rules", "rule.yml"]):
        done = subprocess.run([program("promtool"), "check", *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


# -- compose


def test_composes_own_loader_takes_the_file():
    model = compose_config(COMPOSE)
    assert set(model["services"]) == {
        "kafka", "topics", "worker-1", "worker-2", "simulator", "prometheus", "alertmanager", "grafana",
    }  # fmt: skip
    assert model["services"]["worker-1"]["build"]["context"] == str(ROOT)


def test_images_are_pinned_and_ports_are_open_on_this_machine_only(services):
    for name, service in services.items():
        assert service["image"] == "leadpulse:local" or PINNED.fullmatch(service["image"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_containers_run_with_no_more_rights_than_they_need(services):
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "kafka":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_every_mounted_path_exists_or_is_rendered(services):
    rendered = {*rules.render(), *deployment.render()}
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                path = f"deploy/{source.removeprefix('./')}"
                assert (ROOT / path).exists() or any(each.startswith(path) for each in rendered), f"{name}: {path}"


def test_prometheus_scrapes_the_workers_that_compose_starts(services):
    scraped = {target.partition(":")[0] for target in deployment.COMPOSE_WORKERS}
    assert scraped == {name for name, service in services.items() if service.get("command") == ["worker"]}


@pytest.mark.parametrize("name", ["topics", "worker-1", "worker-2", "simulator"])
def test_commands_and_settings_of_compose_are_those_of_the_program(services, name, tmp_path):
    command, context = root, None
    words = [str(word) for word in services[name]["command"]]
    while hasattr(command, "get_command"):
        command = command.get_command(context, words.pop(0))  # type: ignore[arg-type]
    command.make_context(name, words, resilient_parsing=False)
    settings = settings_of(services[name]["environment"], tmp_path)
    assert settings.brokers == ("kafka:9092",)
    if name.startswith("worker"):
        assert settings.instance_id == name
        assert settings.http_port == PORT


def test_a_worker_is_started_again_and_has_time_to_leave(services):
    for name in ("worker-1", "worker-2"):
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["stop_grace_period"] == "30s"


# -- image


def test_the_image_is_slim_pinned_unprivileged_and_watched():
    text = (DEPLOY / "Dockerfile").read_text()
    assert PINNED.fullmatch(re.search(r"^ARG PYTHON=(\S+)$", text, re.M)[1])  # type: ignore[index]
    assert "slim" in text
    assert re.findall(r"^FROM \$\{PYTHON\}( AS build)?$", text, re.M) == [" AS build", ""]
    assert re.findall(r"^USER (\S+)$", text, re.M) == ["10001:10001"]
    assert f"http://127.0.0.1:{PORT}/healthz" in text
    assert "--require-hashes" in text
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.M) for word in line.split()]
    assert all((ROOT / path).exists() for path in copied)
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text()
    assert all(f"!{path}" in kept for path in copied)


# -- kubernetes


def test_the_base_builds_and_kubernetes_schemas_have_no_complaint(built):
    own = [document for document in built if not document["apiVersion"].startswith("monitoring.coreos.com")]
    others = [yaml.safe_load((BASE / name).read_text()) for name in ("topics-job.yaml", "secret.example.yaml")]
    assert {document["kind"] for document in own} == {"ConfigMap", "Service", "StatefulSet", "PodDisruptionBudget"}
    assert kubernetes_faults([*own, *others]) == []


@pytest.mark.parametrize("kind", ["PodMonitor", "PrometheusRule"])
def test_the_operators_schemas_have_no_complaint(built, kind):
    (document,) = (document for document in built if document["kind"] == kind)
    assert operator_faults(document) == []


def test_labels_select_the_workers(pod):
    labels = pod["metadata"]["labels"].items()
    monitor, service, budget = (
        yaml.safe_load((BASE / f"{name}.yaml").read_text())["spec"] for name in ("pod-monitor", "service", "disruption")
    )
    for selector in (monitor["selector"]["matchLabels"], service["selector"], budget["selector"]["matchLabels"]):
        assert selector.items() <= labels


def test_probes_ask_open_pages_and_a_pod_names_its_worker(pod):
    (worker,) = pod["spec"]["containers"]
    probes = {name: worker[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["path"] for probe in probes.values()} <= OPEN_PATHS
    assert probes["readinessProbe"]["path"] == "/readyz"
    assert {probe["port"] for probe in probes.values()} == {worker["ports"][0]["name"]}
    assert worker["ports"][0]["containerPort"] == PORT
    (instance,) = (each for each in worker["env"] if each["name"] == "LEADPULSE_INSTANCE_ID")
    assert instance["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    # Kubernetes would add LEADPULSE_SERVICE_HOST and the like, which are no settings
    assert pod["spec"]["enableServiceLinks"] is False
    assert worker["resources"]["limits"]["memory"]


def test_the_settings_of_the_base_are_valid_and_need_a_token(tmp_path):
    lines = (BASE / "settings.env").read_text().splitlines()
    settings = settings_of(dict(line.split("=", 1) for line in lines), tmp_path)
    assert settings.token
    assert settings.tls_enabled


def test_the_job_that_creates_topics_is_valid(tmp_path):
    job = yaml.safe_load((BASE / "topics-job.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    settings_of({each["name"]: each["value"] for each in container["env"]}, tmp_path)
    assert container["args"][:2] == ["topics", "create"]
