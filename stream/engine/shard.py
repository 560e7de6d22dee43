"""The whole flow of one shard on one screen: records in, state and deltas out.

    decode → route → known ids → classify → fold into rows → changes of cells

In:  batches of records of the sources of a shard, as plain tuples.
Out: what one commit writes: rows, a packed delta, dead letters, forwarded records.

Knows no Kafka, no clock and no settings; the order of steps is decided here and nowhere else. Each record ends in
exactly one place, and the account says where: accepted = counted + duplicate + filtered + dead-lettered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream import catalog
from stream.changes.deltas import PANE_MASK, Delta, Sink, pack
from stream.changes.panes import DAY_MS, HOUR_MS, Grid, window_ms
from stream.contract import dead_letter
from stream.contract.kinds import KindName, is_kind
from stream.contract.records import FROM_HEADER, KIND_HEADER, REROUTE, UNIT, Changes, Forward, Record, ShardReport
from stream.contract.rejects import Reject
from stream.contract.times import parse_ms
from stream.ingest.channel import touches
from stream.ingest.classify import classify
from stream.ingest.columns import Columns, columns_of, names_of
from stream.ingest.countries import country_of
from stream.ingest.decode import Limits, decode
from stream.ingest.route import canonical_keys, partitions_of
from stream.stages.ads import Ads
from stream.stages.emails import Emails
from stream.stages.visitors.facts import CHAT, FORM, PLATFORM_CHANNELS, Fact, FactFields, Facts, People
from stream.stages.visitors.fold import Visitors
from stream.stages.visitors.limits import Flood
from stream.stages.visitors.row import AdLead
from stream.state.known_ids import DEFAULT_CAP_BYTES, KnownIds, hash_ids
from stream.state.labels import LabelGuard, clean
from stream.windows.levels import PLAN, level_of

#: group → the kinds whose topics are partitioned alike.
GROUPS: Final[dict[str, tuple[KindName, ...]]] = {
    "visitors": ("page_view", "form", "chatbot"),
    "emails": ("email",),
    "ads": ("ad",),
}

#: Kind of cell → the panes that the windows are made of in which it is shown.
PANES_MS: Final = {
    kind: PLAN[level_of(min(map(window_ms, windows)))][1] for kind, windows in catalog.windows_of_cells().items()
}
_SWEPT_A_COMMIT: Final = 100
#: How far the clocks of a broker and of a worker may be apart.
_CLOCKS_APART_MS: Final = 2 * HOUR_MS
#: The longest window, and how far back figures that end before now may end.
_TOTALS_MEMORY_MS: Final = (90 + 35) * DAY_MS
_encode = msgspec.msgpack.Encoder().encode


class Books(msgspec.Struct, array_like=True):
    """A shard's account since its beginning, stored with its rows."""

    account: dict[str, int] = {}
    newest_ms: dict[str, int] = {}
    oldest_ms: int | None = None


_decode_books = msgspec.msgpack.Decoder(Books).decode


@dataclass(frozen=True, slots=True)
class FoldOptions:
    """What the fold of a shard depends on, beside its records."""

    limits: Limits = Limits()
    partitioner: str = "murmur2"
    require_consent: bool = False
    topic_prefix: str = ""
    grid: Grid = Grid()
    memory_ms: int = 35 * DAY_MS
    flood: Flood = Flood()
    label_limit: int = 1_000
    known_ids_bytes: int = DEFAULT_CAP_BYTES


class ShardFold:
    """The state of one shard, and how records change it."""

    def __init__(self, group: str, shard: int, shards: int, options: FoldOptions = FoldOptions()) -> None:
        self.group, self.shard, self.shards, self.options = group, shard, shards, options
        self.kinds = GROUPS[group]
        self.known_ids = KnownIds(options.known_ids_bytes)
        self.labels = LabelGuard(options.label_limit)
        self.books = Books()
        self._stored_books = b""
        self._read: set[str] = set()  # kinds of which records came since the last commit
        self._heard_ms: dict[str, int] = {}  # kind → when that was last so, by the clock of the shell
        # shard that forwards → the newest event of its latest batch, and when that came by the clock of the shell
        self._forwarding: dict[bytes, tuple[int, int | None]] = {}
        # whoever asks for another grid than that of the levels wants to see every change where it is
        self._gathers = options.grid.pane_ms == PLAN[0][1]
        steps = {kind: pane_ms // PLAN[0][1] for kind, pane_ms in PANES_MS.items()}
        self._sink = Sink(steps if self._gathers else None)
        self._dead: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []
        self._forwards: list[Forward] = []
        self._placed: dict[str, int] = {}
        self.facts = Facts(self._admit)
        self.visitors = Visitors(options.grid, self.facts, options.memory_ms, options.flood)
        self.emails = Emails(options.grid, self._admit, options.memory_ms)
        self.ads = Ads(options.grid, self._admit)
        self._rows = {
            rows.prefix: rows
            for rows in (self.visitors.rows, self.visitors.ad_leads, self.emails.rows, self.ads.totals)
        }

    # state ------------------------------------------------------------------------------------------------

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log, in order, before any fold."""
        prefix = key[:1]
        rows = self._rows.get(prefix)
        if rows is not None:
            rows.load(key, value)
        elif prefix == b"i":
            self.known_ids.load(key, value)
        elif prefix == b"l":
            self.labels.load(key, value)
        elif prefix == b"g":
            self.ads.load(key, value)
        elif prefix == b"c" and value is not None:
            self.books, self._stored_books = _decode_books(value), value

    def changes(self, seq: int, report: ShardReport) -> Changes:
        """Give what this commit must write, and forget it."""
        self._expire(report)
        state: list[tuple[bytes, bytes | None]] = []
        for rows in self._rows.values():
            state += rows.changes()
        state += self.ads.changes()
        state += self.known_ids.changes()
        state += self.labels.changes()
        dead, self._dead = self._dead, []
        forwards, self._forwards = self._forwards, []
        deltas = pack(self._unpacked(seq, report, self.options.grid if self._gathers else None))
        books = _encode(self.books)
        if books != self._stored_books:  # a batch of nothing but duplicates changes the account alone
            self._stored_books = books
            state.append((b"c", books))
        return Changes(state, deltas, dead, forwards)

    def take_delta(self, seq: int, report: ShardReport) -> Delta:
        """Give the delta unpacked: for a replay, which writes nothing."""
        self._dead.clear()
        for rows in self._rows.values():
            rows.dirty.clear()
        return self._unpacked(seq, report)

    # the flow ---------------------------------------------------------------------------------------------

    def fold(self, batches: Sequence[tuple[str, Sequence[Record]]]) -> None:
        """Fold records of any sources of the shard together; bad input is data and never raises."""
        people: People = defaultdict(list)
        for source, records in batches:
            for kind, some in self._by_kind(source, records):
                counted = self._ingest(kind, some, source)
                if len(counted):
                    self._stage(counted, people)
        if people and (flood := self.visitors.fold(people, self._sink)):
            self._flood(flood)

    def _by_kind(self, source: str, records: Sequence[Record]) -> list[tuple[KindName, Sequence[Record]]]:
        """Say of which kind records are: the source's, or what a forwarded record has in its header."""
        if is_kind(source):
            return [(source, records)]
        by_kind: dict[KindName, list[Record]] = {}
        for record in records:
            named = (dict(record[4]).get(KIND_HEADER) or b"").decode("ascii", "replace")
            by_kind.setdefault(named if is_kind(named) and named in self.kinds else self.kinds[0], []).append(record)
        return list(by_kind.items())

    def _ingest(self, kind: KindName, records: Sequence[Record], source: str) -> Columns:
        """Take a batch of one kind as far as what counts, and account for the rest."""
        account = self.books.account
        decoded = decode(kind, records, self.options.limits)
        self._read.add(kind)
        _bump(account, f"{kind}/clock_ahead", decoded.clock_ahead)
        for reject in decoded.rejects:
            self._bury(kind, records, source, reject)
        columns = columns_of(kind, decoded)
        if self.shards > 1 and source != REROUTE:
            columns = self._forward(columns, records)
        forwarded = len(decoded.events) - len(columns)
        _bump(account, f"{kind}/accepted", len(records) - forwarded)

        hours = columns.times // HOUR_MS
        dropped = self.known_ids.dropped_before_hour
        if source == REROUTE:
            self._hear(columns, records)
            # the shard that it comes from may be days behind: whether this is a copy is not known here any more
            forgotten = self.known_ids.forgotten_before_hour
            dropped = max(filter(None, (dropped, forgotten)), default=None)
        if dropped is not None and len(hours) and int(hours.min()) < dropped:
            early = hours < dropped
            for at in np.flatnonzero(early).tolist():
                self._bury(kind, records, source, Reject(columns.index[at], "too_late", "time", columns.sites[at]))
            columns = columns.only(~early)
            hours = hours[~early]
        if not len(columns):
            return columns

        repeated = self.known_ids.check(hash_ids(names_of(kind, columns.events)), hours)
        if repeated.any():
            again = columns.only(repeated)
            self._tally("refused", again, again.arrivals)
            _bump(account, f"{kind}/duplicate", len(again))
            columns = columns.only(~repeated)
        reasons = classify(kind, columns.events, require_consent=self.options.require_consent)
        if reasons.count(None) < len(reasons):
            columns = self._filter(columns, reasons)
        if not len(columns):
            return columns

        _bump(account, f"{kind}/counted", len(columns))
        for place in decoded.ignored.keys() & columns.index if decoded.ignored else ():
            for path in decoded.ignored[place]:
                _bump(account, f"{kind}/ignored/{path}", 1)
        self._tally("counted", columns, columns.arrivals)
        self._tally("traffic", columns, columns.times, "human")
        books, newest, oldest = self.books, int(columns.times.max()), int(columns.times.min())
        books.newest_ms[kind] = max(newest, books.newest_ms.get(kind, 0))
        if books.oldest_ms is None or oldest < books.oldest_ms:
            books.oldest_ms = oldest
        return columns

    def _filter(self, columns: Columns, reasons: list[str | None]) -> Columns:
        """Account for events that do not count, and give the others."""
        kind, pane, sites = columns.kind, self.options.grid.pane, self.facts.sites
        for at, reason in enumerate(reasons):
            if reason is not None:
                _bump(self.books.account, f"{kind}/filtered/{reason}", 1)
                if reason != "no_consent":
                    moment = pane(int(columns.times[at]))
                    self._sink.add(("traffic", sites[columns.sites[at]], kind, reason), moment, 1)
        counts = np.fromiter((reason is None for reason in reasons), np.bool_, len(reasons))
        refused = columns.only(~counts)
        self._tally("refused", refused, refused.arrivals)
        return columns.only(counts)

    def _stage(self, columns: Columns, people: People) -> None:
        """Hand events that count to the stage that keeps their rows."""
        kind = columns.kind
        if kind == "page_view":
            self.facts.views(people, columns, touches(columns.events))
        elif kind == "chatbot":
            self.facts.others(people, CHAT, columns, touches(columns.events))
        elif kind == "form":
            if "" in columns.keys:
                on_site = np.fromiter(map(bool, columns.keys), np.bool_, len(columns))
                self._ad_leads(columns, on_site)
                columns = columns.only(on_site)
            self.facts.others(people, FORM, columns, touches(columns.events))
        elif kind == "email":
            messages: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
            for key, event, time_ms in zip(columns.keys, columns.events, columns.times.tolist(), strict=True):
                messages[key].append((time_ms, event))
            self.emails.fold(messages, self._sink)
        else:
            self.ads.fold(columns.events, columns.times.tolist(), self._sink)

    def _ad_leads(self, columns: Columns, on_site: NDArray[np.bool_]) -> None:
        """Count leads known from forms that were filled in on an ad platform; they have no visit."""
        for at in np.flatnonzero(~on_site).tolist():
            event, time_ms = columns.events[at], int(columns.times[at])
            data = event.data
            if data.action != "submit":
                continue
            key = data.site_id + UNIT + (data.lead_id or data.email_hash)
            lead = AdLead(time_ms, time_ms, event.id, PLATFORM_CHANNELS.get(data.platform, "paid_other"))
            self.visitors.fold_ad_lead(key, self.facts.sites[data.site_id], lead, self._sink)

    # routing ----------------------------------------------------------------------------------------------

    def _forward(self, columns: Columns, records: Sequence[Record]) -> Columns:
        """Send records that belong to another shard there, and give the others; who has a row here belongs here."""
        kind, events = columns.kind, columns.events
        known = {} if kind == "ad" else (self.emails.rows if kind == "email" else self.visitors.rows).encoded
        unsure = [at for at, here in enumerate(map(known.__contains__, columns.keys)) if not here]
        if not unsure:
            return columns
        places = self._shards_of(kind, canonical_keys(kind, [events[at] for at in unsure]))
        if places.count(self.shard) == len(places):
            return columns
        stays = np.ones(len(events), np.bool_)
        for at, place in zip(unsure, places, strict=True):
            if place != self.shard:
                stays[at] = False
                _, timestamp_ms, key, value, headers = records[columns.index[at]]
                tagged = [*headers, (KIND_HEADER, kind.encode()), (FROM_HEADER, str(self.shard).encode())]
                self._forwards.append(Forward(place, key, value, timestamp_ms, tagged))
                if (parse_ms(events[at].time) or 0) > timestamp_ms:
                    _bump(self.books.account, f"{kind}/clock_ahead", -1)  # whoever counts it will say so
        _bump(self.books.account, f"{kind}/rerouted", len(events) - int(stays.sum()))
        return columns.only(stays)

    def _hear(self, columns: Columns, records: Sequence[Record]) -> None:
        """Note how far the shards have come that forward records here: they may be slow sources, as others are."""
        newest: dict[bytes, int] = {}
        for index, time_ms in zip(columns.index, columns.times.tolist(), strict=True):
            origin = dict(records[index][4]).get(FROM_HEADER)
            if origin is not None:
                newest[origin] = max(time_ms, newest.get(origin, 0))
        self._forwarding.update((origin, (time_ms, None)) for origin, time_ms in newest.items())

    def _shards_of(self, kind: str, keys: list[str]) -> list[int]:
        if kind != "ad":
            return partitions_of(keys, self.shards, self.options.partitioner).tolist()  # type: ignore[no-any-return]
        placed = self._placed  # few campaigns make many events
        fresh = list({key for key in keys if key not in placed})
        if fresh:
            if len(placed) > 16_384:
                placed.clear()
                fresh = list(set(keys))
            placed.update(zip(fresh, partitions_of(fresh, self.shards, self.options.partitioner).tolist(), strict=True))
        return [placed[key] for key in keys]

    # accounts ---------------------------------------------------------------------------------------------

    def _admit(self, label: str, value: str | None) -> str:
        if label == "country":
            value = country_of(value)
        return self.labels.admit(label, clean(value))

    def _bury(self, kind: KindName, records: Sequence[Record], source: str, reject: Reject) -> None:
        """Keep a record that cannot be counted, with the reason."""
        _bump(self.books.account, f"{kind}/dead_lettered/{reject.reason}", 1)
        record = records[reject.index]
        site = self.facts.sites[reject.site]
        self._sink.add(("refused", site, kind), self.options.grid.pane(record[1]), 1)
        prefix = self.options.topic_prefix
        topic = f"{prefix}leadpulse.reroute.{self.group}" if source == REROUTE else f"{prefix}{kind}"
        self._dead.append(dead_letter.encode(reject, record, kind, topic, self.shard))

    def _tally(self, what: str, columns: Columns, moments: NDArray[np.int64], *labels: str) -> None:
        """Count a batch by site and pane."""
        grid, counts, ids, sites = self.options.grid, self._sink.counts, self._sink.ids, self.facts.sites
        cells = [ids[(what, sites[site], columns.kind, *labels)] for site in columns.named]
        for code, pane, n in columns.tallies(moments, grid.origin_ms, grid.pane_ms):
            counts[cells[code] + min(max(pane, 0), PANE_MASK)] += n

    def _flood(self, flood: list[Fact]) -> None:
        """Account for events over a person's bound: they were counted before the row was looked at."""
        account, pane = self.books.account, self.options.grid.pane
        for fact in map(FactFields._make, flood):
            kind = {FORM: "form", CHAT: "chatbot"}.get(fact.code, "page_view")
            site = self.facts.sites[fact.site_id]
            _bump(account, f"{kind}/counted", -1)
            _bump(account, f"{kind}/filtered/flood", 1)
            self._sink.add(("counted", site, kind), pane(fact.arrival_ms), -1)
            self._sink.add(("refused", site, kind), pane(fact.arrival_ms), 1)

    def _unpacked(self, seq: int, report: ShardReport, grid: Grid | None = None) -> Delta:
        books = self.books
        newest_ms = max(books.newest_ms.values(), default=0)
        if report.now_ms:  # no windows end later than this, whatever a record says
            newest_ms = min(newest_ms, report.now_ms + DAY_MS)
        names, index, panes, amounts, spreads = self._sink.take(grid, newest_ms)
        gauges: dict[str, float] = {}
        dropped, newest = self.known_ids.dropped_before_hour, max(books.newest_ms.values(), default=0)
        horizon = self.options.limits.lateness_ms
        if dropped is not None:
            horizon = min(horizon, max(0, newest - dropped * HOUR_MS))
        gauges["dedupe_horizon_seconds"] = horizon / 1000
        if self.group == "ads":
            gauges["mixed_granularity"] = self.ads.mixed_granularity
        account = dict(books.account)
        for label, n in self.labels.folded.items():
            account[f"{self.group}/label/{label}"] = n
        return Delta(
            self.group, self.shard, seq, names, index.tobytes(), panes.tobytes(), amounts.tobytes(), spreads,
            dict(books.newest_ms), books.oldest_ms, report.caught_up, report.now_ms, report.lag_records,
            list(report.missing), account, gauges,
            {f"spend/{name}": until_ms for name, until_ms in self.ads.spend_ms.items()},
        )  # fmt: skip

    def _expire(self, report: ShardReport) -> None:
        """Forget, a little with each commit, what no record still to come can need: behind the slowest source."""
        newest_ms, heard_ms, now_ms = self.books.newest_ms, self._heard_ms, report.now_ms
        for kind in newest_ms:
            if kind in self._read or kind not in heard_ms:
                heard_ms[kind] = now_ms
        self._read.clear()
        if not newest_ms or any(report.lag_records.get(kind) for kind in self.kinds if kind not in newest_ms):
            return
        lateness_ms = self.options.limits.lateness_ms
        # a source that was silent for so long and has nothing to read is not slow, or nothing would ever be dropped
        slow = [
            newest
            for kind, newest in newest_ms.items()
            if not report.caught_up or now_ms - heard_ms[kind] <= lateness_ms
        ]
        for origin, (newest, came_ms) in list(self._forwarding.items()):
            came_ms = now_ms if came_ms is None else came_ms
            if now_ms - came_ms <= lateness_ms:
                self._forwarding[origin] = newest, came_ms
                slow.append(newest)
            else:
                del self._forwarding[origin]
        # a record that says it comes from the far future must make nobody forgotten
        slowest_ms = min(min(slow, default=max(newest_ms.values())), now_ms + _CLOCKS_APART_MS)
        oldest_ms = slowest_ms - lateness_ms
        self.known_ids.expire(oldest_ms // HOUR_MS - 1)
        for rows in self._rows.values():
            memory_ms = self.options.memory_ms
            if rows is self.ads.totals:  # a figure can be restated for as long as any window shows its period
                memory_ms = max(memory_ms, _TOTALS_MEMORY_MS)
            rows.expire(oldest_ms - memory_ms - DAY_MS, _SWEPT_A_COMMIT)


def _bump(account: dict[str, int], name: str, n: int) -> None:
    if n:
        account[name] = account.get(name, 0) + n
