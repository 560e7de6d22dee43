"""Bounds: how much of one person is remembered, and how much of it counts.

In:  settings, by whoever joins the program; small numbers in tests.
Out: one frozen value that both ways of folding are given.

A bound on what is remembered changes no count; the two on what counts filter as `flood`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one person; each is at least 1."""

    #: Events that count in one UTC hour of event time.
    flood_events: int = 5_000
    #: Conversations begun that count in one UTC hour of event time.
    flood_chats: int = 200
    #: Older sessions are folded together.
    sessions: int = 64
    #: Page groups and contents that a session remembers having seen; those over it are counted as ignored fields.
    viewed: int = 64
    #: Events of a session whose page views can still move to another channel.
    ticks: int = 20_000
    #: Chatbot events; the oldest conversations are forgotten whole.
    chats: int = 5_000
    #: Offers; those over it are counted as ignored fields.
    offers: int = 64
    #: Submissions, and events that nobody caused and that found no session: as many of each.
    submissions: int = 200
    #: Key events, starts and submits of one session, of one form: as many of each.
    times: int = 32
    #: Bytes of a row: brokers refuse records over 1 MiB, and a worker that cannot write a row cannot go on.
    row_bytes: int = 400_000


DEFAULT_BOUNDS = Bounds()
