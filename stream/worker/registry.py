"""Registry: schemas of a schema registry, asked for before records are folded.

In:  ids that a batch needs, by the address of the registry; user and password of sources.
Out: schemas, put where mappers look for them; False while a registry does not answer.

It is one GET an id, and what an id stands for never changes. An id that the registry does not know (404) is remembered
as such: its records are dead letters. Whatever else goes wrong is the registry's affair, and the shard waits.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp

from stream.errors import SettingsError
from stream.sources.source import Source
from stream.sources.wire.schemas import Schema, Schemas

log = logging.getLogger("leadpulse.registry")

TIMEOUT_S: Final = 5.0
#: While a registry is away, it is said so often and not with each try.
SAID_EVERY_S: Final = 60.0
_DEPTH_MOST: Final = 20


class Registries:
    """The registries of all sources of this worker."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Read passwords; raises SettingsError for a file that cannot be read."""
        self.schemas: dict[str, Schemas] = {}
        self._auth: dict[str, str | None] = {}
        self._said_at: dict[str, float] = {}
        for source in sources:
            if address := source.definition.registry:
                self.schemas.setdefault(address, Schemas())
                self._auth[address] = _auth(source) or self._auth.get(address)

    async def fetch(self, wanted: Mapping[str, set[int]]) -> bool:
        """Ask for schemas; tell whether all that was asked for is known now."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        for address, numbers in wanted.items():
            try:
                async with aiohttp.ClientSession(timeout=timeout, headers=self._headers(address)) as session:
                    for number in sorted(numbers):
                        self.schemas[address].known[number] = await _schema(session, address.rstrip("/"), number)
            except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                self._say(address, error)
                return False
            if self._said_at.pop(address, None) is not None:
                log.warning("the schema registry answers again: %s", address)
        return True

    def _headers(self, address: str) -> dict[str, str]:
        told = self._auth.get(address)
        return {} if told is None else {"Authorization": told}

    def _say(self, address: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._said_at.get(address, -SAID_EVERY_S) >= SAID_EVERY_S:
            self._said_at[address] = now
            log.warning(
                "the schema registry %s does not answer (%s): shards whose records need it wait for it",
                address, type(error).__name__,
            )  # fmt: skip


def _auth(source: Source) -> str | None:
    said = source.definition
    if not said.registry_user:
        return None
    password = ""
    if said.registry_password_file:
        path: Path = said.path(said.registry_password_file)
        try:
            password = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = f"The password for the registry cannot be read: {type(error).__name__}."
            raise SettingsError(what, where=f"{source.origin}: {path}", do="Give a file with it alone.") from None
    return "Basic " + base64.b64encode(f"{said.registry_user}:{password}".encode()).decode()


async def _schema(session: aiohttp.ClientSession, address: str, number: int) -> Schema | None:
    found = await _get(session, f"{address}/schemas/ids/{number}")
    if found is None:
        return None
    named: dict[str, str] = {}
    await _references(session, address, found, named, 0)
    return Schema(str(found.get("schemaType") or "AVRO"), str(found["schema"]), tuple(named.values()))


async def _references(
    session: aiohttp.ClientSession, address: str, found: Any, named: dict[str, str], depth: int
) -> None:
    """Fetch what a schema refers to, the innermost first, each once."""
    if depth > _DEPTH_MOST:
        raise ValueError("schemas that refer to each other without end")
    for one in found.get("references") or ():
        if one["name"] not in named:
            inner = await _get(session, f"{address}/subjects/{one['subject']}/versions/{one['version']}")
            if inner is None:
                raise ValueError("a schema that is referred to is not there")
            await _references(session, address, inner, named, depth + 1)
            named[one["name"]] = str(inner["schema"])


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        if answer.status == 404:
            return None
        answer.raise_for_status()
        return await answer.json(content_type=None)
