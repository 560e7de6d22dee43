"""What a worker's parts are told: settings and what was found on the broker, nothing else."""

from __future__ import annotations

import pytest

from stream.settings.fields import Settings
from stream.worker.main import rollup_options


@pytest.mark.parametrize(
    ("running", "shards", "absent"),
    [
        (
            {"visitors": 4, "emails": 2, "ads": 1, "rollup": 1},
            {"visitors": 4, "emails": 2, "ads": 1},
            (),
        ),
        ({"visitors": 4, "rollup": 1}, {"visitors": 4}, ("email", "ad")),
    ],
)
def test_the_rollup_waits_for_the_shards_of_the_groups_that_run(
    running: dict[str, int], shards: dict[str, int], absent: tuple[str, ...]
) -> None:
    options = rollup_options(Settings(), running)
    assert options.shards == shards
    assert options.absent == absent
