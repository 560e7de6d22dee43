"""Mailed: what shards of leads are told of messages is what all events of each copy say, whatever their order."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from stream.identity.facts import Mailed
from stream.identity.ids import Id, links
from tests.laws.followed import SITE, Known, at, ids_of
from tests.laws.sums import nonzero, remembered
from tests.laws.test_folds_law import cut, folded
from tests.laws.test_published_law import Heard, tell
from tests.laws.traffic import REPORT, Envelope, of_group, record, shard

#: What shows that a message was sent at all.
_SIGNS: Final = {"sent", "deferred", "delivered", "bounced", "dropped"}


@st.composite
def mails(draw: st.DrawFn) -> list[Envelope]:
    """Draw events of few messages, now and then with an account, or to nobody."""
    events = draw(of_group("emails"))
    for event in events:
        data = event["data"]
        if draw(st.integers(0, 5)) == 0:
            data["user_id"] = draw(st.sampled_from(("u1", "u2")))
        if draw(st.integers(0, 9)) == 0:
            data["email_hash"] = "0" * 64
    return events


def copies(events: list[Envelope]) -> list[list[Envelope]]:
    """Part the events of a message by recipient: names that one event has both of are one, or one of each in all."""
    names = [(data.get("lead_id"), data.get("email_hash")) for event in events if (data := event["data"])]
    leads, hashes = {lead for lead, _ in names if lead}, {hashed for _, hashed in names if hashed}
    pairs = {(f"l{lead}", f"e{hashed}") for lead, hashed in names if lead and hashed}
    if len(leads) == len(hashes) == 1:
        pairs.add((f"l{leads.pop()}", f"e{hashes.pop()}"))
    whose = {
        name: name for name in (f"{kind}{one}" for both in names for kind, one in zip("le", both, strict=True) if one)
    }
    for _ in whose:
        for a, b in pairs:
            whose[a] = whose[b] = min(whose[a], whose[b])
    out: defaultdict[str, list[Envelope]] = defaultdict(list)
    for event, (lead, hashed) in zip(events, names, strict=True):
        out[whose[f"l{lead}" if lead else f"e{hashed}"]].append(event)
    return list(out.values())


def known(events: list[Envelope]) -> Known:
    """Give what is known of all messages."""
    by_message: defaultdict[str, list[Envelope]] = defaultdict(list)
    for event in events:
        by_message[event["data"]["message_id"]].append(event)
    out: Known = set()
    for message, some in by_message.items():
        for copy in copies(some):
            out |= of_copy(message, sorted(copy, key=at))
    return out


def of_copy(message: str, events: list[Envelope]) -> Known:
    """Give what is known of a copy by its events, in order."""
    ids = sorted({id for event in events for id in ids_of(event)})
    if not ids or not any(event["data"]["action"] in _SIGNS for event in events):
        return set()
    name = blake2b(f"{SITE}\x1f{message}".encode() + ids[0].hash, digest_size=8).hexdigest()
    first: dict[str, int] = {}
    leaving = [
        event["data"]["action"] for event in events if event["data"]["action"] in ("unsubscribed", "resubscribed")
    ]
    for event in events:
        what, data = event["data"]["action"], event["data"]
        is_machine = data.get("machine") and what in ("opened", "clicked")
        if what in ("delivered", "opened", "clicked", "replied", "unsubscribed") and not is_machine:
            first.setdefault(what, at(event)[0])
    if leaving and leaving[-1] == "resubscribed":
        first.pop("unsubscribed", None)
    purpose = next((said for event in events if (said := event["data"].get("email_purpose"))), None)
    return {
        (ids[0], Mailed(name, what, time_ms, what == "delivered" and purpose != "welcome"))
        for what, time_ms in first.items()
    }


def fold_all(data: st.DataObject, events: list[Envelope]) -> tuple[Any, Heard]:
    fold, heard = shard("emails", leads=3), Heard()
    for some in cut(data, data.draw(st.permutations(events), label="order")):
        tell(fold, heard, some)
    return fold, heard


@given(data=st.data())
def test_what_was_told_is_what_all_events_say(data: st.DataObject) -> None:
    events = data.draw(mails(), label="events")
    _, heard = fold_all(data, events)
    assert heard.facts == known(events)
    assert heard.links == {pair for event in events for pair in links(ids_of(event))}
    first: dict[Id, tuple[int, str]] = {}
    for event in sorted(events, key=at, reverse=True):
        first |= dict.fromkeys(ids_of(event), at(event))
    assert {id: name[1:] for id, name in heard.names.items()} == first


@given(data=st.data())
def test_neither_order_nor_followers_change_what_is_kept_and_counted(data: st.DataObject) -> None:
    events = data.draw(mails(), label="events")
    one, other, alone = shard("emails", leads=3), shard("emails", leads=3), shard("emails")
    sums, _ = folded(one, [events])
    again = cut(data, data.draw(st.permutations(events), label="order"))
    assert nonzero(folded(other, again)[0]) == nonzero(sums)
    assert remembered(other) == remembered(one)
    assert nonzero(folded(alone, again)[0]) == nonzero(sums), "whether people are followed changes no figure"


@given(data=st.data())
def test_a_shard_that_was_restored_goes_on_telling(data: st.DataObject) -> None:
    events = data.draw(mails(), label="events")
    fold, heard, log = shard("emails", leads=3), Heard(), dict[bytes, bytes]()
    for seq, some in enumerate(cut(data, events), 1):
        fold.fold([("email", [made for _, made in (record(event) for event in some)])])
        heard.hear(fold.stage.touches())
        for key, value in fold.changes(seq, REPORT).state:
            if value is None:
                log.pop(key, None)
            else:
                log[key] = value
        if data.draw(st.booleans(), label="restart"):
            fold = shard("emails", leads=3)
            for key, value in log.items():
                fold.load(key, value)
    assert heard.facts == known(events)
