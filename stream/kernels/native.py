"""Native: the compiled core, where there is one; everything runs without, with the same answers.

In:  whether it is wanted: auto, on or off.
Out: its module, or None and the reason in a sentence.

It is looked for beside this file, where `make native` puts it, then as the package `leadpulse-native`. What asks for
`auto` and has no settings, as tests and benches do, goes by the variable of the setting.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Wanted = Literal["auto", "on", "off"]

#: What the core must answer for this Python; another number is another build.
INTERFACE: Final = 3
VARIABLE: Final = "LEADPULSE_NATIVE"
SOURCES: Final = Path(__file__).resolve().parents[2] / "native"
_PLACES: Final = ("stream.kernels.leadpulse_native", "leadpulse_native")


class NoNative(Exception):
    """The core is wanted and is not there; the text says why."""


def found(wanted: Wanted = "auto") -> tuple[Any, str]:
    """Give the core as far as it is wanted, or None and why there is none; no reason where none is wanted."""
    if wanted == "off" or (wanted == "auto" and os.environ.get(VARIABLE) == "off"):
        return None, ""
    return _loaded()


def chosen(wanted: Wanted) -> Any:
    """Give the core, None without; raises NoNative where it must be there and is not."""
    core, said = found(wanted)
    if core is None and wanted == "on":
        raise NoNative(said)
    return core


def state_of(folder: Path) -> str:
    """Name the state of the core's sources, "" where they are not: a core that was built from others is another one."""
    files = sorted(folder.glob("src/**/*.rs"))
    if not files:
        return ""
    whole = hashlib.blake2b(digest_size=8)
    for file in (folder / "Cargo.toml", *files):
        whole.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return whole.hexdigest()


def is_of(built_from: str, folder: Path) -> bool:
    """Tell whether a core may be of the sources in a folder; one that was built elsewhere does not know."""
    here = state_of(folder) if built_from else ""
    return here in ("", built_from)


@cache
def _loaded() -> tuple[Any, str]:
    said = "the compiled core is not built (`make native` builds it where cargo is there)"
    for place in _PLACES:
        try:
            core = importlib.import_module(place)
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            said = f"the compiled core cannot be loaded: {error}"
            continue
        if getattr(core, "INTERFACE", None) == INTERFACE and is_of(getattr(core, "SOURCES", ""), SOURCES):
            return core, ""
        said = "the compiled core is of other sources than those beside it (`make native` builds it anew)"
    return None, said
