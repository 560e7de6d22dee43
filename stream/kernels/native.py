"""Native: the compiled core, where there is one; everything runs without, with the same answers.

In:  whether it is wanted: auto, on or off.
Out: its module, or None and the reason in a sentence.

It is looked for beside this file, where `make native` puts it, then as the package `leadpulse-native`.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Final, Literal

Wanted = Literal["auto", "on", "off"]

#: What the core must answer for this Python; another number is another build.
INTERFACE: Final = 1
_PLACES: Final = ("stream.kernels.leadpulse_native", "leadpulse_native")


class NoNative(Exception):
    """The core is wanted and is not there; the text says why."""


@cache
def found() -> tuple[Any, str]:
    """Give the core, or None and why there is none."""
    said = "the native core is not built (`make native` builds it where cargo is there)"
    for place in _PLACES:
        try:
            core = importlib.import_module(place)
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            said = f"the native core cannot be loaded: {error}"
            continue
        if getattr(core, "INTERFACE", None) == INTERFACE:
            return core, ""
        said = "the native core is of another release (`make native` builds it anew)"
    return None, said


def chosen(wanted: Wanted) -> Any:
    """Give the core as it is wanted, None without; raises NoNative where it must be there and is not."""
    if wanted == "off":
        return None
    core, said = found()
    if core is None and wanted == "on":
        raise NoNative(said)
    return core
