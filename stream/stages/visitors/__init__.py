"""Visitors: page views, forms and chats of a person, folded into a row of facts, and what the row contributes.


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
=======
    facts → fold ─┬─ incremental way (admissible, incremental, incremental_deeds, numbers) ─┐
                  └─ reference way ────────────────────────────────────────────────────────┴→ row, changes of cells

What a person is counted for follows from their events alone, not from the order in which they are known, from how
batches are cut or from what a process happens to remember. So a row holds facts (sums, minima, maxima, unions), and
`contribution` says, as a pure function, what a row counts for. Whatever happens to a row, the change of a figure is the
contribution after less the contribution before. Events are ordered by time, source and id.

Words.  A *presence* is an event that the person caused: page views, forms but for their coming into view, what the
visitor says or does in a chat. Sessions are made of presences alone (`sessions`: a gap of more than 30 min parts them):
only these open, prolong and un-bounce. What happens by itself joins the session that runs (its last presence at most
30 min before), for good, since sessions only grow and merge; else it is kept (`loose`) and joins the session that
begins within 30 min behind it as long as nothing else comes between; else it counts alone. What joins has a say in the
channel and country of the session.

    people      a life begins with a presence that none came before for 35 days; a person is known for 400 days after
                each key event; distinct people, leads, strangers and the steps of the funnel are one walk through the
                sessions in order. `known` keeps a hash and a time for those whose row is gone.
    forms       a unit is person, form and session; a submission is person, form and submission_id, however often it is
                pressed. A repeat is no second key event, but makes a lead like any other submit.
    chats       a person's chatbot events are kept as they came; `talks` parts them into conversations, orders and
                appointments each time they are asked for.
    ad_leads    people known only by a form on an ad platform.

Of times that may be the first behind some other moment (the landing, the start of a form), which itself can only become
earlier, those before it and the first behind it are kept: whatever comes later can never be that.

Bounds.  A row is bounded (`bounds`, `fit`): the oldest sessions are folded together, conversations and submissions that
are over are forgotten whole. What is forgotten stays counted as it was: it is taken out of the row after the difference
was written. Rows live as long as the memory that the engine is run with, 35 days or more; the definitions do not
depend on it.

Two ways.  Most events come in order and belong to the session that is open: for them the difference is written at once
(`incremental`), where `admissible` finds no reason against it. All else goes the reference way: list what the row
counts for, change it, list it again. Laws (`tests/laws`) hold the two ways together.
"""
