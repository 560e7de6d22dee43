"""Emails: what became of each copy of a message, and what it counts for.

A copy is a message to one recipient. Providers give one id to a whole batch, so a message id alone names no copy, and
the same recipient is called by a lead_id in one event and by an email_hash in the next. So facts are kept by recipient
*as an event names it* (a part), and a copy is what is joined of them: parts whose ids one event names together, and
the two parts of a message that knows exactly one lead_id and one email_hash. A third id takes that second kind of
join back, which is why parts are never merged where they are stored.

`copy` has the facts of a part and what they come to, `message` which parts are one copy, `fold` brings rows, events and
cells together. All that a copy counts for is one cell in the pane of its sending, and its clicks.
"""
