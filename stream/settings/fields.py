"""Settings: what a person may choose, checked once at the start and frozen from then on.

In:  values by name, as settings_load.py gathered them.
Out: Settings; every value checked by itself and with the others.

A field is named alike everywhere: field `commit_interval`,
variable LEADPULSE_COMMIT_INTERVAL, TOML key `commit_interval`, flag --commit-interval. Code reads
values through properties with units in their names (`commit_interval_s`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from stream.lifecycle.read import read, shipped
from stream.lifecycle.rules import Rules
from stream.settings.referrers import host_name, read_referrers
from stream.settings.rules import broken_rule
from stream.settings.values import duration_ms, host_port, is_loopback, moment_ms, size_bytes

_HTTP_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_TOPIC = re.compile(r"[A-Za-z0-9._-]*")
_LATEST_MS = 400 * 86_400_000


def _split(value: Any) -> Any:
    """Take lists from TOML and comma-separated text from the environment."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _labels(value: Any) -> Any:
    """Read `campaign=spring,summer;country=DE,AT`; TOML gives a table of lists."""
    if not isinstance(value, str):
        return value
    allowed: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in value.split(";"))):
        label, equals, values = part.partition("=")
        if not equals or not label.strip():
            raise ValueError(f"{part!r} is not label=value,value")
        allowed[label.strip()] = _split(values)
    return allowed


_35_DAYS_MS = 35 * 86_400_000
#: Kinds that come late by their nature. Privacy is never too late; of all others `lateness` says it.
LATE_KINDS = {"crm": _35_DAYS_MS, "cost": _35_DAYS_MS, "signal": _35_DAYS_MS}


def _by_kind(value: Any) -> Any:
    """Read `crm=35d,cost=60d`; TOML gives a table of durations."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in _split(value)]
        if wrong := [kind for kind, equals, _ in pairs if not equals]:
            raise ValueError(f"{wrong[0]!r} is not kind=duration, such as crm=35d")
        value = {kind.strip(): duration for kind, _, duration in pairs}
    if not isinstance(value, dict):
        raise ValueError("write kinds with their durations, such as crm=35d,cost=60d")
    for kind in value:
        if kind == "privacy":
            raise ValueError("privacy is never too late: what a person wants is done however late it comes")
        if kind not in LATE_KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(LATE_KINDS)}: of all others lateness says it")
    read = {kind: _duration(duration) for kind, duration in value.items()}
    for kind, ms in read.items():
        if not 1_000 <= ms <= _LATEST_MS:
            raise ValueError(f"{kind}: {value[kind]!r} is not from 1s to 400d")
    return LATE_KINDS | read


def _duration(value: Any) -> Any:
    """Take a number as seconds is a trap, so a unit is required."""
    if isinstance(value, str):
        return duration_ms(value)
    raise ValueError("write it as text with its unit, such as 500ms, 1s or 24h")


def _off_or_duration(value: Any) -> Any:
    return 0 if isinstance(value, str) and value.strip().lower() == "off" else _duration(value)


def _size(value: Any) -> Any:
    if isinstance(value, str):
        return size_bytes(value)
    raise ValueError("write it as text with its unit, such as 64MiB")


def _address(value: str) -> str:
    host_port(value)
    return value


def _broker(value: str) -> str:
    host, _ = host_port(value)
    if not host:
        raise ValueError(f"{value!r} names no host")
    return value


def _token_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.username or parts.password or not parts.hostname:
        raise ValueError("give an address such as https://login.shop.example/oauth2/token, without a user in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("the client's secret would travel unencrypted: give an address that begins with https://")
    return value


def _http_host(value: str) -> str:
    if not _HTTP_HOST.fullmatch(value):
        raise ValueError(f"{value!r} is not a host name such as metrics.shop.example: no port, no scheme, no *")
    return value.lower()


def _start(value: str) -> str:
    if value not in ("earliest", "latest"):
        moment_ms(value)
    return value


def _name(value: str) -> str:
    if not _TOPIC.fullmatch(value) or len(value) > 100:
        raise ValueError("only letters, digits, dot, underscore and hyphen, at most 100 of them")
    return value


# The last item names the unit, for messages and for showing a value.
Millis = Annotated[int, BeforeValidator(_duration), "ms"]
MillisOrOff = Annotated[int, BeforeValidator(_off_or_duration), "ms", "off"]
Bytes = Annotated[int, BeforeValidator(_size), "bytes"]
Name = Annotated[str, AfterValidator(_name)]
HostName = Annotated[str, AfterValidator(host_name)]
Hosts = Annotated[tuple[HostName, ...], BeforeValidator(_split)]
HttpHosts = Annotated[tuple[Annotated[str, AfterValidator(_http_host)], ...], BeforeValidator(_split)]
Brokers = Annotated[tuple[Annotated[str, AfterValidator(_broker)], ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """Hold every setting; defaults suit one machine with a Kafka beside it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a wrong password must not be printed
    )

    # -- broker
    brokers: Brokers = Field(
        ("127.0.0.1:9092",), min_length=1, description="Kafka brokers, host:port, comma-separated."
    )
    topic_prefix: Name = Field("", description="Put before the name of every topic, sources and leadpulse.* alike.")
    group_id: Name = Field("leadpulse", min_length=1, description="Consumer group that the workers share.")
    generation: int = Field(
        1,
        ge=1,
        le=999,
        description="Which set of leadpulse's own topics counts: a higher one counts anew beside the one that runs, "
        "and publishes once it has caught up and the workers of the one before it are stopped.",
    )
    instance_id: Name = Field(
        "",
        description="A name of this worker alone that stays over restarts (static membership); empty: none.",
    )
    session_timeout: Millis = Field(
        10_000, ge=1_000, le=300_000, description="How long a silent worker keeps its shards."
    )
    allow_plaintext: bool = Field(False, description="Permit a broker connection without TLS off this machine.")
    tls: bool = Field(False, description="Use TLS to the broker; on by itself when tls_ca or tls_cert is given.")
    tls_ca: Path | None = Field(
        None, description="PEM file with the authorities to trust; default: those of the system."
    )
    tls_cert: Path | None = Field(None, description="PEM file with this client's certificate (mutual TLS).")
    tls_key: Path | None = Field(None, description="PEM file with the key of tls_cert.")
    tls_key_password: SecretStr | None = Field(None, description="Password of tls_key.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None,
        description="SASL mechanism; needs sasl_username and sasl_password; OAUTHBEARER sasl_token_file or "
        "sasl_token_url.",
    )
    sasl_username: str | None = Field(None, description="SASL user name; for sasl_token_url the client's id.")
    sasl_password: SecretStr | None = Field(None, description="SASL password.")
    sasl_password_file: Path | None = Field(
        None, description="File that holds the SASL password, in place of sasl_password."
    )
    sasl_token_file: Path | None = Field(
        None, description="File with a bearer token for OAUTHBEARER; read anew for each connection."
    )
    sasl_token_url: Annotated[str | None, AfterValidator(_token_url)] = Field(
        None,
        description="Where OAUTHBEARER gets tokens by sasl_username and sasl_password (client credentials); https, or "
        "http on this machine.",
    )
    sasl_token_scope: str | None = Field(None, description="Scope to ask for at sasl_token_url.")

    # -- processing
    delivery: Literal["exactly_once", "at_least_once"] = Field(
        "exactly_once",
        description="at_least_once is for a broker without transactions; a crash may count twice there.",
    )
    commit_interval: Millis = Field(1_000, ge=10, le=10_000, description="Time between two commits of a shard.")
    lateness: Millis = Field(
        86_400_000,
        ge=1_000,
        le=30 * 86_400_000,
        description="Events older than this on arrival are too late; also the horizon of de-duplication.",
    )
    lateness_by_kind: Annotated[dict[str, int], BeforeValidator(_by_kind), "ms"] = Field(
        LATE_KINDS,
        description="The same for kinds that come late by their nature, each of which may be left out. Orders of "
        "privacy are never too late.",
    )
    start: Annotated[str, AfterValidator(_start)] = Field(
        "earliest",
        description="Where a fresh shard begins: earliest, latest, or a time such as 2026-03-01T00:00:00Z.",
    )
    partitioner: Literal["murmur2", "crc32"] = Field(
        "murmur2",
        description="How producers choose partitions: murmur2 (Java, kafka-python) or crc32 (librdkafka). It decides "
        "who belongs to which shard and is kept with the state: another one means to begin anew.",
    )
    clock: Literal["wall", "events"] = Field(
        "wall",
        description="What moves the windows once caught up: the broker's clock (wall), or only events (old data).",
    )
    pace: int = Field(
        1,
        ge=1,
        le=86_400,
        description="With clock=events: how many seconds of events are played in one, until they have come to now. "
        "It changes no figure; the page says it, as that of the demo does.",
    )
    consent: Literal["count", "require"] = Field(
        "count", description="require leaves out events with consent.analytics false; count counts them."
    )
    known_ids: Bytes = Field(64 << 20, ge=1 << 20, le=4 << 30, description="Memory for known event ids, a shard.")
    inbox: Bytes = Field(
        4 << 20,
        ge=64 << 10,
        le=1 << 30,
        description="Unfolded bytes a shard may hold before it stops fetching.",
    )
    stall_timeout: Millis = Field(
        60_000, ge=5_000, le=3_600_000, description="Lag without a commit for so long ends the worker."
    )

    # -- limits of a record
    max_record: Bytes = Field(256 << 10, ge=1 << 10, le=10 << 20, description="Largest record that is decoded.")
    max_depth: int = Field(32, ge=4, le=200, description="Deepest nesting of a record.")
    flood_events: int = Field(5_000, ge=1, le=5_000, description="Events of one person in one hour; more are filtered.")
    flood_chats: int = Field(
        200, ge=1, le=200, description="Conversations one person begins in one hour; more are filtered."
    )

    # -- labels
    labels: Annotated[dict[str, Annotated[tuple[str, ...], BeforeValidator(_split)]], BeforeValidator(_labels)] = Field(
        {},
        description="Allow-lists: campaign=spring,summer;country=DE. Their other values add up in `(other)`.",
    )
    label_limit: int = Field(
        50, ge=1, le=10_000, description="Values shown of a label without allow-list, for each site: the largest."
    )
    readings_limit: int | None = Field(
        None,
        ge=100,
        le=1_000_000,
        description="Readings (series times windows) kept in all, whatever their labels: what finds no room adds up in "
        "`(other)`, in the end by its site. Some 4 KB of memory each. "
        "Default: 10000, and 30000 where people are followed.",
    )

    # -- where visits come from
    own_domains: Annotated[dict[str, Hosts], BeforeValidator(_labels)] = Field(
        {},
        description="Domains of each site, by site_id: shop=shop.example,shop-blog.example;club=club.example. "
        "A referrer of the site itself says nothing; sub-domains, the host of page.url and a site_id that is a host "
        "name are its own without that.",
    )
    ignored_referrers: Hosts = Field(
        (),
        description="More hosts that people only come back from (payment, sign-in), beside those that are shipped "
        "and that `leadpulse settings` lists.",
    )
    referrers: Path | None = Field(
        None,
        description="TOML file of hosts and sources by what they are, before the shipped lists: search, shopping, "
        'social, video, assistant, mail, ignored, referral; such as social = ["forum.example"].',
    )
    channel_sets: Annotated[tuple[Literal["ai_assistants", "web_mail"], ...], BeforeValidator(_split)] = Field(
        (),
        description="Places to give a channel beyond the 19 of GA4: ai_assistants (channel ai_assistant), web_mail "
        "(channel email); without it they are referral.",
    )

    look_back: MillisOrOff = Field(
        0,
        le=400 * 86_400_000,
        description="off, or how long a direct visit has the channel and campaign of the last one that was not direct, "
        "as GA4 has it: 90d there. People are remembered for as long. It cannot change under a state.",
    )

    # -- leads
    leads: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether people are followed over devices, addresses and crm records: auto if there is the topic "
        "leadpulse.touches (a replay: if there are events of the kinds crm or privacy), on, which wants it, or off.",
    )
    leads_rules: Path | None = Field(
        None,
        description="TOML file of what makes a lead, a stage and a score, on top of what is shipped and "
        "`leadpulse settings --rules` prints.",
    )

    # -- compiled core
    native: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether what is common goes through the compiled core, with the same figures: auto if it is "
        "built, on, which wants it, or off.",
    )

    # -- topics of others
    sources: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (),
        description="Definitions of topics of others to make events of: files of TOML, folders of them, or "
        "module:object, comma-separated.",
    )
    email_hash_key: SecretStr | None = Field(
        None,
        description="Key by which addresses in records of sources become their HMAC-SHA-256; the one that producers of "
        "email_hash use, and it stays. At least 16 characters.",
    )
    email_hash_key_file: Path | None = Field(
        None, description="File that holds the key for addresses, in place of email_hash_key."
    )
    source_record: Bytes = Field(8 << 20, ge=1 << 10, le=64 << 20, description="Largest record of a source, unpacked.")

    # -- alerts
    alerts: Path | None = Field(
        None,
        description="TOML file of zones of sites, calendar, severities, limits and quiet hours; read again when it "
        "changes. `leadpulse alerts show` says what is in force.",
    )

    # -- out
    http: Annotated[str, AfterValidator(_address)] = Field(
        "127.0.0.1:9464", description="Where /metrics is served; port 0 takes a free one."
    )
    http_token: SecretStr | None = Field(None, description="Token that every page needs, but /healthz and /readyz.")
    http_token_file: Path | None = Field(None, description="File that holds the token, in place of http_token.")
    http_scrape_token: SecretStr | None = Field(
        None, description="Token that is good for /metrics alone, beside http_token: for scrapers, which need no more."
    )
    http_scrape_token_file: Path | None = Field(
        None, description="File that holds that token, in place of http_scrape_token."
    )
    http_permit: bool = Field(False, description="Permit pages without a token off this machine.")
    http_hosts: HttpHosts = Field(
        (),
        description="Host names that are answered without a token off this machine, beside addresses, this machine's "
        "own name and names without a dot.",
    )
    http_connections: int = Field(
        200, ge=4, le=10_000, description="HTTP connections at the same time; more are refused."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["console", "json"] = Field("console", description="Form of log lines on standard error.")

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        problem = broken_rule(self)
        if problem is not None:
            raise problem
        return self

    # -- the same with units, as code reads it
    @property
    def commit_interval_s(self) -> float:
        return self.commit_interval / 1_000

    @property
    def session_timeout_s(self) -> float:
        return self.session_timeout / 1_000

    @property
    def stall_timeout_s(self) -> float:
        return self.stall_timeout / 1_000

    @property
    def lateness_ms(self) -> int:
        return self.lateness

    @property
    def lateness_by_kind_ms(self) -> dict[str, int]:
        """Give how late each of the kinds may be that come late by their nature."""
        return self.lateness_by_kind

    @property
    def start_ms(self) -> int | None:
        """Give the moment of `start`, None for earliest and latest."""
        return None if self.start in ("earliest", "latest") else moment_ms(self.start)

    @property
    def known_ids_bytes(self) -> int:
        return self.known_ids

    @property
    def inbox_bytes(self) -> int:
        return self.inbox

    @property
    def look_back_ms(self) -> int:
        """Give how far a direct session looks back; 0: not at all."""
        return self.look_back

    @property
    def max_record_bytes(self) -> int:
        return self.max_record

    @property
    def referrer_names(self) -> dict[str, tuple[str, ...]]:
        """Give what the file of `referrers` says: names by kind."""
        return {} if self.referrers is None else read_referrers(self.referrers)

    @property
    def rules(self) -> Rules:
        """Give the rules of leads: those of the file of `leads_rules`, or as they are shipped."""
        return shipped() if self.leads_rules is None else read(self.leads_rules)

    @property
    def tls_enabled(self) -> bool:
        return self.tls or self.tls_ca is not None or self.tls_cert is not None

    @property
    def http_host(self) -> str:
        return host_port(self.http)[0]

    @property
    def http_port(self) -> int:
        return host_port(self.http)[1]

    @property
    def source_record_bytes(self) -> int:
        return self.source_record

    @property
    def hash_key(self) -> bytes | None:
        """Give the key for addresses; None: a record with one is refused."""
        return self.email_hash_key.get_secret_value().encode() if self.email_hash_key else None

    @property
    def token(self) -> str | None:
        """Give the HTTP token; None when pages are open."""
        return self.http_token.get_secret_value() if self.http_token else None

    @property
    def scrape_token(self) -> str | None:
        """Give the token that opens /metrics alone; None where http_token does."""
        return self.http_scrape_token.get_secret_value() if self.http_scrape_token else None

    @property
    def password(self) -> str | None:
        """Give the SASL password."""
        return self.sasl_password.get_secret_value() if self.sasl_password else None
