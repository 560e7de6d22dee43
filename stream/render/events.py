"""Events: the page that tells producers what to send and consumers what to read, rendered from the contract.

In:  the kinds, their fields and examples; the limits of the decoder's contract; what is published.
Out: Markdown, the same for the same contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from stream.contract.expected import say
from stream.contract.fields import ID_MAX, MOST, SITE_MAX, TEXT_MAX
from stream.contract.kind import Kind
from stream.contract.kinds import KINDS
from stream.contract.rejects import REASONS, Reason
from stream.contract.table import Field, data_of, envelope_of
from stream.render.asyncapi import CONTRACT_VERSION, RESULTS

_OPTIONAL = ", ".join(f"`{name}`" for name, kind in KINDS.items() if kind.optional)
_HEAD = f"""\
# Events

Rendered from `stream/contract` by `leadpulse render`; do not edit. Version {CONTRACT_VERSION} of the contract: a new
optional field raises the second number, anything else the first, and with it the names of the schemas
(`urn:leadpulse:…`).

One event is one JSON object in the value of one Kafka record, an envelope of CloudEvents 1.0 (structured mode). The
topic is named after the kind. Topics of {_OPTIONAL} may be missing: then nothing is shown of
them, which is no 0; `leadpulse topics create --optional` makes them ([operations](operations.md#leads)).
`leadpulse check FILE` says what is wrong with events, and what is easily misread, before they are produced.

**Liberal in what decorates, strict in what counts.** An event is refused only for what its figures rest on: its kind,
ids, times, action, `count`, periods, and what was paid or earned. Everything else that cannot be used is dropped from
the event, and told: `leadpulse_fields_ignored_total{{kind,field}}` counts it, of counted events, by the path in `data`.
An unknown field is allowed. The tables say for each field what an odd value does.

- A null, and a text of nothing or white space, is an absent field, everywhere; where it is required: `missing_field`.
- Words of a list are read in any case, with white space around them.
- A whole number as an id is its decimal text. `12.0` is 12.
- A text over {TEXT_MAX:,} characters is dropped; an id over {ID_MAX} ({SITE_MAX} for a site) is `out_of_range`, and
  so is a control character in one.
- Numbers with parts (`count`, `value`, `conversion_value`) are kept in millionths, rounded half to even, and are less
  than {MOST:,} in size; negative ones are taken.
- **No addresses.** An e-mail address in any text of `data`, in unknown fields too, makes the event `personal_data`. An
  address is a local part of letters, digits and `._%+-`, an `@` or `%40`, and a name with a dot and two letters at the
  end, in any script, also where an address bar writes it in `%xx`. Only `message_id` and `user_agent` may hold what
  looks like one, and so may `id` and `source` of the envelope.
"""

_RULES = """\
## Rules

**Duplicates.** `source` + `id` name an event of its kind: a second one is a duplicate, whatever its time and data. Of
two copies the one that arrived first counts; copies are meant to be equal. A copy is known for as long as an event may
be late. Where nothing gives an id, make one from what is the same in each retry.

**Time.** `time` is when it happened, RFC 3339 with its zone, from the year 2000 to a day after the arrival; what lies
ahead of the arrival is set to it and counted in `leadpulse_clock_ahead_total`. More than `LEADPULSE_LATENESS` (24 h)
before the arrival: `too_late`; `LEADPULSE_LATENESS_BY_KIND` says it of crm, cost and signal (35 d), and privacy is
never too late. In files the arrival is `recordedtime`, without one `time`, and the bound ahead is the wall clock.
Whatever a time cannot be is `bad_time`. Events are ordered by (time, source, id), not by their arrival.

**Totals.** An `ad` event with `period_start` and `period_end` is the total of that period. Its `time` is when it was
reported: lateness never looks at the period. A period is at most 400 days; one reported at or before its
`period_start` is `bad_time`, and one reported inside it is of the time up to the report. A `cost` is of its whole
period, also where it is paid ahead. Of one key and period the highest (`revision`, `time`, `id`) stands; the key is the
site and every field that tells totals apart.

**Stages.** The ladder is that of `LEADPULSE_LEADS_RULES`. A `stage_changed` whose `to` is not on it is `out_of_range`;
a `from` that is not on it is ignored. Words are read in any case, and `sal` is `sql` where the ladder has one of them.

**Deals.** A deal that was won is revenue where it has `deal_id`, `value` and `currency`, else a deal without value;
what was told of `value` and `currency` must be readable, as it must on `refund`.

**Junk.** Some values name nobody, whatever field they stand in: `undefined`, `null`, `anonymous`, `test` and the like,
in any case and in quotes, and nothing but zeros and dashes. As an id that an event cannot do without (the `lead_id` of
a crm, the `deal_id` of a deal, whom privacy speaks of) such a value is `out_of_range`; elsewhere the event counts, and
nobody is known by it.

**Key.** The Kafka key should be the one that each kind names. A record with another one, or none, is forwarded to
where it belongs: slower, and never counted wrongly.

**Bots.** A `traffic.class` stands: `bot`, `internal` and `test` are filtered. Without one, the user agent of a known
program filters page views, chats and forms on the site, and nothing else. No user agent is no proof of a bot. On an
email `machine` says whether a scanner or prefetcher opened or clicked; where it is absent, `traffic.class` human says
that none did, else the user agent of a scanner says that one did.

**Consent.** By default all events count. With `LEADPULSE_CONSENT=require` what has a `consent.analytics` other than
true is filtered; a refusal in words or numbers is one. What is told of `privacy` counts whatever it says of consent.

**Limits.** 256 KiB a record (`LEADPULSE_MAX_RECORD`), also once it is unpacked; 10,000 headers; 32 levels of nesting;
whole numbers below 2^53 in size; finite numbers; valid Unicode. 5,000 events and 200 conversations of a person in an
hour (UTC, event time) count, what is above is filtered as `flood`. 64 offers of a person and 64 contents of a session
are remembered; what is above is counted in `leadpulse_fields_ignored_total` (`page.offer_id`, `offer_id`,
`page.content_id`, or `page.group` without one). Of a message 1,000 pairs of a lead_id and an email_hash are joined; an
event that names another pair is counted in `leadpulse_unjoined_recipients_total`, and its two ids stay two recipients.

**Other envelopes** that are taken: CloudEvents in binary mode (attributes in `ce_*` headers, the data in the value);
JSON with the prefix of a schema registry (a zero and four bytes); a byte order mark; gzip. Avro and Protobuf are
refused, and the reject names them.
"""

_REASONS: dict[Reason, str] = {
    "not_json": "The value is no JSON object; a path such as `(avro)` names what it is.",
    "too_large": "More bytes or headers than a record may have, or a batch that unpacks to more than 64 MiB.",
    "too_deep": "More levels of objects and lists than a record may have.",
    "missing_field": "A required field is absent, null or empty.",
    "wrong_type": "A field that figures rest on has another type.",
    "out_of_range": "A field that figures rest on has a value that cannot be, such as an unknown action.",
    "unknown_kind": "`type` is no kind.",
    "bad_time": "A time that cannot be.",
    "too_late": "It happened too long before it arrived.",
    "personal_data": "An e-mail address in the data.",
    "wrong_topic": "An event of another kind than the topic's.",
    "mapping": "The mapping of a source could not make an event of the record.",
    "unknown_schema": "The registry does not know the schema that the record names.",
    "crash": "A fault of our own; please report it.",
}


def page() -> str:
    """Write the page."""
    common = set.intersection(*({field.name for field in data_of(name).fields} for name in KINDS))
    parts = [
        _HEAD,
        "## Envelope\n\n"
        + _table(KINDS["page_view"], (field for field in envelope_of("page_view").fields if field.name != "data")),
        "## Fields of all kinds\n\nIn `data`; what a kind says of one of them goes before this.\n\n"
        + _table(KINDS["ad"], (field for field in data_of("ad").fields if field.name in common)),
        *(_kind(kind, common) for kind in KINDS.values()),
        _RULES,
        "## Why an event is refused\n\nIt is kept in `leadpulse.dead_letter` with its reason and the path of the field;"
        " `leadpulse dead-letter list` shows them.\n\n| reason | |\n| --- | --- |\n"
        + "".join(f"| `{reason}` | {_REASONS[reason]} |\n" for reason in REASONS),
        _published(),
    ]
    return "\n".join(parts)


def _published() -> str:
    """Say what consumers may read, each with its schema."""
    rows = "".join(
        f"| `{one['address']}` | {one['key']} | [{one['schema']}](../schemas/{one['schema']}.schema.json) |"
        f" {one['description']}{_gone(one)} |\n"
        for one in RESULTS.values()
    )
    return (
        "## What is published\n\n"
        "Values are JSON. [asyncapi.json](../schemas/asyncapi.json) has these topics and those of the events.\n\n"
        f"| topic | key | schema | |\n| --- | --- | --- | --- |\n{rows}"
    )


def _gone(result: Mapping[str, str]) -> str:
    return f" A record without a value: {result['gone'][0].lower()}{result['gone'][1:]}" if "gone" in result else ""


def _kind(kind: Kind, common: set[str]) -> str:
    fields = data_of(kind.name).fields
    own = [field for field in fields if field.name not in common or (field.required and field.name != "site_id")]
    summary = (kind.struct.__doc__ or "").partition(" Topic ")[0]
    return (
        f"## {kind.name}\n\n{summary} Topic `{kind.name}`, key: {kind.key_says}.\n\n"
        f"```json\n{json.dumps(kind.example, indent=2, ensure_ascii=False)}\n```\n\n{_table(kind, own)}"
    )


def _table(kind: Kind, fields: Iterable[Field]) -> str:
    rows = "".join(row for field in fields for row in _rows(kind, field))
    return "| field | | what it is used for | what it is | an odd value | example |\n|" + " --- |" * 6 + "\n" + rows


def _rows(kind: Kind, field: Field) -> Iterator[str]:
    path = field.path.removeprefix("data.")
    needed = f"or `{field.instead}`" if field.instead else "required" if field.required else ""
    example = "" if field.example is None else f"`{json.dumps(field.example, ensure_ascii=False)}`"
    cells = [f"`{path}`", needed, field.says, say(field), _odd(kind, field), example]
    yield "| " + " | ".join(cell.replace("|", r"\\|") for cell in cells) + " |\n"
    for inner in field.fields:
        yield from _rows(kind, inner)


def _odd(kind: Kind, field: Field) -> str:
    """Say what becomes of a value that is none."""
    if field.reads == "agreement":
        return "a refusal"
    if field.stray == "itself":
        return "another word is an ad platform of that name"
    if field.stray:
        return f"counts as {field.stray}, and is told"
    if actions := [action for action, names in kind.rests_on.items() if field.path.removeprefix("data.") in names]:
        return f"ignored; of {' and '.join(actions)} refused"
    if field.path == "specversion":
        return "`out_of_range`"
    if field.path == "type":
        return "`wrong_topic` or `unknown_kind`"
    if not field.strict:
        return "ignored"
    if field.reads == "time":
        return "`bad_time`"
    if field.reads in ("enum", "hash"):
        return "`out_of_range`"
    return "`wrong_type` or `out_of_range`"
