"""What a worker's parts are told: settings and what was found on the broker, nothing else."""

from __future__ import annotations

import pytest

from stream.engine.groups import GROUPS
from stream.settings.fields import Settings
from stream.worker.main import rollup_options

EVERY_GROUP = {name: shards for shards, name in enumerate(GROUPS, 1)}
OF_OTHERS = tuple(kind for group in GROUPS.values() if group.name != "visitors" for kind in group.kinds)


@pytest.mark.parametrize(
    ("running", "shards", "absent"),
    [
        (EVERY_GROUP | {"rollup": 1}, EVERY_GROUP, ()),
        ({"visitors": 4, "rollup": 1}, {"visitors": 4}, OF_OTHERS),
    ],
)
def test_the_rollup_waits_for_the_shards_of_the_groups_that_run(
    running: dict[str, int], shards: dict[str, int], absent: tuple[str, ...]
) -> None:
    options = rollup_options(Settings(), running)
    assert options.shards == shards
    assert options.absent == absent
