"""Visitors: page views, forms and chats of a person, folded into a row of facts, and what the row contributes.

Theory of operation
===================

**A person** is a site and a visitor id. Of each there is one row. Events less than half an hour apart are a session;
one that comes between two sessions joins them. Who is not seen for longer than the memory is forgotten, and comes
back as somebody new.

**Facts, not counts.** Events come late, twice, from three topics, and in any order. A row therefore keeps what is the
same however they came: sums, minima, maxima, unions (`row`, `sessions`, `forms`, `chats`, `deals`). What a person
counts for is a pure function of the row (`contribution`): a channel, a bounce, a lead can all still change, and a
count that was written down could not be taken back. A fold writes the *difference*: what the row contributes after,
less what it contributed before. The rollup only ever adds.

**The pane of the latest presence.** A person is one person in any window, so they may stand in one pane only. Each way
of counting them (in all, by channel, by campaign, by country, by landing) puts them into the pane of their latest
event in that way, and moves them when a later one comes. A window that ends now holds whoever was there at any time
within it: exactly those whose latest presence is not older than its beginning. What has a beginning of its own, such
as a session, a conversation or a step of a funnel, stands in the pane of that.

**Ticks.** A page view counts by the channel of its session, which an earlier event can change. So a session keeps the
time of each event, 4 bytes each, and which were page views: they move to the new channel, and the events of an hour
can be counted for `flood`.

**Provenance.** Touch, country and landing are those of the earliest event that has one; beside each stand the time and
the id of that event, or "which is earliest" could not be decided between two batches. Mostly one event gives all three
and opened the session; then its id stands once (`row.Packed`).

**Two ways.** `reference_way` is the truth: it takes any event in any order, lists what is touched before the first
change and after the last, and can be read without knowing anything else. `incremental` is there for speed only: it
takes the common case (later than everything known, and moving nothing but the end of the open session) and writes its
difference directly. What is not common is named in one table (`admissible`); from the first such event on the batch
goes the reference way. Which facts an event changes is said once, by rules that both ways call: only *where the
difference is written* is doubled. Laws hold the two together, with bounds of 1 to 5 as well (`tests/laws`).

    facts of a person, by time
        │  admissible?  ──no, because …──→  reference_way: row before → rules → row after, less before
        └──yes──→  incremental: rules, and the difference at once

**What may differ.** Rows, cells and account are the same whichever way events went, as long as a person's sessions lie
within the memory. Only the reference way forgets (`reference_way.forget`): a session older than the memory is folded
together with others when the reference way next comes by, and not by the incremental way. So beyond the memory a row
may hold more than it had to. Windows are shorter than the memory, and none of them can tell.

**Bounds.** A person who is a machine must not fill a row. What is remembered is bounded (`bounds`): sessions are folded
together and only say when they last counted their person; a view whose tick is gone stays in the channel in which it
was counted; a row that would outgrow a record gives up half, oldest first (`fit`). No count is taken back by that.
What counts is bounded too: events of a person beyond so many an hour are `flood`, whichever way they went.

Reading order: `facts` (what the fold needs of an event), `row`, `sessions`, `forms`, `chats`, `contribution`,
`reference_way`, then `admissible`, `incremental` and `incremental_deeds`; `fold` brings them together, `stage` is their
face to the engine. `ad_leads` are people without a visit.
"""
