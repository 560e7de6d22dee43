"""Settings rules: which settings need or forbid each other.

In:  Settings whose values are right one by one.
Out: the first rule they break, as a SettingsError that names the fields; None when they go together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from stream.errors import SettingsError
from stream.lifecycle.read import read
from stream.settings.referrers import read_referrers
from stream.settings.values import is_loopback

if TYPE_CHECKING:
    from stream.settings.fields import Settings

MIN_TOKEN_CHARS = 16
MIN_KEY_BYTES = 16


def broken_rule(settings: Settings) -> SettingsError | None:
    """Give the first rule that is broken."""
    for rule in RULES:
        error = rule(settings)
        if error is not None:
            return error
    return None


def _error(what: str, do: str, *fields: str) -> SettingsError:
    return SettingsError(what, do=do, fields=fields)


def _tls_pair(s: Settings) -> SettingsError | None:
    if (s.tls_cert is None) != (s.tls_key is None):
        missing = "tls_key" if s.tls_key is None else "tls_cert"
        return _error(
            f"A client certificate needs both tls_cert and tls_key; {missing} is missing.",
            f"Set {missing} to a PEM file, or leave both out.",
            "tls_cert",
            "tls_key",
        )
    return None


def _tls_files(s: Settings) -> SettingsError | None:
    for name in ("tls_ca", "tls_cert", "tls_key"):
        path = getattr(s, name)
        if path is not None and not path.is_file():
            return _error(f"{name}: there is no file {path}.", "Give the path of a PEM file.", name)
    return None


def _hash_key(s: Settings) -> SettingsError | None:
    if s.hash_key is not None and len(s.hash_key) < MIN_KEY_BYTES:
        return _error(
            f"email_hash_key is shorter than {MIN_KEY_BYTES} characters: it could be guessed, and with it addresses.",
            "Make one with `openssl rand -hex 32`; it is the one that producers of email_hash use.",
            "email_hash_key",
        )
    return None


def _sasl_token(s: Settings) -> SettingsError | None:
    by_token = s.sasl_mechanism == "OAUTHBEARER"
    told = [name for name in ("sasl_token_file", "sasl_token_url", "sasl_token_scope") if getattr(s, name) is not None]
    if told and not by_token:
        return _error(f"{' and '.join(told)} given, but sasl_mechanism is not OAUTHBEARER.",
                      "Set sasl_mechanism=OAUTHBEARER, or leave them out.", *told)  # fmt: skip
    if by_token and (s.sasl_token_file is None) == (s.sasl_token_url is None):
        return _error("OAUTHBEARER needs one of sasl_token_file and sasl_token_url.",
                      "Set a file with a token, or an address that gives one.", "sasl_mechanism", *told)  # fmt: skip
    if s.sasl_token_url is not None and not (s.sasl_username and s.password):
        return _error("sasl_token_url needs the client's id and secret.",
                      "Set sasl_username and sasl_password.", "sasl_token_url")  # fmt: skip
    return None


def _sasl_whole(s: Settings) -> SettingsError | None:
    if s.sasl_mechanism == "OAUTHBEARER":
        return None
    given = {
        "sasl_mechanism": s.sasl_mechanism,
        "sasl_username": s.sasl_username,
        "sasl_password": s.password,
    }
    missing = [name for name, value in given.items() if not value]
    if missing and len(missing) < len(given):
        present = [name for name in given if name not in missing]
        return _error(
            f"{' and '.join(present)} given, but {' and '.join(missing)} missing.",
            "Set sasl_mechanism, sasl_username and sasl_password, or none of them.",
            *present,
        )
    return None


def _far_brokers(s: Settings) -> Iterable[str]:
    return (broker for broker in s.brokers if not is_loopback(broker.rpartition(":")[0].strip("[]")))


def _plaintext(s: Settings) -> SettingsError | None:
    far = next(iter(_far_brokers(s)), None)
    if far is not None and not s.tls_enabled and not s.allow_plaintext:
        what = "The SASL password" if s.sasl_mechanism == "PLAIN" else "Everything"
        return _error(
            f"{what} would travel unencrypted to {far}.",
            "Set tls=true (tls_ca for a private authority), or allow_plaintext=true in a network you trust.",
            "brokers",
            "tls",
            "allow_plaintext",
        )
    return None


def _http_tokens(s: Settings) -> SettingsError | None:
    for name, token in (("http_token", s.token), ("http_scrape_token", s.scrape_token)):
        if token is not None and len(token) < MIN_TOKEN_CHARS:
            return _error(
                f"{name} has fewer than {MIN_TOKEN_CHARS} characters.",
                "Take a long random one: python -c 'import secrets; print(secrets.token_urlsafe())'.",
                name,
            )
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            return _error(
                f"{name} has characters that no HTTP header can carry.",
                "Use letters, digits, hyphen and underscore.",
                name,
            )
    if s.scrape_token is not None and s.token is None:
        return _error(
            "http_scrape_token is set, but people need no token: /metrics would be closed, and the figures open.",
            "Set http_token as well, or leave http_scrape_token out.",
            "http_scrape_token",
            "http_token",
        )
    if s.scrape_token is not None and s.scrape_token == s.token:
        return _error(
            "http_scrape_token is http_token: whoever scrapes could read everything.",
            "Take another one for scrapers.",
            "http_scrape_token",
            "http_token",
        )
    return None


def _http_bind(s: Settings) -> SettingsError | None:
    if not is_loopback(s.http_host) and s.token is None and not s.http_permit:
        return _error(
            f"http={s.http} can be reached from other machines, and no token is set.",
            "Set http_token, or http_permit=true in a network you trust, or http=127.0.0.1:9464.",
            "http",
            "http_token",
            "http_permit",
        )
    return None


def _referrers_file(s: Settings) -> SettingsError | None:
    if s.referrers is not None:
        try:
            read_referrers(s.referrers)
        except SettingsError as error:
            return error
    return None


def _rules_of_leads(s: Settings) -> SettingsError | None:
    if s.leads_rules is not None:
        try:
            read(s.leads_rules)
        except SettingsError as error:
            return error
    return None


def _alerts_file(s: Settings) -> SettingsError | None:
    if s.alerts is not None:
        # what is judged by is the catalog's, which most commands need not read
        from stream.alerting.read import read as read_alerts

        try:
            read_alerts(s.alerts, date.min)
        except SettingsError as error:
            return error
    return None


RULES: tuple[Callable[[Settings], SettingsError | None], ...] = (
    _tls_pair,
    _tls_files,
    _sasl_token,
    _sasl_whole,
    _hash_key,
    _plaintext,
    _http_tokens,
    _http_bind,
    _referrers_file,
    _rules_of_leads,
    _alerts_file,
)
