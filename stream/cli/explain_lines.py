"""Explain lines: what `leadpulse explain` says to a person.

In:  the table that it says to a program.
Out: lines of text. What producers wrote is in them as it is: whoever prints them makes it plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stream.cli.status import columns

Table = Mapping[str, Any]
#: So many figures are named beside a cell; the others are in the JSON.
_NAMED: Final = 3
#: Signs of a hash by which an id goes whose text is not known.
_DIGITS: Final = 12


def lines(table: Table) -> Iterator[str]:
    """Write an account of somebody, or of a message."""
    yield f"{table['type']} {table['value']} of site {table['site']}: {table['shard']}"
    if not table["follows_people"]:
        yield "People are not followed with these settings: nothing is said of leads."
    if table["visitor"] is not None:
        yield from _visitor(table["visitor"])
    if table["message"] is not None:
        yield from _message(table["message"])
    if table["ad_form"] is not None:
        yield from _ad_form(table["ad_form"])
    for node in table["ids"]:
        yield from _node(node)
    for cluster in table["clusters"]:
        yield from _cluster(cluster)


def _visitor(one: Table) -> Iterator[str]:
    yield f"last seen {one['newest'] or 'never'}, last key event {one['key_event'] or 'never'}"
    if one["names_nobody"]:
        yield "Such a value names nobody: what is done under it is of no lead."
    if one["consent_taken_back"]:
        yield "Consent was taken back: later events do not count."
    for session in one["sessions"]:
        yield from _session(session)
    if one["folded"] is not None:
        yield f"  sessions up to {one['folded']['end'] or 'long ago'} are folded together"
    for seen in one["seen_outside"]:
        yield f"  seen as {_id(seen['id'])} at {seen['at']}, outside of sessions"
    for chat in one["chats"]:
        yield f"  chat {chat['at']}: {chat['action']} in {chat['conversation']}"
    for sent in one["submissions"]:
        yield f"  submission {sent['first']}: form {sent['form']}"
    for offer, times in one["offers"].items():
        yield f"  offer {offer}: seen {times['seen'] or 'never'}, taken {times['taken'] or 'never'}"
    yield from _counts(one["counts"])


def _session(one: Table) -> Iterator[str]:
    came = "/".join(filter(None, (one["channel"], one["campaign"], one["engine"] or one["referrer"])))
    landing = one["landing"]
    parts = [
        f"{one['page_views']} page view(s)",
        *([f"landed on {landing['page_group']}/{landing['content']}"] if landing else []),
        *([one["country"]] if one["country"] else []),
        *(["bounced"] if one["bounced"] else []),
    ]
    yield f"  session {one['start']} to {one['end']}: {came}; {', '.join(parts)}"
    key = one["first_key_event"]
    if key is not None:
        yield f"    first key event {key['at']}: {key['capture_method']} {key['action']}"
    for form, times in one["forms"].items():
        told = [f"viewed {times['viewed']}"] if times["viewed"] else []
        told += [f"started {times['started']}"] if times["started"] else []
        told += [f"submitted {at}" for at in times["submitted"]]
        yield f"    form {form}: {', '.join(told)}"
    for sight in one["seen_as"]:
        yield f"    seen as {_id(sight['id'])} at {sight['first']}"
    if one["belongs_to"] is not None:
        yield f"    belongs to {_id(one['belongs_to'])}"


def _message(one: Table) -> Iterator[str]:
    yield f"last heard of {one['newest']}, copies: {len(one['copies'])}"
    for copy in one["copies"]:
        to = ", ".join(map(_id, copy["to"])) or "somebody who is not followed"
        named = (copy[name] for name in ("campaign", "purpose", "variant", "domain"))
        yield f"  copy to {to}: sent {copy['sent']}, {', '.join(copy['fate']) or 'nothing shows that it was sent'}"
        yield f"    {'/'.join(filter(None, named)) or 'no campaign'}"
        for what in ("delivered", "opened", "clicked", "replied", "unsubscribed"):
            if copy[what]:
                yield f"    {what} {copy[what]}"
        yield from _counts(copy["counts"], "  ")


def _ad_form(one: Table) -> Iterator[str]:
    yield f"form on an ad platform {one['first']}: {one['channel']} {one['action']}, last sent {one['newest']}"
    for id in one["named"]:
        yield f"  named {_id(id)}"
    yield from _counts(one["counts"])


def _node(one: Table) -> Iterator[str]:
    yield ""
    yield f"id {_id(one['id'])}: home {one['id']['home']}"
    wish = one["forgetting"]
    if wish is not None:
        done = "was forgotten, and is once more" if wish["done_once"] else "is to be forgotten"
        yield f"  {done} at {wish['due']}, as asked at {wish['asked']}"
    if "way" not in one:
        return
    if one["shared"]:
        yield "  shared by more ids than a person has: it joins nobody"
    if one["full"]:
        yield "  lies among as many ids as are joined at most"
    for title, ids in (("named with", one["named_with"]), ("deals", one["deals"])):
        if ids:
            yield f"  {title}: {', '.join(map(_id, ids))}"
    if one["visitors"]:
        yield f"  visitors seen under it: {', '.join(one['visitors'])}"
    way = " → ".join(f"{_id(id)} ({id['home']})" for id in one["way"])
    yield f"  way: {way}{'' if one['arrived'] else ' … what is known of it is on its way'}"


def _cluster(one: Table) -> Iterator[str]:
    yield ""
    yield f"kept at {_id(one['root'])}: counted {one['counted_at'] or 'never'} by the rules {one['rules']}"
    if one["parts_on_their_way"]:
        yield f"  {one['parts_on_their_way']} part(s) are still on their way"
    for id in one["shared"]:
        yield f"  shared: {_id(id)}"
    for group in one["groups"]:
        yield f"  one lead: {' + '.join(map(_id, group))}" if len(group) > 1 else f"  by itself: {_id(group[0])}"
    for id in one["expired"]:
        yield f"  expired: {_id(id)}"
    for part in one["parts"]:
        yield f"  of {_id(part['id'])}, first named {part['first_named']['at'] or 'never'}"
        yield from (f"    {line}" for line in _facts(part["facts"]) if part["facts"])
    if not one["leads"]:
        yield "  Nobody here is a lead: nothing is known that makes one."
    for lead in one["leads"]:
        yield from _lead(lead)
    for told in one["told"]:
        stands = "stands" if told["stands"] else "is over"
        yield f"  told as {'/'.join(told['key'])}, version {told['version']}, which {stands}"
    yield from _counts(one["counts"])


def _facts(facts: Sequence[Table]) -> list[str]:
    """Write facts by time, each with what it says."""
    rows = []
    for fact in facts:
        said = {name: value for name, value in fact.items() if name not in ("fact", "event")}
        at = said.pop("time", None) or said.pop("start", None) or said.get("newest", "")
        rows.append((str(at), str(fact["fact"]), ", ".join(f"{name} {_value(value)}" for name, value in said.items())))
    return columns(("when", "fact", "what it says"), sorted(rows))


def _value(value: object) -> str:
    if isinstance(value, dict) and "hash" in value:
        return _id(value)
    return str(value)


def _lead(one: Table) -> Iterator[str]:
    became = one["became_lead"]
    yield f"  lead {' + '.join(map(_id, one['ids']))}"
    yield f"    since {became['at']} by {became['capture_method']}, {_where(became)}"
    yield f"    stage {one['stage']} since {one['since']}" + (f", lost {one['lost']}" if one["lost"] else "")
    for stage, at in one["entered"].items():
        yield f"      entered {stage} {at}"
    parts = ", ".join(f"{part['rule']} {part['points']:+} ({part['times']})" for part in one["score_parts"])
    yield f"    score {one['score']} ({one['band']}; {one['threshold']} wanted){f': {parts}' if parts else ''}"
    for model, shares in one["credit"].items():
        told = ", ".join(f"{_where(share)} {share['share'] / 10_000:g} %" for share in shares)
        yield f"    credit {model}: {told}"
    for deal in one["deals"]:
        worth = "without a value" if deal["value"] is None else f"{deal['value']:g} {deal['currency']}"
        yield f"    deal {deal['deal'] or '(no id)'} won {deal['won']}, {worth}"
    for refund in one["refunds"]:
        yield f"    refund {refund['at']}, {refund['value']:g} {refund['currency']}"


def _where(one: Table) -> str:
    return "/".join(filter(None, (one["channel"], one["campaign"])))


def _counts(counts: Sequence[Table], indent: str = "") -> Iterator[str]:
    """Write cells with the figures that they feed."""
    if not counts:
        yield f"{indent}  counts for nothing"
        return
    rows = []
    for one in counts:
        labels = " ".join(f"{name}={_label(value)}" for name, value in one["labels"].items() if name != "site")
        named, more = one["figures"][:_NAMED], len(one["figures"]) - _NAMED
        figures = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        rows.append((one["cell"], labels, one["at"] or "stands", f"{one['amount']:+}", figures))
    yield from (f"{indent}  {line}" for line in columns(("counts as", "labels", "in", "by", "which feeds"), rows))


def _label(value: object) -> str:
    return "+".join(value) if isinstance(value, list) else str(value)


def _id(one: Table) -> str:
    """Name an id; by its hash where nothing read so far says its text."""
    return f"{one['type']} {one['id'] or '#' + one['hash'][:_DIGITS]}"
