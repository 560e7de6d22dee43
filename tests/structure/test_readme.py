"""Pages for readers: every command that they show exists, with the options that they show, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stream.cli.root import COMMANDS, root
from stream.settings.load import FIELDS, env_name

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").glob("*.md"))]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shown(text: str) -> Iterator[list[str]]:
    """Give the words of each `leadpulse …` and `make …` in code blocks and in back-ticks."""
    blocks = re.findall(r"^```(?:bash|sh|shell|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`((?:leadpulse|make) [^`]+)`", text)
    for line in lines:
        line = line.split(" #")[0].removeprefix("$ ")
        for part in re.split(r"\|\||&&|[|;·]|\s&$", line):
            words = shlex.split(re.split(r"\s[<>]", part)[0].replace("…", ""))
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] in ("leadpulse", "make"):
                yield words


def headings(page: Path) -> set[str]:
    """Give the anchors of a page, as they are made of its headings."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def understood(words: list[str]) -> None:
    """Raise click's usage error for a command line that would not be understood; run nothing."""
    command: click.Command = root
    context = click.Context(root, info_name="leadpulse")
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        context, command = click.Context(found, info_name=name, parent=context), found
    context.resilient_parsing = False
    command.make_parser(context).parse_args(list(rest))


@every_page
def test_every_command_on_the_page_is_understood(page: Path) -> None:
    for words in shown(page.read_text(encoding="utf-8")):
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word and not word.startswith("-")} <= TARGETS, words
        else:
            understood(words)


def test_the_readme_shows_the_two_commands_and_the_way_to_a_kafka() -> None:
    commands = [words for words in shown(README.read_text(encoding="utf-8")) if len(words) > 1]
    assert ["make", "demo"] in commands
    assert ["make", "test"] in commands
    assert {"check", "topics", "worker", "replay"} <= {words[1] for words in commands if words[0] == "leadpulse"}


def test_the_readme_is_read_in_one_go() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


@every_page
def test_every_link_within_the_checkout_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link)]
    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


@every_page
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    """A path in back-ticks is one of the checkout, or of the package; blocks are left to the recipes."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text):
        made = path.startswith("build/")  # what a command writes
        assert made or any((start / path).exists() for start in (ROOT, ROOT / "stream")), path


@every_page
def test_every_variable_on_the_page_is_a_setting(page: Path) -> None:
    known = {env_name(name) for name in FIELDS} | {
        "LEADPULSE_CONFIG",
        "LEADPULSE_REQUIRE",
        "LEADPULSE_SHARED",
    }
    assert set(re.findall(r"LEADPULSE_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_help_are_understood(command: str) -> None:
    found = root.get_command(click.Context(root), command)
    assert found is not None
    for line in (found.help or "").splitlines():
        for part in line.split("|"):
            words = shlex.split(re.split(r"\s[<>]", part)[0], comments=False) if "leadpulse " in part else []
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] == "leadpulse":
                understood(words)
