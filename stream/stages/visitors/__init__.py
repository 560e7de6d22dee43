"""Visitors: page views, forms and chats of a person, folded into a row of facts, and what the row contributes.

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

Ticks.  A page view counts by the channel of its session, which an earlier event can change. So a session keeps the
time of each event, 4 bytes each, and which were page views: they move to the new channel, and the events of an hour
can be counted for `flood`.

Provenance.  Touch, country and landing are those of the earliest event that has one; beside each stand the time and the
name of that event. Mostly one event gives all three and opened the session; then its name stands once (`row.Packed`).

Two ways.  Most events come in order and belong to the session that is open: for them the difference is written at once
(`incremental`), where `admissible` finds no reason against it. All else goes the reference way: list what the row
counts for, change it, list it again. Laws (`tests/laws`) hold the two ways together, with small bounds as well.

    page views that bring nothing but themselves     one loop for as many as follow each other (`incremental`)
    forms and chats                                  one by one, by their rules (`incremental_deeds`)
    a touch in a direct session                      all that the session counted by its channel moves at once, if its
                                                     person has nothing else (`incremental_opening`)

`numbers` has the numbers of the cells that both write most, so that no tuple of labels is made for each.

What may differ.  Only the reference way forgets sessions (`reference_way.forget`). So beyond the memory a row may hold
more than it had to; windows are shorter than the memory, and none of them can tell.

Reading order: `facts` (what the fold needs of an event), `row`, `sessions`, `forms`, `chats`, `contribution`,
`reference_way`, then `admissible`, `incremental` and `incremental_deeds`; `fold` brings them together, `stage` is their
face to the engine.
"""
