"""How much is tried: quickly by default, 25 times more with LEADPULSE_THOROUGH=1."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

settings.register_profile("quick", max_examples=40, **_COMMON)
settings.register_profile("thorough", max_examples=1_000, **_COMMON)
settings.load_profile("thorough" if os.environ.get("LEADPULSE_THOROUGH") == "1" else "quick")
