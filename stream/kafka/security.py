"""Security: how every client of ours reaches the broker, decided in one place.

In:  settings.
Out: a Link, which gives aiokafka, kafka-python and Faust the same protocol, certificates and credentials.

Faust takes `SASLCredentials` without a TLS context of its own as SASL_PLAINTEXT, whatever the app's `ssl_context`
says, and would send a password in clear. So the effective protocol of each of the three is asserted here.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import faust
from faust.types.auth import CredentialsT

from stream.errors import StartError
from stream.kafka.tokens import ForAiokafka, ForKafkaPython, Tokens, from_authority, from_file
from stream.settings.values import host_port, is_loopback

if TYPE_CHECKING:
    from stream.settings.fields import Settings

#: (TLS?, SASL?) → name of the protocol
PROTOCOLS: Final = {
    (False, False): "PLAINTEXT",
    (True, False): "SSL",
    (False, True): "SASL_PLAINTEXT",
    (True, True): "SASL_SSL",
}


@dataclass(frozen=True)
class Link:
    """The way to the broker."""

    brokers: tuple[str, ...]
    protocol: str = "PLAINTEXT"
    context: ssl.SSLContext | None = None
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tokens: Tokens | None = field(default=None, repr=False)
    transactions: bool = True  # the broker has them; one without may tell the ends of logs wrongly

    def aiokafka(self) -> dict[str, Any]:
        """Give the arguments of an aiokafka client."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.brokers),
            "security_protocol": self.protocol,
            "ssl_context": self.context,
        }
        if self.tokens is not None:
            options |= {"sasl_mechanism": self.mechanism, "sasl_oauth_token_provider": ForAiokafka(self.tokens)}
        elif self.mechanism:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    def kafka_python(self) -> dict[str, Any]:
        """Give the arguments of a kafka-python client; it names them as aiokafka does."""
        options = self.aiokafka()
        if self.tokens is not None:
            options["sasl_oauth_token_provider"] = ForKafkaPython(self.tokens)
        return options

    def faust(self) -> CredentialsT | None:
        """Give Faust's credentials; None means plain text."""
        credentials: Any = None
        if self.tokens is not None:
            credentials = faust.OAuthCredentials(oauth_cb=ForAiokafka(self.tokens), ssl_context=self.context)
        elif self.mechanism:
            credentials = faust.SASLCredentials(
                mechanism=self.mechanism, username=self.username, password=self.password, ssl_context=self.context
            )
        elif self.context is not None:
            credentials = faust.SSLCredentials(context=self.context)
        effective = "PLAINTEXT" if credentials is None else credentials.protocol.value
        if effective != self.protocol:
            raise StartError(
                f"Faust would speak {effective} where {self.protocol} was asked for.",
                where="connection to the broker",
                do="This is a fault of the installed Faust version: install the locked one.",
            )
        return credentials


def link(settings: Settings) -> Link:
    """Build the link, or raise StartError for one that would tell secrets or data to the network."""
    context = _context(settings) if settings.tls_enabled else None
    sasl = settings.sasl_mechanism is not None
    by_token = settings.sasl_mechanism == "OAUTHBEARER"
    if sasl and not by_token and not (settings.sasl_username and settings.password):
        raise StartError(
            f"{settings.sasl_mechanism} needs a user name and a password.",
            where="sasl_username, sasl_password",
            do="Set LEADPULSE_SASL_USERNAME and LEADPULSE_SASL_PASSWORD (or LEADPULSE_SASL_PASSWORD_FILE).",
        )
    if context is None and not settings.allow_plaintext:
        away = [broker for broker in settings.brokers if not is_loopback(host_port(broker)[0])]
        if away:
            raise StartError(
                "The broker is not on this machine and the connection would not be encrypted.",
                where=", ".join(away),
                do="Set LEADPULSE_TLS=true (and LEADPULSE_TLS_CA), or permit it with LEADPULSE_ALLOW_PLAINTEXT=true.",
            )
    tokens = _tokens(settings) if by_token else None
    if tokens is not None:
        tokens()  # why there is none is best said before anything starts
    return Link(
        brokers=tuple(settings.brokers),
        protocol=PROTOCOLS[context is not None, sasl],
        context=context,
        mechanism=settings.sasl_mechanism,
        username=settings.sasl_username if sasl and not by_token else None,
        password=settings.password if sasl and not by_token else None,
        tokens=tokens,
        transactions=settings.delivery == "exactly_once",
    )


def _tokens(settings: Settings) -> Tokens | None:
    if settings.sasl_token_file is not None:
        return from_file(settings.sasl_token_file)
    if settings.sasl_token_url is None or settings.sasl_username is None or settings.password is None:
        raise StartError(
            "OAUTHBEARER needs a token.",
            where="sasl_token_file, sasl_token_url",
            do="Set LEADPULSE_SASL_TOKEN_FILE; or LEADPULSE_SASL_TOKEN_URL, LEADPULSE_SASL_USERNAME and "
            "LEADPULSE_SASL_PASSWORD (a client's id and secret).",
        )
    # not the broker's context: a client certificate is nothing that an authority asked for
    context = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
    return from_authority(
        settings.sasl_token_url, settings.sasl_username, settings.password, settings.sasl_token_scope, context
    )


def _context(settings: Settings) -> ssl.SSLContext:
    """Make a TLS context that checks host names and speaks TLS 1.2 or later."""
    try:
        context = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.tls_cert:
            secret = settings.tls_key_password
            context.load_cert_chain(
                str(settings.tls_cert),
                str(settings.tls_key) if settings.tls_key else None,
                secret.get_secret_value() if secret else None,
            )
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            f"A TLS file cannot be used: {error}.",
            where="tls_ca, tls_cert, tls_key",
            do="Give PEM files that this user may read, and the key that belongs to the certificate.",
        ) from error
    return context
