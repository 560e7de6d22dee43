"""What judges deployment files without a daemon or a cluster, fetched once into .cache from package registries.

In:  files below deploy/.
Out: what compose's own loader, Kubernetes' schemas and the operator's CRDs say; a skip for what cannot be had.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CACHE = ROOT / ".cache"
#: The loader behind `docker compose config`.
COMPOSE_GO = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
KUBERNETES_VALIDATE, KUBERNETES = "kubernetes-validate==1.37.0", "1.33"
CRDS = {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"}


def compose_config(file: Path) -> dict[str, Any]:
    """Load a compose file as `docker compose config` does: references, types and names are checked."""
    docker = shutil.which("docker")
    if docker and not _run([docker, "compose", "version"]).returncode:
        done = _run([docker, "compose", "-f", str(file), "config", "--format", "json"])
    else:
        done = _run([str(_compose_go()), "-format", "json", str(file)], cwd=file.parent)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def _compose_go() -> Path:
    program = CACHE / "compose-go" / "cmd"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            pytest.skip("neither docker compose nor Go is installed: compose.yaml is not loaded")
        if _run([go, "install", COMPOSE_GO], env={**os.environ, "GOBIN": str(program.parent)}).returncode:
            pytest.skip("Go could not fetch compose's loader")
    return program


def kustomized(folder: Path) -> list[dict[str, Any]]:
    """Build a Kustomize folder."""
    kubectl = shutil.which("kubectl") or shutil.which("kustomize")
    if kubectl is None:
        pytest.skip("neither kubectl nor kustomize is installed")
    verb = "kustomize" if kubectl.endswith("kubectl") else "build"
    done = _run([kubectl, verb, str(folder)])
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def kubernetes_faults(documents: list[dict[str, Any]]) -> list[str]:
    """Compare documents of Kubernetes' own kinds with its schemas; unknown fields are faults."""
    folder = CACHE / "kubernetes-validate"
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), KUBERNETES_VALIDATE]
        if _run(command).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip("pip could not fetch Kubernetes' schemas")
    program = (
        "import json, sys, kubernetes_validate as k\n"
        "for d in json.load(sys.stdin):\n"
        f"    try: k.validate(d, {KUBERNETES!r}, strict=True)\n"
        "    except k.ValidationError as e: print(d['kind'], e.message)\n"
    )
    done = _run(
        [sys.executable, "-c", program], stdin=json.dumps(documents), env={**os.environ, "PYTHONPATH": str(folder)}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def operator_faults(document: dict[str, Any]) -> list[str]:
    """Compare a document of the Prometheus operator's kinds with its CRD; unknown fields are faults."""
    crd = yaml.safe_load(_crd(document["kind"]).read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    _close(schema["properties"]["spec"])
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def _crd(kind: str) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no Go to fetch the operator's CRDs with")
    done = _run([go, "mod", "download", "-json", OPERATOR], cwd=CACHE)
    if done.returncode:
        pytest.skip("Go could not fetch the operator's CRDs")
    folder = Path(json.loads(done.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    return folder / f"monitoring.coreos.com_{CRDS[kind]}.yaml"


def _close(schema: Any) -> None:
    """Forbid fields that a schema does not name, as the API server drops them."""
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            _close(value)
    if isinstance(schema, dict) and schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)


def _run(command: list[str], stdin: str | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    CACHE.mkdir(exist_ok=True)
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=280, **more)
