"""Settings load: gather values from a TOML file, the environment and flags, and remember their origins.

In:  flags by name, the path of a TOML file, the environment.
Out: Loaded(settings, origins); or a SettingsError that says what is wrong, where it was written, what to do.

A later one wins: default < file < environment < flag. This is the only file that reads the environment.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from stream.errors import SettingsError
from stream.settings.fields import Settings
from stream.settings.values import duration_text

PREFIX = "LEADPULSE_"
FIELDS: Mapping[str, FieldInfo] = Settings.model_fields
SECRET_FILES = {
    "http_token_file": "http_token",
    "http_scrape_token_file": "http_scrape_token",
    "sasl_password_file": "sasl_password",
    "email_hash_key_file": "email_hash_key",
}

# Not ours: what Kubernetes writes into every container for a Service of this name or one that begins with it, such as
# leadpulse-worker; and the test suite's own.
_FOREIGN = re.compile(
    r"LEADPULSE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
    r"|LEADPULSE_(PORT|TEST_.*|REQUIRE|SHARED)"
)
# Told from a person's own mistake (LEADPULSE_HTTP_PORT=9464) by its value, which is an address.
_SERVICE_PORT = re.compile(r"LEADPULSE_\w+_PORT"), re.compile(r"(tcp|udp|sctp)://.*")


class Loaded(NamedTuple):
    """Hold settings, and where each value came from ("default", "file …", "environment …", "flag …")."""

    settings: Settings
    origins: dict[str, str]


def load(
    flags: Mapping[str, Any] | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Gather and check all settings."""
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins = dict.fromkeys(FIELDS, "default")
    if config is None and env.get(f"{PREFIX}CONFIG"):
        config = Path(env[f"{PREFIX}CONFIG"])
    for name, value, origin in (*_from_file(config), *_from_environment(env), *_from_flags(flags or {})):
        values[name] = value
        origins[name] = origin
    for file_name, name in SECRET_FILES.items():
        if values.get(file_name):
            values[name], origins[name] = (
                _read_secret(file_name, values, origins),
                f"file {values[file_name]}",
            )
    try:
        return Loaded(Settings(**values), origins)
    except ValidationError as error:
        raise _explain(error, values, origins) from None
    except SettingsError as error:
        written = (f"{name}: {origins[name]}" for name in error.fields if origins[name] != "default")
        error.where = "; ".join(filter(None, (error.where, *written)))
        raise


def env_name(field: str) -> str:
    """Name the variable of a field.

    >>> env_name("commit_interval")
    'LEADPULSE_COMMIT_INTERVAL'
    """
    return PREFIX + field.upper()


def text_of(name: str, value: Any) -> str:
    """Write a value as a person would; secrets stay hidden.

    >>> text_of("lateness", 86_400_000), text_of("brokers", ("a:1", "b:2")), text_of("known_ids", 64 << 20)
    ('24h', 'a:1,b:2', '64MiB')
    """
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "(hidden)"
    metadata = FIELDS[name].metadata
    if "off" in metadata and not value:
        return "off"
    if "ms" in metadata and isinstance(value, dict):
        return ",".join(f"{kind}={duration_text(ms)}" for kind, ms in value.items())
    if "ms" in metadata:
        return duration_text(value)
    if "bytes" in metadata:
        return next((f"{value >> s}{u}" for s, u in ((20, "MiB"), (10, "KiB")) if value % (1 << s) == 0), f"{value}B")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, dict):
        return ";".join(f"{label}={','.join(values)}" for label, values in value.items())
    return str(value)


def _from_file(config: Path | None) -> Iterator[tuple[str, Any, str]]:
    if config is None:
        return
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"The settings file cannot be read: {error.strerror}.",
            where=str(config),
            do="Check --config or LEADPULSE_CONFIG.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file is not TOML: {error}.",
            where=str(config),
            do='Write lines such as commit_interval = "1s".',
        ) from None
    for name, value in table.items():
        if name not in FIELDS:
            raise _unknown(name, f"key {name} of {config}", FIELDS)
        yield name, value, f"file {config}"


def _from_environment(env: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    names = {env_name(field): field for field in FIELDS}
    for variable, value in env.items():
        if not variable.startswith(PREFIX) or variable == f"{PREFIX}CONFIG":
            continue
        if variable not in names:
            if _foreign(variable, value):
                continue
            raise _unknown(variable, f"environment variable {variable}", names)
        if value:  # an empty variable is the usual way to say "not set" in compose files
            yield names[variable], value, f"environment {variable}"


def _foreign(variable: str, value: str) -> bool:
    name, address = _SERVICE_PORT
    return _FOREIGN.fullmatch(variable) is not None or bool(name.fullmatch(variable) and address.fullmatch(value))


def _from_flags(flags: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for name, value in flags.items():
        if name not in FIELDS:
            raise _unknown(name, f"flag --set {name}=…", FIELDS)
        if value is not None:
            yield name, value, f"flag --{name.replace('_', '-')}"


def _unknown(name: str, where: str, known: Mapping[str, Any]) -> SettingsError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    do = f"Did you mean {near[0]}? " if near else ""
    return SettingsError(f"There is no setting {name}.", where=where, do=f"{do}`leadpulse settings` lists all.")


def _read_secret(file_name: str, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name = SECRET_FILES[file_name]
    if values.get(name):
        raise SettingsError(
            f"Both {name} and {file_name} are set.",
            where=f"{origins[name]}; {origins[file_name]}",
            do="Keep one of them.",
        )
    if not isinstance(values[file_name], str):
        raise SettingsError(
            f"{file_name} is not a path.", where=origins[file_name], do='Write it as text: "/run/secrets/…".'
        )
    try:
        text = Path(values[file_name]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(
            f"{file_name}: {values[file_name]} cannot be read: {reason}.",
            where=origins[file_name],
            do="Give the path of a readable file with the secret alone in it.",
        ) from None
    if not text:
        raise SettingsError(
            f"{file_name}: {values[file_name]} is empty.",
            where=origins[file_name],
            do="Write the secret into it.",
        )
    return text


def _explain(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> SettingsError:
    """Turn the findings of pydantic into one message; each with its origin and what would be right."""
    found = [(str(e["loc"][0]) if e["loc"] else "", e) for e in error.errors(include_url=False)]
    wrong_items = {name for name, e in found if len(e["loc"]) > 1}
    found = [(name, e) for name, e in found if len(e["loc"]) > 1 or name not in wrong_items]
    lines = [f"{name}: {_problem(name, dict(e), values.get(name))}" for name, e in found]
    where = "; ".join(dict.fromkeys(origins.get(name, "") for name, _ in found))
    about = " ".join(dict.fromkeys(f"{name}: {FIELDS[name].description}" for name, _ in found if name in FIELDS))
    return SettingsError("\n".join(lines), where=where, do=f"Correct it. {about}")


def _problem(name: str, error: dict[str, Any], value: Any) -> str:
    context, kind = error.get("ctx", {}), error["type"]
    secret = "SecretStr" in str(FIELDS[name].annotation) if name in FIELDS else True
    shown = "the value" if secret else repr(value)
    if kind == "greater_than_equal":
        return f"{shown} is below {text_of(name, context['ge'])}."
    if kind == "less_than_equal":
        return f"{shown} is above {text_of(name, context['le'])}."
    if kind == "literal_error":
        return f"{shown} is not {context['expected']}."
    if kind == "value_error" and not secret:
        return f"{context['error']}."
    if kind.startswith("bool"):
        return f"{shown} is neither true nor false."
    if kind.startswith("int"):
        return f"{shown} is not a whole number."
    if kind in ("too_short", "string_too_short"):
        return "it must not be empty."
    return f"{shown}: {error['msg']}."
