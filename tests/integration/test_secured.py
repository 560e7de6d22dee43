"""The secured ways to a broker, on a real one: TLS with each mechanism of SASL, and mutual TLS."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from stream.engine.groups import GROUPS
from stream.errors import BrokerError
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from tests import patience
from tests.integration import counted
from tests.integration.brokers import NoBroker, choose_broker, free_port
from tests.integration.conftest import STANDIN
from tests.integration.supervisor import Worker, python

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PASSWORD = "correct horse battery staple"
MECHANISMS = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"

EXTRA = """\
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.crt
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms={mechanisms}
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="admin" password="x" user_leadpulse="{password}";
"""


@dataclass
class Secured:
    """A broker with three listeners."""

    plain: str
    sasl: str
    mutual: str
    folder: Path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _certificates(folder: Path) -> None:
    """Make an authority, and certificates for the broker and a client."""
    ca = [f"{folder}/ca.key", f"{folder}/ca.crt"]
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
             "-keyout", ca[0], "-out", ca[1])  # fmt: skip
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("broker", "client"):
        key, request, certificate = (f"{folder}/{name}.{end}" for end in ("key", "csr", "crt"))
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-days", "2", "-in", request, "-CA", ca[1], "-CAkey", ca[0], "-CAcreateserial",
                 "-extfile", f"{folder}/san", "-out", certificate)  # fmt: skip
    whole = [folder / "broker.key", folder / "broker.crt", folder / "ca.crt"]
    (folder / "broker.pem").write_text("".join(part.read_text() for part in whole))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start a broker with plain, SASL over TLS, and mutual TLS listeners."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make certificates")
    folder = tmp_path_factory.mktemp("tls")
    _certificates(folder)
    plain, sasl, mutual = (f"127.0.0.1:{free_port()}" for _ in range(3))
    listeners = f"PLAINTEXT://{plain},SASL_SSL://{sasl},SSL://{mutual}"
    try:
        extra = EXTRA.format(folder=folder, password=PASSWORD, mechanisms=MECHANISMS)
        with choose_broker("kafka", extra=extra, listeners=listeners):
            yield Secured(plain, sasl, mutual, folder)
    except NoBroker as error:
        pytest.skip(f"needs Java and Maven: {error}")


def token(lasts_s: float = 3_600, **claims: object) -> str:
    """Make a token that a broker without an authority believes: its claims are not signed."""
    now = time.time()
    parts = {"alg": "none"}, {"sub": "leadpulse", "iat": now, "exp": now + lasts_s, **claims}
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def _scram_users(secured: Secured) -> None:
    with topics.admin(Link((secured.plain,))) as client:
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            user = UserScramCredentialUpsertion("leadpulse", mechanism, PASSWORD, iterations=4_096)
            assert client.alter_user_scram_credentials([user]) == {"leadpulse": None}


def _context(secured: Secured) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(secured.folder / "ca.crt"))


@pytest.mark.parametrize("way", ["sasl", "mutual", "scram", "token"])
def test_a_worker_runs_over_a_secured_connection(secured, tmp_path, way):
    prefix = f"{way}."
    topics.create(Link((secured.plain,)), Layout(prefix, GROUPS.values()), partitions=2)
    by_name = {
        "LEADPULSE_BROKERS": secured.sasl,
        "LEADPULSE_TLS_CA": secured.folder / "ca.crt",
        "LEADPULSE_SASL_USERNAME": "leadpulse",
        "LEADPULSE_SASL_PASSWORD": PASSWORD,
    }
    (tmp_path / "token").write_text(token())
    if way == "scram":
        _scram_users(secured)
    settings = {
        "scram": {**by_name, "LEADPULSE_SASL_MECHANISM": "SCRAM-SHA-512"},
        "token": {
            "LEADPULSE_BROKERS": secured.sasl,
            "LEADPULSE_TLS_CA": secured.folder / "ca.crt",
            "LEADPULSE_SASL_MECHANISM": "OAUTHBEARER",
            "LEADPULSE_SASL_TOKEN_FILE": tmp_path / "token",
        },
        "sasl": {**by_name, "LEADPULSE_SASL_MECHANISM": "PLAIN"},
        "mutual": {
            "LEADPULSE_BROKERS": secured.mutual,
            "LEADPULSE_TLS_CA": secured.folder / "ca.crt",
            "LEADPULSE_TLS_CERT": secured.folder / "client.crt",
            "LEADPULSE_TLS_KEY": secured.folder / "client.key",
        },
    }[way]
    env = {**settings, "LEADPULSE_TOPIC_PREFIX": prefix, "PYTHONPATH": Path(__file__).parents[2]}
    worker = Worker(python(STANDIN), env, tmp_path, "w")
    try:
        counted.produce(secured.plain, prefix, 1_000)
        until = patience.until(60)
        while counted.published(secured.plain, prefix) < 1_000 and time.monotonic() < until:
            time.sleep(0.5)
        assert counted.account(secured.plain, prefix).faults() == [], worker.log()[-2000:]
    finally:
        assert worker.stop() == 0
    assert PASSWORD not in worker.log()
    assert token()[:20] not in worker.log()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_told_and_not_shown(secured, mechanism):
    link = Link((secured.sasl,), "SASL_SSL", _context(secured), mechanism, "leadpulse", "wrong horse")
    with pytest.raises(BrokerError) as refused, topics.admin(link):
        pass
    assert "refuses the credentials" in str(refused.value)  # at once, or when the broker only hangs up
    assert "wrong horse" not in repr(link) + str(refused.value)


def test_the_shorter_scram_is_spoken_too(secured):
    _scram_users(secured)
    link = Link((secured.sasl,), "SASL_SSL", _context(secured), "SCRAM-SHA-256", "leadpulse", PASSWORD)
    with topics.admin(link) as client:
        assert topics.brokers(client) == 1


def test_a_token_that_has_run_out_is_told_and_not_shown(secured):
    old = token(-60)
    link = Link((secured.sasl,), "SASL_SSL", _context(secured), "OAUTHBEARER", tokens=lambda: old)
    with pytest.raises(BrokerError) as refused, topics.admin(link):
        pass
    assert "refuses the credentials" in str(refused.value)
    assert old[:20] not in repr(link) + str(refused.value)


def test_a_certificate_for_another_name_is_refused(secured):
    link = Link((secured.mutual.replace("127.0.0.1", "localhost"),), "SSL", _context(secured))
    with pytest.raises(BrokerError) as refused, topics.admin(link):
        pass
    assert "certificate" in str(refused.value)


def test_a_client_without_a_certificate_is_refused(secured):
    link = Link((secured.mutual,), "SSL", _context(secured))
    with pytest.raises(BrokerError), topics.admin(link):
        pass


def test_a_certificate_of_an_unknown_authority_is_refused(secured):
    link = Link((secured.mutual,), "SSL", ssl.create_default_context())
    with pytest.raises(BrokerError) as refused, topics.admin(link):
        pass
    assert "not trusted" in str(refused.value)
