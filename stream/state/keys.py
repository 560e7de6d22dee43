"""Keys: every struct that is stored, with the prefix of its keys, and the version of its bytes.

In:  nothing.
Out: the one list of what a restart reads back, in logs and on the deltas topic.

Structs are named and not imported: each lives in the room that understands it. Bytes of an example of each
lie in `tests/fixtures/stored`: a field is appended with a default, or the version rises. The version of the position
record is the format of all that lies beside it: it rises with a release whose state cannot go on from that of the one
before, and a worker refuses logs of any other format. A prefix is given once within its log and never again to
something else.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Stored(NamedTuple):
    """One kind of stored record."""

    name: str
    log: str  # shard: the log of a shard; rollup: that of the rollup; deltas: the topic between them
    prefix: bytes  # of the key; empty where records have no key
    struct: str  # what reads the value: a dotted name
    version: int = 1


#: Keys that begin with a zero byte are the shell's; all others are the centre's.
SHELL: Final = b"\x00"

PEOPLE: Final = Stored("people", "shard", b"v", "stream.stages.visitors.row.Row", 2)
KNOWN_PEOPLE: Final = Stored("known_people", "shard", b"y", "stream.stages.visitors.known.KnownSince")
COUNTED_BY: Final = Stored("counted_by", "shard", b"o", "stream.stages.visitors.counted_by.LookBack")
#: Who a visitor was seen as where no session was: what the crm says, and what nobody caused.
SIGHTINGS: Final = Stored("sightings", "shard", b"e", "stream.stages.visitors.sightings.Sightings")
#: Ids whose events do not count; a key is the prefix, a byte for the type and 16 of hash.
NO_CONSENT: Final = Stored("no_consent", "shard", b"z", "builtins.bytes")
AD_LEADS: Final = Stored("ad_leads", "shard", b"w", "stream.stages.visitors.row.AdLead", 2)
MESSAGES: Final = Stored("messages", "shard", b"m", "stream.stages.emails.message.Message", 2)
MESSAGE_PARTS: Final = Stored("message_parts", "shard", b"n", "stream.stages.emails.copy.Copy")
AD_TOTALS: Final = Stored("ad_totals", "shard", b"t", "stream.stages.ads.totals.Total", 2)
GRANULARITY: Final = Stored("granularity", "shard", b"g", "stream.stages.ads.grains.Grain", 2)
LEAD_HOMES: Final = Stored("lead_homes", "shard", b"b", "stream.stages.leads.rows.Row")
LEAD_PARTS: Final = Stored("lead_parts", "shard", b"p", "stream.stages.leads.rows.Part")
LEAD_DEALS: Final = Stored("lead_deals", "shard", b"d", "stream.stages.leads.rows.Deal")
LEAD_RULES: Final = Stored("lead_rules", "shard", b"r", "stream.stages.leads.rulebook.Applied")
TO_FORGET: Final = Stored("to_forget", "shard", b"f", "stream.stages.leads.rows.Waiting")
SIGNALS: Final = Stored("signals", "shard", b"u", "stream.stages.ads.signals.Latest")
KNOWN_IDS: Final = Stored("known_ids", "shard", b"i", "stream.state.known_ids.KnownIds", 2)
KNOWN_HORIZON: Final = Stored("known_horizon", "shard", b"h", "stream.state.horizon.Hours")
OWN_IDS: Final = Stored("own_ids", "shard", b"j", "stream.state.own_ids.OwnIds")
LABELS: Final = Stored("labels", "shard", b"l", "stream.state.labels.LabelGuard", 2)
ACCOUNT: Final = Stored("account", "shard", b"c", "stream.engine.account.Figures")
CHAIN: Final = Stored("chain", "shard", b"a", "stream.engine.chain.Links")
POSITION: Final = Stored("position", "shard", SHELL + b"position", "stream.worker.position.Position", 3)
#: The first record of a log, written once: the key comes never again, so that compaction leaves it where it is.
BIRTH: Final = Stored("birth", "shard", SHELL + b"birth", "stream.worker.life.Birth")

ROLLUP_CELLS: Final = Stored("rollup_cells", "rollup", b"x", "stream.rollup.snapshot.Snapshot", 2)
ROLLUP_SERIES: Final = Stored("rollup_series", "rollup", b"s", "stream.rollup.snapshot.Snapshot")
ROLLUP_PENDING: Final = Stored("rollup_pending", "rollup", b"p", "stream.rollup.snapshot.Snapshot", 3)
ROLLUP_AMOUNTS: Final = Stored("rollup_amounts", "rollup", b"a", "stream.rollup.snapshot.Snapshot")
ROLLUP_MARKS: Final = Stored("rollup_marks", "rollup", b"k", "stream.rollup.snapshot.Snapshot")
STANDING: Final = Stored("standing", "rollup", b"d", "stream.rollup.standing.Standing", 2)
LABEL_BUDGET: Final = Stored("label_budget", "rollup", b"b", "stream.rollup.stored_budget.StoredBudget", 3)
ROLLUP_CLOCK: Final = Stored("rollup_clock", "rollup", b"q", "stream.rollup.rollup.Rollup")
ROLLUP_POSITION: Final = Stored(
    "rollup_position", "rollup", SHELL + b"position", "stream.worker.rollup_shard.RollupPosition", 3
)
ROLLUP_BIRTH: Final = Stored("rollup_birth", "rollup", BIRTH.prefix, "stream.worker.life.Birth")
ROLLUP_ALIVE: Final = Stored("rollup_alive", "rollup", SHELL + b"alive", "builtins.bytes")
#: Written by the generation that takes over, into the log of the one before it.
ROLLUP_SUCCESSOR: Final = Stored("rollup_successor", "rollup", SHELL + b"successor", "builtins.bytes")

DELTA: Final = Stored("delta", "deltas", b"", "stream.changes.deltas.Delta", 3)
#: All of it is the key: there is no value, and who knows no such records passes over them.
HOLDS: Final = Stored("holds", "deltas", b"h", "stream.changes.holds.Holds")

STORED: Final = (
    PEOPLE,
    KNOWN_PEOPLE,
    COUNTED_BY,
    SIGHTINGS,
    NO_CONSENT,
    AD_LEADS,
    MESSAGES,
    MESSAGE_PARTS,
    AD_TOTALS,
    GRANULARITY,
    SIGNALS,
    LEAD_HOMES,
    LEAD_PARTS,
    LEAD_DEALS,
    LEAD_RULES,
    TO_FORGET,
    KNOWN_IDS,
    KNOWN_HORIZON,
    OWN_IDS,
    LABELS,
    ACCOUNT,
    CHAIN,
    POSITION,
    BIRTH,
    ROLLUP_CELLS,
    ROLLUP_SERIES,
    ROLLUP_PENDING,
    ROLLUP_AMOUNTS,
    ROLLUP_MARKS,
    STANDING,
    LABEL_BUDGET,
    ROLLUP_CLOCK,
    ROLLUP_POSITION,
    ROLLUP_BIRTH,
    ROLLUP_ALIVE,
    ROLLUP_SUCCESSOR,
    DELTA,
    HOLDS,
)
