"""Whatever the broker refuses, a worker says it in one message, and what the message says to do helps."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from stream.engine.groups import GROUPS
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from tests import patience
from tests.integration import counted, way_out
from tests.integration.brokers import NoBroker, choose_broker, free_port
from tests.integration.conftest import STANDIN
from tests.integration.supervisor import Worker, python
from tests.integration.test_secured import EXTRA, PASSWORD, Secured, _certificates, _openssl

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ACCESS = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start a broker whose users may do nothing until it is granted; who comes over its plain port may do all."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make certificates")
    folder = tmp_path_factory.mktemp("tls")
    _certificates(folder)
    plain, sasl, mutual = (f"127.0.0.1:{free_port()}" for _ in range(3))
    listeners = f"PLAINTEXT://{plain},SASL_SSL://{sasl},SSL://{mutual}"
    extra = EXTRA.format(folder=folder, password=PASSWORD, mechanisms="PLAIN") + ACCESS
    try:
        with choose_broker("kafka", extra=extra, listeners=listeners):
            yield Secured(plain, sasl, mutual, folder)
    except NoBroker as error:
        pytest.skip(f"needs Java and Maven: {error}")


def _env(guarded: Secured, **settings: Any) -> dict[str, str]:
    whole = {
        "LEADPULSE_BROKERS": guarded.sasl,
        "LEADPULSE_TLS_CA": guarded.folder / "ca.crt",
        "LEADPULSE_SASL_MECHANISM": "PLAIN",
        "LEADPULSE_SASL_USERNAME": "leadpulse",
        "LEADPULSE_SASL_PASSWORD": PASSWORD,
        "LEADPULSE_SESSION_TIMEOUT": "6s",
        "PYTHONPATH": ROOT,
        **settings,
    }
    return {name: str(value) for name, value in whole.items() if value is not None}


def _refused(env: dict[str, str]) -> str:
    """Start a worker that must refuse; give the one message that it wrote."""
    done = subprocess.run(
        [sys.executable, str(STANDIN)],
        env={**os.environ, "STANDIN_LOG": "WARNING", **env},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("  do:    ") == 1
    assert len(done.stderr.splitlines()) <= 4, done.stderr
    assert PASSWORD not in done.stderr
    return done.stderr


def _plain(address: str) -> dict[str, Any]:
    return {
        "LEADPULSE_BROKERS": address,
        "LEADPULSE_TLS_CA": None,
        "LEADPULSE_SASL_MECHANISM": None,
        "LEADPULSE_SASL_USERNAME": None,
        "LEADPULSE_SASL_PASSWORD": None,
    }


def test_each_way_of_not_being_let_in_has_a_message_of_its_own(guarded, tmp_path):
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=another authority",
             "-keyout", f"{tmp_path}/x.key", "-out", f"{tmp_path}/x.crt")  # fmt: skip
    port, by_name = guarded.sasl.rpartition(":")[2], {"LEADPULSE_BROKERS": f"localhost:{guarded.sasl.split(':')[1]}"}
    ways: dict[str, dict[str, Any]] = {
        "user or password is wrong (PLAIN)": {"LEADPULSE_SASL_PASSWORD": "wrong"},
        "does not offer the SASL mechanism SCRAM-SHA-256": {"LEADPULSE_SASL_MECHANISM": "SCRAM-SHA-256"},
        "speaks TLS on this port, and this side does not": _plain(guarded.sasl),
        "does not speak TLS on this port, and this side does": {
            **_plain(guarded.plain),
            "LEADPULSE_TLS_CA": guarded.folder / "ca.crt",
        },
        "asks for a user on this port (SASL), and none is set": {
            **_plain(guarded.sasl),
            "LEADPULSE_TLS_CA": guarded.folder / "ca.crt",
        },
        "takes no user on this port (no SASL)": {
            "LEADPULSE_BROKERS": guarded.mutual,
            "LEADPULSE_TLS_CERT": guarded.folder / "client.crt",
            "LEADPULSE_TLS_KEY": guarded.folder / "client.key",
        },
        "not of an authority that this side knows": {"LEADPULSE_TLS_CA": f"{tmp_path}/x.crt"},
        "made for another host name": by_name,
        "does not accept this side's certificate": {
            **_plain(guarded.mutual),
            "LEADPULSE_TLS_CA": guarded.folder / "ca.crt",
        },
        "host name of the broker is not known": {"LEADPULSE_BROKERS": f"nowhere.invalid:{port}"},
        "Nothing listens on the broker's port": {"LEADPULSE_BROKERS": f"127.0.0.1:{free_port()}"},
    }
    told: dict[str, str] = {}

    def ask(says: str, settings: dict[str, Any]) -> None:
        told[says] = _refused(_env(guarded, **settings))

    threads = [threading.Thread(target=ask, args=way) for way in ways.items()]
    for some in (threads[:4], threads[4:8], threads[8:]):  # each waits for the broker most of its time
        for thread in some:
            thread.start()
        for thread in some:
            thread.join()
    for says in ways:
        assert says in told.get(says, ""), f"{says}: {told.get(says)}"
    assert "PLAIN" in told["does not offer the SASL mechanism SCRAM-SHA-256"].splitlines()[-1]


def test_a_port_that_takes_connections_and_says_nothing(guarded):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        assert "does not answer" in _refused(_env(guarded, **_plain(address)))


def test_rights_that_are_lacking_are_named_with_the_command_that_grants_them(guarded, tmp_path):
    env = _env(guarded, LEADPULSE_TOPIC_PREFIX="r.")
    hidden = way_out.run("leadpulse topics verify", env, code=1)
    assert "This user may not read a topic.\n  where: r.page_view" in hidden  # it could as well be missing
    told = way_out.run("leadpulse topics create --partitions 2", env, code=1)
    assert "may not create topics" in told
    admin = KafkaAdminClient(bootstrap_servers=guarded.plain)
    _grant(admin, told)
    way_out.run("leadpulse topics create --partitions 2", env)
    listed = way_out.run("leadpulse topics verify", env, code=1)
    lacking = [line for line in listed.splitlines() if "kafka-acls.sh" in line]
    assert len(lacking) >= 19  # 17 topics, group, transactions
    assert "--topic r.page_view" in listed
    assert "--group r.leadpulse" in listed
    refused = _refused(env)
    assert f"({len(lacking) - 2} more: `leadpulse topics verify` lists all)" in refused  # and transactions come last
    assert _grant(admin, listed) == "--transactional-id r.leadpulse-"
    admin.close()
    way_out.run("leadpulse topics verify", env)
    worker = Worker(python(STANDIN), env, tmp_path, "w")
    try:
        counted.produce(guarded.plain, "r.", 500)
        until = patience.until(40)
        while counted.published(guarded.plain, "r.") < 500 and time.monotonic() < until:
            time.sleep(0.5)
        assert counted.account(guarded.plain, "r.").faults() == [], worker.log()[-2000:]
    finally:
        assert worker.stop() == 0


def test_a_right_that_is_taken_away_ends_a_worker_with_one_message(guarded, tmp_path):
    layout = Layout("t.", GROUPS.values())
    topics.create(Link((guarded.plain,)), layout, partitions=1)
    env = _env(guarded, LEADPULSE_TOPIC_PREFIX="t.", STANDIN_LOG="WARNING")
    admin = KafkaAdminClient(bootstrap_servers=guarded.plain)
    everything = [
        _acl(resource, "t.", operation, prefixed=True)
        for resource in (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID)
        for operation in (ACLOperation.READ, ACLOperation.WRITE, ACLOperation.DESCRIBE)
    ]
    admin.create_acls(everything)
    for resource, operation, says in (
        (ResourceType.TRANSACTIONAL_ID, ACLOperation.WRITE, "--transactional-id t.leadpulse-"),
        (ResourceType.GROUP, ACLOperation.READ, "--group t.leadpulse"),
    ):
        worker = Worker(python(STANDIN), env, tmp_path, f"w{resource.name}", restart=False)
        counted.produce(guarded.plain, "t.", 100)
        until = patience.until(30)
        while '"ready": true' not in "".join(worker.lines()[-1:]) and time.monotonic() < until:
            time.sleep(0.2)
        denied = _acl(resource, "t.", operation, prefixed=True, permission=ACLPermissionType.DENY)
        admin.create_acls([denied])
        until = patience.until(40)
        while not worker.exits and time.monotonic() < until:
            time.sleep(0.2)
        admin.delete_acls([denied])
        log = worker.log()
        worker.stop()
        assert worker.exits == [70], log
        assert says in log
        assert "kafka-acls.sh" in log
        assert "Traceback" not in log
        assert log.count("  do:    ") == 1, log
    admin.close()


_RESOURCES = {
    "--topic": ResourceType.TOPIC,
    "--group": ResourceType.GROUP,
    "--transactional-id": ResourceType.TRANSACTIONAL_ID,
}


_OPERATIONS = {"DescribeConfigs": "DESCRIBE_CONFIGS", "AlterConfigs": "ALTER_CONFIGS"}


def _grant(admin: KafkaAdminClient, told: str) -> str:
    """Do what the `kafka-acls.sh` commands of a message do; give the resource of the last."""
    commands = re.findall(
        r"kafka-acls\.sh --bootstrap-server \S+ --add --allow-principal User:leadpulse ([^;\n]*)", told
    )
    assert commands, told
    granted = ""
    for command in commands:
        words = command.split()
        options = list(pairwise(words))
        operations = [
            ACLOperation[_OPERATIONS.get(value, value.upper())] for word, value in options if word == "--operation"
        ]
        for word, name in options:
            if word in _RESOURCES:
                admin.create_acls(
                    [_acl(_RESOURCES[word], name, one, prefixed="prefixed" in words) for one in operations]
                )
                granted = f"{word} {name}"
    return granted


def _acl(resource, name, operation, *, prefixed=False, permission=ACLPermissionType.ALLOW):
    pattern = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
    return ACL("User:leadpulse", "*", operation, permission, ResourcePattern(resource, name, pattern))
