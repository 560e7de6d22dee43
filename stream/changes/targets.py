"""Targets: how long a step of the funnel may take.

In:  nothing.  Out: seconds by step; stages judge by them, the catalog shows them.
"""

from __future__ import annotations

from typing import Final

#: Step (from, to) → seconds within which it is taken in time.
STEP_TARGETS_S: Final = {
    ("first_view", "form_start"): 1_800,
    ("form_start", "form_submit"): 300,
    ("first_view", "lead"): 3_600,
    ("conversation_started", "chat_lead"): 600,
    ("ad_landing", "key_event"): 3_600,
    ("email_landing", "key_event"): 3_600,
}
