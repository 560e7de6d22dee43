"""Messages between groups: they come back as they went, and no record is too large."""

from __future__ import annotations

import pytest

from stream.identity.facts import Visit
from stream.identity.ids import EMAIL, LEAD, VISITOR, Namer, is_junk, links
from stream.identity.messages import Put, Seen, Touches, encode, pack, told, unpack

NAMER = Namer(3)


def test_messages_come_back() -> None:
    who, visitor = NAMER.id(EMAIL, "s", "e1"), NAMER.id(VISITOR, "s", "v1")
    messages = [Put(who, who, Visit("aa", 1, "direct", "")), Seen(who, visitor, "v1")]
    (record,) = pack(Touches("visitors", 1, "life", 5, 4, 3, [encode(one) for one in messages]))
    found = unpack(record)
    assert (found.seq, found.prev) == (5, 4)
    assert told(found.messages) == messages


def test_large_commits_go_in_a_chain_of_records() -> None:
    who = NAMER.id(EMAIL, "s", "e1")
    messages = [encode(Put(who, who, Visit("aa", at, "direct", "x" * 2_000))) for at in range(1_000)]
    records = pack(Touches("visitors", 1, "life", 5, 2, 3, messages))
    assert len(records) > 2
    assert max(map(len, records)) < 800_000
    parts = [unpack(one) for one in records]
    assert [(one.prev, one.seq) for one in parts] == [(2, 5), *((5 + n, 6 + n) for n in range(len(parts) - 1))]
    assert [bytes(one) for part in parts for one in part.messages] == [bytes(one) for one in messages]


def test_who_has_nothing_to_say_says_how_far_they_have_come() -> None:
    (record,) = pack(Touches("visitors", 1, "life", 5, 4, 3, []))
    assert unpack(record) == Touches("visitors", 1, "life", 5, 4, 3, [])


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_ids_are_of_a_site_and_a_type(partitioner: str) -> None:
    namer = Namer(5, partitioner)
    ids = {namer.id(type, site, "x") for type in (EMAIL, LEAD) for site in ("s", "t")}
    assert len(ids) == 4
    assert len({id.home for id in ids}) == 1, "the home is that of the value"


def test_what_names_nobody() -> None:
    assert is_junk(' "NULL" ')
    assert is_junk("000")
    assert not is_junk("l-1")
    namer = Namer(1, ignore=["lead_id:house", "info"])
    assert namer.ignored(LEAD, "house")
    assert not namer.ignored(EMAIL, "house")
    assert namer.strong("s", "info", "l1", None) == [namer.id(LEAD, "s", "l1")]


def test_each_two_ids_are_linked_once() -> None:
    email, lead, user = (NAMER.id(type, "s", "x") for type in range(3))
    assert links([email, lead, user]) == [(lead, email), (user, email), (user, lead)]
