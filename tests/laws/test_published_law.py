"""Published: what shards of leads are told of visitors is what all events together say, whatever their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.changes.panes import DAY_MS
from stream.contract.records import CLAIM, KIND_HEADER
from stream.contract.times import format_ms
from stream.engine.commit import ShardReport
from stream.engine.shard import ShardFold
from stream.identity import orders
from stream.identity.ids import VISITOR, Id, links
from stream.identity.messages import Drop, Link, Name, Put, Seen, told
from stream.ingest.decode import Limits
from tests.laws.followed import NAMER, SITE, Claim, Known, at, claims, ids_of, known, naming, on_platforms, said
from tests.laws.sums import nonzero, remembered
from tests.laws.test_folds_law import cut, folded
from tests.laws.traffic import REPORT, Envelope, batch, shard


class Heard:
    """What the shards of leads were told so far."""

    def __init__(self) -> None:
        self.facts: Known = set()
        self.links: set[tuple[Id, Id]] = set()
        self.seen: set[tuple[Id, str]] = set()
        self.names: dict[Id, tuple[str, int, str]] = {}
        self.claimed: set[Id] = set()

    def hear(self, touches: Mapping[int, Sequence[msgspec.Raw]]) -> None:
        for home, messages in touches.items():
            for message in told(messages):
                assert message.at.home == home
                if not isinstance(message, Name) and message.at not in self.claimed:
                    assert message.at in self.names, "named before anything else"
                self._one(message)

    def _one(self, message: Any) -> None:
        match message:
            case Put():
                self.facts.add((message.id, message.fact))
            case Drop():
                self.facts.remove((message.id, message.fact))
            case Link():
                self.links.add((message.at, message.other))
            case Seen():
                assert message.visitor == NAMER.id(VISITOR, SITE, message.visitor_text)
                self.seen.add((message.at, message.visitor_text))
            case Name():
                known = self.names.get(message.id)
                first = (message.text, message.seen_ms, message.seen_id)
                if known is None or first[1:] < known[1:]:
                    self.names[message.id] = first


def hand_over(kind: bytes, order: object) -> tuple[Any, ...]:
    return 0, 0, b"", orders.encode(order), ((KIND_HEADER, kind),)


def claim(one: Claim) -> tuple[Any, ...]:
    visitor, time_ms, name, email = one
    return hand_over(CLAIM, orders.Claim(SITE, visitor, NAMER.id(0, SITE, email), time_ms, name))


def tell(fold: ShardFold, heard: Heard, events: list[Envelope], claimed: Iterable[Claim] = ()) -> None:
    """Fold a batch, and let the shards of leads hear of it."""
    claimed = list(claimed)
    heard.claimed |= {NAMER.id(0, SITE, email) for _, _, _, email in claimed}
    fold.fold([("handover", [claim(one) for one in claimed]), *batch(events)])
    heard.hear(fold.stage.touches())
    fold.take_delta(1, REPORT)


def parted(
    data: st.DataObject, events: list[Envelope], claimed: list[Claim]
) -> list[tuple[list[Envelope], list[Claim]]]:
    """Cut events and claims into batches that come together."""
    batches = [(some, list[Claim]()) for some in cut(data, events)]
    for one in claimed:
        data.draw(st.sampled_from(batches), label="comes with")[1].append(one)
    return batches


def messages(fold: ShardFold) -> list[list[Any]]:
    """Give what a commit tells, in an order of its own."""
    touches = fold.stage.touches()
    return [[home, *sorted(map(bytes, some))] for home, some in sorted(touches.items())]


@given(data=st.data())
def test_what_was_told_is_what_all_events_say(data: st.DataObject) -> None:
    events, claimed = data.draw(naming(), label="events"), data.draw(claims(), label="claims")
    fold, heard = shard("visitors", leads=3), Heard()
    for some, others in parted(data, data.draw(st.permutations(events), label="order"), claimed):
        tell(fold, heard, some, others)
    assert heard.facts == known(events, claimed) | on_platforms(events)


@given(data=st.data())
def test_names_links_and_sights_are_those_of_all_events(data: st.DataObject) -> None:
    events, claimed = data.draw(naming(), label="events"), data.draw(claims(), label="claims")
    fold, heard = shard("visitors", leads=3), Heard()
    for some, others in parted(data, data.draw(st.permutations(events), label="order"), claimed):
        tell(fold, heard, some, others)
    assert heard.links == {pair for event in events for pair in links(ids_of(event))}
    seen = {(id, visitor) for event in events if (visitor := event["data"].get("visitor_id")) for id in ids_of(event)}
    assert heard.seen == seen | {(NAMER.id(0, SITE, email), visitor) for visitor, _, _, email in claimed}
    first: dict[Id, tuple[int, str]] = {}
    for event in sorted(events, key=at, reverse=True):
        first |= dict.fromkeys(ids_of(event), at(event))
    assert {id: name[1:] for id, name in heard.names.items() if id.strong} == first


@given(data=st.data())
def test_both_ways_tell_the_same(data: st.DataObject) -> None:
    events, claimed = data.draw(naming(max_size=40), label="events"), data.draw(claims(), label="claims")
    if data.draw(st.booleans(), label="in order"):
        events = sorted(events, key=at)
    fast, general = (shard("visitors", general=way, leads=3, native="off") for way in (False, True))
    # whoever is told by the core is told in other messages, and of the same
    core, again = shard("visitors", leads=3), shard("visitors", leads=3, native="off")
    names: list[dict[Any, tuple[int, str]]] = [{}, {}]
    for some, others in parted(data, events, claimed):
        records = [("handover", [claim(one) for one in others]), *batch(some)]
        for fold in (fast, general, core, again):
            fold.fold(records)
        assert messages(fast) == messages(general)
        assert said(core, names[0]) == said(again, names[1])
        assert remembered(fast) == remembered(general) == remembered(core)


@given(data=st.data())
def test_neither_order_nor_followers_change_what_is_kept_and_counted(data: st.DataObject) -> None:
    events = data.draw(naming(), label="events")
    one, other, alone = shard("visitors", leads=3), shard("visitors", leads=3), shard("visitors")
    sums, account = folded(one, [events])
    again = cut(data, data.draw(st.permutations(events), label="order"))
    other_sums, other_account = folded(other, again)
    assert remembered(other) == remembered(one)
    assert nonzero(other_sums) == nonzero(sums)
    assert other_account == account
    assert nonzero(folded(alone, again)[0]) == nonzero(sums), "whether people are followed changes no figure"


@given(data=st.data())
def test_a_shard_that_was_restored_goes_on_telling(data: st.DataObject) -> None:
    events, claimed = data.draw(naming(), label="events"), data.draw(claims(), label="claims")
    fold, heard, log = shard("visitors", leads=3), Heard(), dict[bytes, bytes]()
    for seq, (some, others) in enumerate(parted(data, events, claimed), 1):
        heard.claimed |= {NAMER.id(0, SITE, email) for _, _, _, email in others}
        fold.fold([("handover", [claim(one) for one in others]), *batch(some)])
        heard.hear(fold.stage.touches())
        for key, value in fold.changes(seq, REPORT).state:
            if value is None:
                log.pop(key, None)
            else:
                log[key] = value
        if data.draw(st.booleans(), label="restart"):
            fold = shard("visitors", leads=3)
            for key, value in log.items():
                fold.load(key, value)
    assert heard.facts == known(events, claimed) | on_platforms(events)


@pytest.mark.parametrize("memory_days", [35, 401])
@given(data=st.data())
def test_of_months_as_much_is_told_as_lives_reach_back(memory_days: int, data: st.DataObject) -> None:
    """Events come about in order: what is told does not depend on when a row is forgotten."""
    days = data.draw(st.lists(st.integers(0, 40), min_size=2, max_size=6), label="days between visits")
    visits = [data.draw(naming(DAY_MS // 8, max_size=5)) for _ in days]
    events: list[Envelope] = []
    for n, (days_on, some) in enumerate(zip(accumulate(days), visits, strict=True)):
        for event in some:
            time_ms = at(event)[0] + days_on * DAY_MS
            events.append({**event, "id": f"{n}-{event['id']}", "time": format_ms(time_ms)})
    events.sort(key=at)
    claimed = [
        (who, time_ms + data.draw(st.integers(0, sum(days))) * DAY_MS, name, email)
        for who, time_ms, name, email in data.draw(claims(), label="claims")
    ]
    limits = Limits(lateness_ms=400 * DAY_MS)
    fold, heard = shard("visitors", leads=3, limits=limits, memory_ms=memory_days * DAY_MS), Heard()
    waiting = sorted(claimed, key=lambda one: one[1])
    for some in cut(data, events):
        newest_ms = at(some[-1])[0]
        now = [one for one in waiting if one[1] <= newest_ms]
        waiting = [one for one in waiting if one[1] > newest_ms]
        fold.fold([("handover", [claim(one) for one in now]), *batch(some, newest_ms + DAY_MS)])
        heard.claimed |= {NAMER.id(0, SITE, email) for _, _, _, email in now}
        heard.hear(fold.stage.touches())
        fold.changes(1, ShardReport(caught_up=True, now_ms=newest_ms + DAY_MS))
    heard.claimed |= {NAMER.id(0, SITE, email) for _, _, _, email in waiting}
    fold.fold([("handover", [claim(one) for one in waiting])])
    heard.hear(fold.stage.touches())
    assert heard.facts == known(events, claimed) | on_platforms(events)
