"""The page of events: nothing of the contract is missing on it, and what it names exists."""

from __future__ import annotations

import json
import re

import pytest

from stream.contract.kinds import KINDS
from stream.contract.rejects import REASONS
from stream.contract.table import by_path
from stream.render.events import page
from stream.settings.fields import Settings

PAGE = page()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_section_with_key_example_and_fields(kind: str) -> None:
    section = PAGE.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    assert KINDS[kind].key_says in section
    shown = re.search(r"```json\n(.*?)\n```", section, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == KINDS[kind].example
    common = PAGE.partition("\n## Fields of all kinds\n")[2].partition("\n## ")[0]
    for path in by_path(kind):
        if path.startswith("data."):
            assert f"| `{path.removeprefix('data.')}` |" in section + common, path


def test_each_reason_is_explained() -> None:
    table = PAGE.partition("\n## Why an event is refused\n")[2]
    assert re.findall(r"^\| `(\w+)` \| \S", table, re.MULTILINE) == list(REASONS)


def test_the_settings_that_it_names_exist() -> None:
    named = {name.lower() for name in re.findall(r"`LEADPULSE_(\w+)", PAGE)}
    assert named
    assert named <= set(Settings.model_fields)
