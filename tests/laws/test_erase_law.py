"""Erase: what is erased is as if it had never been told, and what was counted stays counted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stream.contract.records import ERASE
from stream.engine.shard import ShardFold
from stream.identity import orders
from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Id
from stream.state.marks import Marks
from stream.state.rows import Rows
from tests.laws import test_mailed_law as mailed
from tests.laws.followed import NAMER, SITE, VisitorBook, at, ids_of, known, naming, on_platforms
from tests.laws.sums import Sums, add_delta
from tests.laws.test_folds_law import cut
from tests.laws.test_published_law import Heard, hand_over
from tests.laws.traffic import REPORT, Envelope, batch, shard

_IDS = (
    *(NAMER.id(EMAIL, SITE, text * 64) for text in "ab"),
    *(NAMER.id(LEAD, SITE, text) for text in ("L1", "L2", "google:L1", "meta:L1", "google:L2", "meta:L2")),
    *(NAMER.id(USER, SITE, text) for text in ("u1", "u2")),
)
_VISITORS = {NAMER.id(VISITOR, SITE, text): text for text in ("ann", "bob", "cat")}
_FIELDS = {EMAIL: "email_hash", LEAD: "lead_id", USER: "user_id"}

whose = st.sets(st.sampled_from((*_IDS, *_VISITORS)), min_size=1, max_size=4)


def erase(visitor: str, ids: Collection[Id]) -> tuple[Any, ...]:
    return hand_over(ERASE, orders.Erase(SITE, visitor, sorted(ids)))


def stored(fold: ShardFold) -> bytes:
    """Give all that a shard holds of people."""
    out = b""
    for table in fold.stage.tables:
        assert isinstance(table, Rows | Marks) or not table.changes()
        for key, raw in table.encoded.items() if isinstance(table, Rows) else ():
            out += key.encode() + raw
    return out


def without(event: Envelope, ids: Collection[Id]) -> Envelope:
    """Take ids out of an event."""
    data = dict(event["data"])
    for id in set(ids_of(event)) & set(ids):
        del data[_FIELDS[id.type]]
    return {**event, "data": data}


def left(events: list[Envelope], ids: Collection[Id]) -> list[Envelope]:
    """Give what is left of events when the sessions of some ids are gone, and the ids from others."""
    out: list[Envelope] = []
    for visitor in _VISITORS.values():
        some = [event for event in events if event["data"].get("visitor_id") == visitor]
        if some and NAMER.id(VISITOR, SITE, visitor) not in ids:
            book = VisitorBook(visitor, some)
            out += [without(event, ids) for event in some if book.owner_of(event) not in ids]
    gone: set[tuple[str, ...]] = set()
    on_platform = [event for event in events if "platform" in event["data"]]
    for event in on_platform:
        if not set(ids).isdisjoint(ids_of(event)) and event["data"]["action"] == "submit":
            gone.add((event["data"]["platform"], event["data"]["lead_id"]))
    return out + [one for one in on_platform if (one["data"]["platform"], one["data"]["lead_id"]) not in gone]


@given(data=st.data())
def test_of_visitors_nothing_is_left_and_others_stay(data: st.DataObject) -> None:
    events, ids = data.draw(naming(max_size=30), label="events"), data.draw(whose, label="whose")
    place = data.draw(st.integers(0, len(events)), label="before the erasure")
    early, late = events[:place], events[place:]
    fold, heard, sums = shard("visitors", leads=3), Heard(), Sums()

    def commit(inputs: list[Any]) -> Sums:
        fold.fold(inputs)
        heard.hear(fold.stage.touches())
        delta = fold.take_delta(1, REPORT)
        add_delta(sums, delta)
        alone = Sums()
        add_delta(alone, delta)
        return alone

    for some in cut(data, early) if early else ():
        commit(batch(some))
    everywhere = data.draw(st.booleans(), label="every row")
    visitors = [""] if everywhere else ["", *_VISITORS.values()]
    change = commit([("handover", [erase(visitor, ids) for visitor in visitors])])
    assert all(n >= 0 for n in change.values()), "nothing is taken back"
    assert not any(id.hash in stored(fold) for id in ids)
    # of a form on a platform no more is kept than is counted: the shards of leads forget the others by themselves
    erased = {id for id in ids if id.strong or not everywhere}  # a visitor is asked for by name
    theirs = {one for one in heard.facts if one[0] in erased}
    assert not any(getattr(fact, "visitor", "") for _, fact in theirs)
    heard.facts -= theirs
    rest = left(early, erased)
    assert heard.facts == known(rest) | on_platforms(rest)
    for some in cut(data, late) if late else ():
        commit(batch(some))
    assert heard.facts == known(rest + late) | on_platforms(rest + late)
    negative = {name: n for name, n in sums.items() if n < 0 and "value" not in name[0]}
    assert not negative


@given(data=st.data())
def test_of_mails_nothing_is_left_and_others_stay(data: st.DataObject) -> None:
    events = data.draw(mailed.mails(), label="events")
    ids = data.draw(st.sets(st.sampled_from(_IDS), min_size=1, max_size=3), label="whose")
    fold, heard = mailed.fold_all(data, events)
    fold.fold([("handover", [erase("", ids)])])
    heard.hear(fold.stage.touches())
    change = Sums()
    add_delta(change, fold.take_delta(1, REPORT))
    assert not any(change.values()), "what was counted stays counted"
    assert not any(id.hash in stored(fold) for id in ids)
    by_message: dict[str, list[Envelope]] = {}
    for event in events:
        by_message.setdefault(event["data"]["message_id"], []).append(event)
    kept = [
        copy for some in by_message.values() for copy in mailed.copies(some)
        if set(ids).isdisjoint(id for event in copy for id in ids_of(event))
    ]  # fmt: skip
    expected = set().union(*(mailed.of_copy(copy[0]["data"]["message_id"], sorted(copy, key=at)) for copy in kept))
    assert heard.facts == expected
