"""Build: the native core, put beside the Python that loads it; everything runs without it, too.

Run:  python native/build.py [--must]
Out:  `stream/kernels/leadpulse_native.*`, and one line that says what became of it. Exit code 0 also where it could not
      be built, unless it must be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from stream.kernels.native import state_of  # noqa: E402  (of this checkout, whatever is installed)

BUILT = ROOT / "build" / "native"
#: Name of the library by platform → its name as a module.
LIBRARIES = {
    "libleadpulse_native.so": "leadpulse_native.abi3.so",
    "libleadpulse_native.dylib": "leadpulse_native.abi3.so",
    "leadpulse_native.dll": "leadpulse_native.pyd",
}
LONGEST_S = 120


def main() -> int:
    """Build and put it in place."""
    must = "--must" in sys.argv
    said = _built(must)
    print(f"  native core: {said or 'built'}")
    return 1 if said and must else 0


def _built(must: bool) -> str:
    """Give what went wrong, "" where nothing did; what must be is waited for."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "not built, there is no cargo here; leadpulse runs without it"
    command = [cargo, "build", "--release", "--quiet", "--manifest-path", str(HERE / "Cargo.toml")]
    try:
        ended = subprocess.run(
            [*command, "--target-dir", str(BUILT)],
            env={**os.environ, "LEADPULSE_NATIVE_SOURCES": state_of(HERE)},
            timeout=None if must else LONGEST_S,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"not built within {LONGEST_S} s; leadpulse runs without it, and `make native` goes on"
    if ended.returncode:
        log = BUILT / "failed.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(ended.stderr)
        return f"not built; leadpulse runs without it. Why: {log.relative_to(ROOT)}"
    for library, module in LIBRARIES.items():
        if (found := BUILT / "release" / library).exists():
            place = ROOT / "stream" / "kernels" / module
            fresh = place.with_name(f".{module}")
            shutil.copy2(found, fresh)
            fresh.replace(place)  # a process that has the former one open keeps it
            return ""
    return "built, and no library was found; leadpulse runs without it"


if __name__ == "__main__":
    sys.exit(main())
