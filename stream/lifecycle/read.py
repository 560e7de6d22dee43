"""Read: make rules of a file, on top of those that are shipped.

In:  the path of a TOML file; or nothing, for the rules as they are shipped.
Out: Rules; or a SettingsError of one message: what is wrong, where it stands, what to do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from stream.errors import SettingsError
from stream.lifecycle.rules import Expression, Rules, ScoreRule, StageRule
from stream.lifecycle.table import DAY_MS, Table
from stream.lifecycle.words import POINTS_ONLY, SILENCE, unknown

_SHIPPED: Final = Path(__file__).with_name("default.toml")
_NAME: Final = re.compile(r"[^\W_][\w .+/-]{0,63}")
_FOLLOWED: Final = re.compile(r"[^/]+/.+")
_MOST_POINTS: Final = 1_000_000
_MOST_STAGES: Final = 20
_MOST_RULES: Final = 100
_MOST_THRESHOLDS: Final = 10
#: By the first letters of ids, whose ids may share one before it joins nobody.
_SHARED: Final = {"e": "luv", "l": "euv", "u": "elv"}
#: What is never evidence of a stage: it speaks against a lead, or is not said by anything that happens.
_NO_EVIDENCE: Final = ("cancelled", "mail:unsubscribed", SILENCE)


def shipped_text() -> str:
    """Give the file that holds without one of one's own, with its comments."""
    return _SHIPPED.read_text(encoding="utf-8")


@cache
def shipped() -> Rules:
    """Give the rules that hold without a file."""
    return made(tomllib.loads(shipped_text()), str(_SHIPPED))


def read(path: Path) -> Rules:
    """Read a file of rules; what it does not name stays as it is shipped."""
    origin = f"file {path}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(f"The file of rules cannot be read: {error.strerror}.", origin, "Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        do = "`leadpulse settings --rules` prints a file to start from."
        raise _unreadable(f"The file of rules is not TOML: {error}.", origin, do) from None
    return made(table, origin)


def made(values: Mapping[str, Any], origin: str) -> Rules:
    """Make rules of a table, on top of those that are shipped."""
    usual = tomllib.loads(shipped_text())
    whole = Table(values, "", origin)
    identity, lead = whole.table("identity"), whole.table("lead")
    stages, score = whole.tables("stage", usual["stage"], "stage"), whole.table("score")
    whole.end()
    ladder = _ladder(stages, whole)
    rules = Rules(
        ignore=identity.texts("ignore", usual["identity"]["ignore"]),
        shared=_shared(identity.table("shared"), usual["identity"]["shared"]),
        largest=identity.number("largest", usual["identity"]["largest"], 2, 10_000),
        answer_within_ms=lead.duration_ms("answer_within", usual["lead"]["answer_within"], "1m", "30d"),
        stale_after_ms=_stale_after(lead, usual["lead"]["stale_after"]),
        forget_after_ms=lead.duration_ms("forget_after", usual["lead"]["forget_after"], "90d", "3650d"),
        followers=_followers(lead, usual["lead"]["followers"]),
        stages=tuple(_stage(stage, at, ladder) for at, stage in enumerate(stages)),
        threshold=score.number("threshold", usual["score"]["threshold"], 1, _MOST_POINTS),
        what_if=_what_if(score, usual["score"]["what_if"]),
        bands=_bands(score.table("bands", usual["score"]["bands"])),
        half_life_days=_half_life(score, usual["score"]["half_life"]),
        score=_score(score.tables("rule", usual["score"]["rule"], "score.rule"), ladder, score),
    )
    for table in (identity, lead, score):
        table.end()
    return rules


def _ladder(stages: list[Table], whole: Table) -> tuple[str, ...]:
    if not 2 <= len(stages) <= _MOST_STAGES:
        do = "The first is that of a lead, the last that of a customer."
        raise whole.wrong(f"a ladder has 2 to {_MOST_STAGES} stages, not {len(stages)}", do, "stage")
    ladder: list[str] = []
    for stage in stages:
        name = stage.text("name")
        if not _NAME.fullmatch(name):
            do = "Use letters, digits, space and . _ + / -, at most 64 of them; a letter or digit first."
            raise stage.wrong(f"{name!r} is no name of a stage", do, "name")
        same = [other.lower() for other in ladder]  # records are read without regard to case
        if name.lower() in same:
            problem = f"{name!r} is the name of stage {same.index(name.lower()) + 1}, too"
            raise stage.wrong(problem, "Rename one; case makes no difference.", "name")
        ladder.append(name)
    return tuple(ladder)


def _stage(stage: Table, at: int, ladder: tuple[str, ...]) -> StageRule:
    name, first, last = ladder[at], at == 0, at == len(ladder) - 1
    own = f"crm:{name}"
    usual = ["lead"] if first else ["won", own] if last else [own]
    evidence = [_expression(stage, text, "evidence", ladder) for text in stage.texts("evidence", usual)]
    for facts in evidence:
        if refused := [fact for fact in facts if fact in _NO_EVIDENCE]:
            raise stage.wrong(
                f"{refused[0]} is no evidence of a stage", "Give it points in [[score.rule]].", "evidence"
            )
        if all(fact.partition(":")[0] in POINTS_ONLY for fact in facts):
            do = "Give it points and let `score` be the evidence, or join it to another fact with &."
            raise stage.wrong(f"{' & '.join(facts)} alone is no evidence of a stage", do, "evidence")
    implied = stage.flag("implied", first)
    stage.end()
    # whatever the file says: the first is every lead's, and what the crm says of a stage is evidence of it
    return StageRule(name, implied or first, tuple(dict.fromkeys((*evidence, (own,)))))


def _expression(table: Table, text: str, key: str, ladder: tuple[str, ...]) -> Expression:
    facts = tuple(dict.fromkeys(part.strip() for part in text.split("&")))
    for fact in facts:
        if hint := unknown(fact, ladder):
            raise table.wrong(f"there is no fact {fact!r}", hint, key)
    return facts


def _score(found: list[Table], ladder: tuple[str, ...], score: Table) -> tuple[ScoreRule, ...]:
    if len(found) > _MOST_RULES:
        raise score.wrong(f"there are {len(found)} rules", f"Keep {_MOST_RULES} at most.", "rule")
    rules: dict[str, ScoreRule] = {}
    for table in found:
        rule = _score_rule(table, ladder)
        if rule.name in rules:
            raise table.wrong(f"{rule.name!r} is the name of another rule, too", "Rename one.", "name")
        rules[rule.name] = rule
    return tuple(rules.values())


def _score_rule(table: Table, ladder: tuple[str, ...]) -> ScoreRule:
    name = table.text("name")
    if not _NAME.fullmatch(name):
        raise table.wrong(f"{name!r} is no name of a rule", "Use letters, digits and . _ + / -.", "name")
    fact = _expression(table, table.text("fact"), "fact", ladder)
    if "score" in fact:
        raise table.wrong("a score has no points of its own", "Name what happened.", "fact")
    silence = SILENCE in fact
    if silence and len(fact) > 1:
        raise table.wrong(f"{SILENCE} goes with no other fact", "Make two rules of it.", "fact")
    points = table.number("points", None, -_MOST_POINTS, _MOST_POINTS)
    if table.has("within") and not silence:
        raise table.wrong(f"only {SILENCE} has a time", "Leave it out.", "within")
    within_ms = table.duration_ms("within", "30d", "1d", "365d") if silence else 0
    once = table.flag("once", False) or len(fact) > 1 or fact[0].startswith("company:")
    a_day = table.number("a_day", 20, 1, 1_000)
    table.end()
    return ScoreRule(name, fact, points, a_day, once, within_ms)


def _shared(table: Table, usual: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    out = {}
    for letter, others in _SHARED.items():
        limits = table.table(letter)
        out[letter] = {other: limits.number(other, usual[letter][other], 1, 10_000) for other in others}
        limits.end()
    table.end()
    return out


def _stale_after(lead: Table, usual: str) -> int:
    stale_ms = lead.duration_ms("stale_after", usual, "7d", "90d")
    if stale_ms not in (7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS):
        raise lead.wrong("it is none of the windows 7d, 30d and 90d", "Write one of these.", "stale_after")
    return stale_ms


def _followers(lead: Table, usual: list[str]) -> tuple[tuple[str, str], ...]:
    out = []
    for text in lead.texts("followers", usual):
        if not _FOLLOWED.fullmatch(text):
            raise lead.wrong(f"{text!r} is not provider/entity", 'Write it as "linkedin/our-page".', "followers")
        provider, _, entity = text.partition("/")
        out.append((provider, entity))
    return tuple(dict.fromkeys(out))


def _what_if(score: Table, usual: list[int]) -> tuple[int, ...]:
    found = score.numbers("what_if", usual, 1, _MOST_POINTS)
    if len(found) > _MOST_THRESHOLDS:
        raise score.wrong(f"{len(found)} thresholds are too many", f"Keep {_MOST_THRESHOLDS} at most.", "what_if")
    return found


def _bands(table: Table) -> tuple[tuple[str, int], ...]:
    bands: dict[int, str] = {}
    for name in table.keys():  # noqa: SIM118 (a Table is no mapping)
        least = table.number(name, None, -_MOST_POINTS, _MOST_POINTS)
        if name == "cold" or not _NAME.fullmatch(name):
            raise table.wrong("it is no name of a band", "Below the lowest band all are cold; name the others.", name)
        if least in bands:
            raise table.wrong(f"{bands[least]} begins at {least}, too", "Give each band a score of its own.", name)
        bands[least] = name
    return tuple((bands[least], least) for least in sorted(bands, reverse=True))


def _half_life(score: Table, usual: str) -> int:
    half_ms = score.duration_ms("half_life", usual, "0d", "3650d")
    if half_ms % DAY_MS:
        raise score.wrong("it is not a number of whole days", 'Write half_life = "30d", or "0d" for none.', "half_life")
    return half_ms // DAY_MS


def _unreadable(what: str, origin: str, do: str) -> SettingsError:
    return SettingsError(what, where=origin, do=do, fields=("leads_rules",))
