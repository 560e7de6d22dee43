"""Demo: a simulator of believable traffic with books of its own, and a stage to see leadpulse at work on it.

    world ─► visits, mails, adverts ─► traffic (and its faults) ─► produce ─► topics or a file
                                          └─ the truth ─► books (book_people, book_mails, book_adverts)

    demo = broker + worker (stage) + traffic + view; compare holds what leadpulse publishes to the books

Everything up to the books imports nothing of the engine: whoever compares the two compares two programs.
"""
