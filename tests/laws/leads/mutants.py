"""Mutants: the laws must fail where the stage is broken on purpose. Run by hand: `python -m tests.laws.leads.mutants`.

In:  names of mutants; none: all.
Out: one line each, caught or MISSED; exit 1 where one was missed. All of them take half an hour.

Each changes one text of one file in a copy of the tree, and runs the laws that should see it with few examples.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
STAGE = "stream/stages/leads"
LAWS = "tests/laws/leads"


class Mutant(NamedTuple):
    """A change of one file, and the law that should see it."""

    says: str
    file: str
    old: str
    new: str
    law: str = "identity"


MUTANTS = (
    Mutant(
        "a shard's own messages go by the topic at times, so order along a way is broken",
        f"{STAGE}/post.py",
        "if home == self._shard:",
        "if home == self._shard and hash(str(message)) % 3:",
    ),
    Mutant(
        "the other home's no is not heard",
        f"{STAGE}/homes.py",
        "message.other) and message.agreed:",
        "message.other):",
    ),
    Mutant(
        "of many neighbours only some are noted",
        f"{STAGE}/homes.py",
        "if not row.shared and other not in row.near:",
        "if not row.shared and other not in row.near and len(row.near) < 2:",
    ),
    Mutant(
        "a cluster is shipped without taking its count back",
        f"{STAGE}/homes.py",
        'here what it counts for, and counts where it arrives."""\n        self.touch(home)',
        'here what it counts for, and counts where it arrives."""\n        self._counting._before.pop(home.id, None)',
    ),
    Mutant(
        "parts stay where they were shipped from",
        f"{STAGE}/homes.py",
        "            home.remove(id)\n        row.own",
        "        row.own",
    ),
    Mutant(
        "what is sent on is not marked with its way",
        f"{STAGE}/homes.py",
        "self._post.send(kind(visitor, visitor, fact, id))",
        "self._post.send(kind(visitor, visitor, fact))",
    ),
    Mutant(
        "facts are not passed on by a child",
        f"{STAGE}/homes.py",
        '"""Keep a fact."""\n        home = self.root(message)',
        '"""Keep a fact."""\n        home = self._store.make(message.at)',
    ),
    Mutant(
        "who is a lead is kept as if nobody were",
        f"{STAGE}/store.py",
        "if own is None or own.evident or row.version",
        "if own is None or row.version",
    ),
    Mutant("moments are not listed", f"{STAGE}/due.py", "if not before_ms or due_ms < before_ms:", "if False:"),
    Mutant(
        "what was counted is taken back by the clock of today",
        f"{STAGE}/counting.py",
        "self._before[home.id] = home, self.sum(home, row.counted_ms, row.rules)",
        "self._before[home.id] = home, self.sum(home, self.clock_ms, row.rules)",
    ),
    Mutant(
        "a deal is of whoever told of it last",
        f"{STAGE}/deal_homes.py",
        "row.owner = min(row.owner or (*name, told.lead), (*name, told.lead))",
        "row.owner = *name, told.lead",
    ),
    Mutant(
        "claims of the crm are ignored",
        f"{STAGE}/records.py",
        "if visitor is not None and named and not self._ignored(VISITOR, visitor):",
        "if False:",
    ),
    Mutant(
        "a crash keeps positions",
        f"{LAWS}/simulation.py",
        "            self.positions[name] = pickle.loads(self._saved[name])\n        else:",
        "            pass\n        else:",
    ),
    Mutant(
        "who is shared is not said to the cluster",
        f"{STAGE}/homes.py",
        "home.row.shared = True\n            self._post.send(Sharing(home.id, home.id, True))",
        "home.row.shared = True",
    ),
    Mutant(
        "what was counted is taken back by the rules of today",
        f"{STAGE}/counting.py",
        "self._before[home.id] = home, self.sum(home, row.counted_ms, row.rules)",
        "self._before[home.id] = home, self.sum(home, row.counted_ms, self._book.number)",
        "tending",
    ),
    Mutant(
        "whether an id is shared is not asked anew",
        f"{STAGE}/homes.py",
        "if home.row.rules != self._counting.number:",
        "if False:",
        "tending",
    ),
    Mutant(
        "who is let go is taken back",
        f"{STAGE}/forgetting.py",
        "lambda: self._remove(home, group), silently=True)",
        "lambda: self._remove(home, group))",
        "tending",
    ),
    Mutant(
        "what may still be given to others is settled",
        f"{STAGE}/tending.py",
        "settle(life, min(sure_ms, rests(life, sure_ms)), rules)",
        "settle(life, sure_ms + 40 * DAY_MS, rules)",
        "tending",
    ),
    Mutant(
        "who is forgotten is taken out of panes",
        f"{STAGE}/counting.py",
        "before, after, number, standing_only=True)",
        "before, after, number)",
        "forgetting",
    ),
    Mutant(
        "parents are forgotten first",
        f"{STAGE}/forgetting.py",
        "last, *others = sorted(group, reverse=True)\n        self._post.send(Forget(last, site, group, names, others, True))",
        "last, *others = sorted(group)\n        self._post.send(Forget(last, site, group, names, others, True))",
        "forgetting",
    ),
    Mutant(
        "readers are not told of visitors that were seen",
        f"{STAGE}/forgetting.py",
        "for visitor in home.row.visitors:",
        "for visitor in ():",
        "forgetting",
    ),
    Mutant(
        "what was told does not travel with the cluster",
        f"{STAGE}/homes.py",
        "home.told = merged(home.told, message.told)",
        "home.told = merged(home.told, [])",
        "results",
    ),
    Mutant(
        "results do not wait until the cluster is whole",
        f"{STAGE}/results.py",
        "if home.row.awaits or home.row.silent:",
        "if home.row.silent:",
        "results",
    ),
    Mutant(
        "what was told by another key is forgotten",
        f"{STAGE}/results.py",
        "told.changes = united(told.changes, one.changes)",
        "told.changes = {**told.changes}",
        "results",
    ),
    Mutant(
        "whoever is parted goes on from a name that is over",
        f"{STAGE}/results.py",
        "for one in home.told if one.changes}",
        "for one in home.told}",
        "results",
    ),
    Mutant(
        "a version begins anew",
        f"{STAGE}/results.py",
        "told.version = max([told.version, *(one.version for one in others)])",
        "told.version = 0",
        "results",
    ),
    Mutant(
        "of whoever is forgotten something is told behind the end",
        f"{STAGE}/forgetting.py",
        "            self._counting.settle_one(home)  # whatever is still to be told of them comes before the end\n",
        "",
        "standing",
    ),
    Mutant(
        "of whoever is left when others are forgotten nothing is told",
        f"{STAGE}/counting.py",
        "standing_only=True)\n        self._changed(home, before, after)",
        "standing_only=True)",
        "standing",
    ),
    Mutant(
        "nobody says what a lead is that stands in the topic",
        f"{STAGE}/stage.py",
        "                self._post.send(Standing(id, id, site, text, one.version))",
        "                pass",
        "looked_through",
    ),
    Mutant(
        "the short way does not ask whether a threshold is near",
        f"{STAGE}/calm.py",
        "if opened > ease.most or not calm.low <= score < calm.high:",
        "if opened > ease.most:",
        "calm",
    ),
    Mutant(
        "the short way does not ask how often it may count a day",
        f"{STAGE}/calm.py",
        "if opened > ease.most or not calm.low <= score < calm.high:",
        "if not calm.low <= score < calm.high:",
        "calm",
    ),
    Mutant(
        "the short way does not ask for order",
        f"{STAGE}/calm.py",
        "time_ms > calm.newest_ms\n",
        "True\n",
        "calm",
    ),
    Mutant(
        "the short way forgets that a mail waits",
        f"{STAGE}/calm.py",
        "row.due_ms, calm.waits = due_ms, bool(ease.within_ms)",
        "row.due_ms, calm.waits = due_ms + 86_400_000, bool(ease.within_ms)",
        "calm",
    ),
    Mutant(
        "the short way does not look whether something is due",
        f"{STAGE}/calm.py",
        "and (not row.due_ms or time_ms < row.due_ms)",
        "and True",
        "calm",
    ),
)


def broken(mutant: Mutant, folder: Path) -> bool:
    """Run a law on a copy that has the change; tell whether it failed."""
    shutil.copytree(ROOT / "stream", folder / "stream", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / LAWS, folder / LAWS, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/examples.py", folder / "tests/examples.py")
    (folder / "conftest.py").write_text("from tests import examples\n\nexamples.load()\n", encoding="utf-8")
    path = folder / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += ["--rootdir", str(folder), f"{LAWS}/test_{mutant.law}_law.py"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):
        raise SystemExit(f"{mutant.says}: {ran.stdout[-2_000:]}{ran.stderr[-2_000:]}")
    return ran.returncode == 1


def main() -> None:
    """Try all mutants, or those whose law is named."""
    chosen = [mutant for mutant in MUTANTS if not sys.argv[1:] or mutant.law in sys.argv[1:]]
    missed = 0
    for mutant in chosen:
        with tempfile.TemporaryDirectory() as folder:
            caught = broken(mutant, Path(folder))
        missed += not caught
        print("caught" if caught else "MISSED", f"{mutant.law}: {mutant.says}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
