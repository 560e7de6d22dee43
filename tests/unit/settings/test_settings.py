"""Settings: precedence, origins, and one clear message for each way to get them wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.contract.kinds import KINDS
from stream.contract.privacy import NEVER_LATE_MS
from stream.errors import EXIT_USAGE, SettingsError
from stream.settings.fields import LATE_KINDS, Settings
from stream.settings.load import FIELDS, env_name, load, text_of

DAY = 86_400_000


def settings_of(**env: str) -> Settings:
    return load(environ={env_name(name): value for name, value in env.items()}).settings


def message_of(config: Path | None = None, flags: dict[str, str] | None = None, **env: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(flags, config, {env_name(name): value for name, value in env.items()})
    assert caught.value.exit_code == EXIT_USAGE
    return str(caught.value)


def test_defaults_suit_one_machine() -> None:
    settings = settings_of()
    assert settings.brokers == ("127.0.0.1:9092",)
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 9464)
    assert (settings.delivery, settings.partitioner, settings.clock) == ("exactly_once", "murmur2", "wall")
    assert (settings.commit_interval_s, settings.lateness_ms) == (1.0, 86_400_000)
    assert settings.start_ms is None


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("brokers", "localhost:1, localhost:2", "brokers", ("localhost:1", "localhost:2")),
        ("commit_interval", "500ms", "commit_interval_s", 0.5),
        ("lateness", "2h30m", "lateness_ms", 9_000_000),
        (
            "lateness_by_kind",
            "crm=7d, cost=400d",
            "lateness_by_kind_ms",
            {"crm": 7 * DAY, "cost": 400 * DAY, "signal": 35 * DAY},
        ),
        ("known_ids", "128MiB", "known_ids_bytes", 128 << 20),
        ("start", "1970-01-02T00:00:00Z", "start_ms", 86_400_000),
        ("http", "[::1]:0", "http_host", "::1"),
        ("labels", "campaign=a,b;country=DE", "labels", {"campaign": ("a", "b"), "country": ("DE",)}),
        (
            "own_domains",
            "s1=WWW.Shop.example, blog.example;s2=club.example",
            "own_domains",
            {"s1": ("shop.example", "blog.example"), "s2": ("club.example",)},
        ),
        ("ignored_referrers", "pay.example, Bank.example", "ignored_referrers", ("pay.example", "bank.example")),
        ("channel_sets", "ai_assistants,web_mail", "channel_sets", ("ai_assistants", "web_mail")),
        ("look_back", "90d", "look_back_ms", 90 * 86_400_000),
        ("look_back", "Off", "look_back_ms", 0),
        ("http_permit", "true", "http_permit", True),
        ("label_limit", "7", "label_limit", 7),
        ("delivery", "", "delivery", "exactly_once"),  # an empty variable is not set
    ],
)
def test_a_variable_is_read_in_its_unit(name: str, text: str, attribute: str, value: object) -> None:
    assert getattr(settings_of(**{name: text}), attribute) == value


def test_kinds_that_come_late_are_those_of_the_contract() -> None:
    late = {name: kind.lateness_ms for name, kind in KINDS.items() if kind.lateness_ms is not None}
    assert late.pop("privacy") == NEVER_LATE_MS
    assert late == LATE_KINDS == settings_of().lateness_by_kind_ms


def test_kinds_that_come_late_may_stand_in_a_table_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "leadpulse.toml"
    config.write_text('[lateness_by_kind]\ncost = "90d"\n')
    settings, _ = load({}, config, {})
    assert text_of("lateness_by_kind", settings.lateness_by_kind) == "crm=5w,cost=90d,signal=5w"


def test_flag_beats_variable_beats_file_beats_default(tmp_path: Path) -> None:
    config = tmp_path / "leadpulse.toml"
    config.write_text('commit_interval = "3s"\nlateness = "3h"\nlabel_limit = 3\n[labels]\ncampaign = ["a"]\n')
    env = {"LEADPULSE_COMMIT_INTERVAL": "2s", "LEADPULSE_LATENESS": "2h", "LEADPULSE_CONFIG": str(config)}
    settings, origins = load({"commit_interval": "1500ms"}, None, env)
    assert (settings.commit_interval_s, settings.lateness_ms, settings.label_limit) == (1.5, 7_200_000, 3)
    assert settings.labels == {"campaign": ("a",)}
    assert origins["commit_interval"] == "flag --commit-interval"
    assert origins["lateness"] == "environment LEADPULSE_LATENESS"
    assert origins["label_limit"] == f"file {config}"
    assert origins["clock"] == "default"


@pytest.mark.parametrize(
    ("env", "says"),
    [
        (
            {"delivery": "exactly-once"},
            ["'exactly_once' or 'at_least_once'", "environment LEADPULSE_DELIVERY"],
        ),
        ({"commit_interval": "5"}, ["500ms, 1s"]),
        ({"own_domains": "shop.example"}, ["'shop.example' is not label=value,value", "own_domains"]),
        ({"own_domains": "s1=https://shop.example/"}, ["give the host alone", "own_domains"]),
        ({"ignored_referrers": "*.bank.example"}, ["a name covers its sub-domains"]),
        ({"ignored_referrers": "bank"}, ["not a host name such as shop.example"]),
        ({"channel_sets": "chatbots"}, ["'ai_assistants' or 'web_mail'", "environment LEADPULSE_CHANNEL_SETS"]),
        ({"referrers": "/nowhere/hosts.toml"}, ["cannot be read", "file /nowhere/hosts.toml", "LEADPULSE_REFERRERS"]),
        ({"commit_interval": "1h"}, ["'1h' is above 10s"]),
        ({"lateness_by_kind": "crm"}, ["'crm' is not kind=duration", "crm=35d"]),
        ({"lateness_by_kind": "crm=35"}, ["'35' is not a duration"]),
        ({"lateness_by_kind": "crm=401d"}, ["crm: '401d' is not from 1s to 400d"]),
        ({"lateness_by_kind": "form=2d"}, ["'form' is none of crm, cost, signal"]),
        ({"lateness_by_kind": "privacy=2d"}, ["privacy is never too late"]),
        ({"look_back": "500d"}, ["'500d' is above 400d"]),
        ({"look_back": "90"}, ["'90' is not a duration"]),
        ({"known_ids": "1KiB"}, ["below 1MiB"]),
        ({"label_limit": "many"}, ["not a whole number"]),
        ({"allow_plaintext": "maybe"}, ["neither true nor false"]),
        ({"start": "yesterday"}, ["a time with its zone"]),
        ({"start": "2026-13-01T00:00:00Z"}, ["is not a time"]),
        ({"http": "9464"}, ["127.0.0.1:9464"]),
        ({"http": "127.0.0.1:99999"}, ["port above 65535"]),
        ({"brokers": "http://localhost:9092"}, ["without scheme"]),
        ({"brokers": ","}, ["must not be empty"]),
        ({"brokers": "localhost"}, ["is not an address"]),
        ({"topic_prefix": "a b"}, ["only letters"]),
        ({"labels": "campaign"}, ["label=value,value"]),
        ({"tls_cert": "/nowhere.pem"}, ["tls_key is missing"]),
        ({"tls_ca": "/nowhere.pem"}, ["there is no file /nowhere.pem"]),
        ({"sasl_username": "u"}, ["sasl_mechanism and sasl_password missing"]),
        ({"sasl_mechanism": "GSSAPI"}, ["SCRAM-SHA-256"]),
        ({"brokers": "kafka-1:9092"}, ["unencrypted to kafka-1:9092", "allow_plaintext=true"]),
        ({"http": "0.0.0.0:9464"}, ["no token is set", "http_permit=true"]),
        ({"http": ":9464"}, ["no token is set"]),
        ({"http_token": "short"}, ["fewer than 16 characters"]),
        ({"http_token": "with blanks in between"}, ["no HTTP header can carry"]),
        ({"http_token_file": "/nowhere"}, ["/nowhere cannot be read"]),
        (
            {"comit_interval": "1s"},
            ["no setting LEADPULSE_COMIT_INTERVAL", "Did you mean LEADPULSE_COMMIT_INTERVAL"],
        ),
    ],
    ids=lambda value: "=".join(next(iter(value.items()))) if isinstance(value, dict) else "",
)
def test_a_wrong_variable_is_told_with_what_would_be_right(env: dict[str, str], says: list[str]) -> None:
    message = message_of(**env)
    assert all(part in message for part in says), message


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('comit_interval = "1s"', "Did you mean commit_interval"),
        ("commit_interval = 5", "write it as text with its unit"),
        ("commit_interval = ", "is not TOML"),
        ("label_limit = 0", "is below 1"),
        ("http_token_file = 3", "http_token_file"),
    ],
)
def test_a_wrong_file_is_told_by_its_name(tmp_path: Path, toml: str, says: str) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(toml)
    message = message_of(config)
    assert says in message
    assert "wrong.toml" in message


def test_all_that_is_wrong_is_told_at_once() -> None:
    message = message_of(delivery="never", clock="sundial")
    assert "delivery" in message
    assert "clock" in message


@pytest.mark.parametrize("name", ["http_token", "sasl_password", "tls_key_password"])
def test_a_secret_is_in_no_message_and_no_listing(name: str) -> None:
    secret = "canary with blanks 4711"
    assert text_of(name, SecretStr(secret)) == "(hidden)"
    with pytest.raises(SettingsError) as caught:
        load(environ={env_name(name): secret, "LEADPULSE_CLOCK": "sundial"})
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    loaded = load(environ={"LEADPULSE_HTTP_TOKEN_FILE": str(file)})
    assert loaded.settings.token == "0123456789abcdef"
    assert loaded.origins["http_token"] == f"file {file}"
    assert "Both http_token" in message_of(http_token="0123456789abcdef", http_token_file=str(file))
    file.write_text("\n")
    assert "is empty" in message_of(http_token_file=str(file))


@pytest.mark.parametrize(
    "variable",
    [
        f"LEADPULSE_{service}{end}"
        for service in ("", "WORKER_", "HTTP_V2_")
        for end in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_METRICS", "PORT", "PORT_9464_TCP",
                    "PORT_9464_TCP_PROTO", "PORT_9464_TCP_PORT", "PORT_9464_UDP_ADDR")
    ],
)  # fmt: skip
def test_what_kubernetes_writes_for_a_service_of_our_name_is_no_setting(variable: str) -> None:
    assert load(environ={variable: "tcp://10.0.0.1:9464"}).settings == settings_of()


@pytest.mark.parametrize("variable", ["LEADPULSE_HTTP_PORT", "LEADPULSE_SERVICE", "LEADPULSE_PORT_TCP"])
def test_what_looks_like_it_and_is_a_mistake_is_told(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"There is no setting {variable}"):
        load(environ={variable: "9464"})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings_of().clock = "events"  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in FIELDS.items() if not field.description] == []


def test_a_file_says_what_hosts_of_ones_own_are(tmp_path: Path) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text('social = ["WWW.Forum.example", "com.example.app"]\nsearch = ["intranet search"]\nignored = []\n')
    assert settings_of(referrers=str(path)).referrer_names == {
        "social": ("forum.example", "com.example.app"),
        "search": ("intranet search",),
        "ignored": (),
    }
    assert settings_of().referrer_names == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("social = [", ["not TOML", 'social = ["forum.example"]']),
        ('socail = ["forum.example"]', ["no kind 'socail'", "Did you mean social?"]),
        ('social = "forum.example"', ["social is not a list", 'social = ["forum.example"]']),
        ("social = [7]", ["social is not a list"]),
        ('social = ["https://forum.example/"]', ["'https://forum.example/' is neither a host nor a source"]),
        ('social = [""]', ["'' is neither"]),
        ('social = ["a.example"]\nvideo = ["a.example"]', ["stands under social and under video"]),
    ],
)
def test_a_wrong_file_of_hosts_is_one_message(tmp_path: Path, text: str, says: list[str]) -> None:
    path = tmp_path / "hosts.toml"
    path.write_text(text)
    message = message_of(referrers=str(path))
    for part in (*says, f"file {path}", "environment LEADPULSE_REFERRERS"):
        assert part in message


def test_a_file_of_rules_is_checked_with_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "leads.toml"
    file.write_text("[score]\nthreshold = 80\n", encoding="utf-8")
    loaded = load(environ={"LEADPULSE_LEADS_RULES": str(file)})
    assert loaded.settings.rules.threshold == 80
    assert load(environ={}).settings.rules.threshold == 50
    file.write_text('[[score.rule]]\nname = "x"\nfact = "mail:opend"\npoints = 1\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(environ={"LEADPULSE_LEADS_RULES": str(file)})
    assert str(caught.value) == (
        "score.rule 1.fact: there is no fact 'mail:opend'.\n"
        f"  where: file {file}; leads_rules: environment LEADPULSE_LEADS_RULES\n"
        "  do:    Did you mean mail:opened?"
    )
    assert caught.value.exit_code == 2
