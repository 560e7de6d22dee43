"""Lines: on which line of a TOML text a key stands."""

from __future__ import annotations

import tomllib

import pytest

from stream.alerting.lines import Lines

TEXT = '''# a comment = 1
[sites]
shop = "UTC"
"odd site" = "UTC"

[[rule]]
alert = "a"
labels = { channel = "x" }
[[rule]]
  alert = "b"
  [rule.labels]
  channel = "y"
[quiet]
text = """
alert = "no key"
[[rule]]
"""
after.dotted = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("sites",), 2),
        (("sites", "shop"), 3),
        (("sites", "odd site"), 4),
        (("rule", 1), 6),
        (("rule", 1, "alert"), 7),
        (("rule", 1, "labels", "channel"), 8),  # within braces: where these begin
        (("rule", 2, "alert"), 10),
        (("rule", 2, "labels"), 11),
        (("rule", 2, "labels", "channel"), 12),
        (("rule", 2, "severity"), 9),  # not there: the table
        (("quiet", "text"), 14),
        (("quiet", "after", "dotted"), 18),
        (("rule", 3), 1),
        (("nothing",), 1),
    ],
)
def test_a_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert tomllib.loads(TEXT)
    assert Lines(TEXT).find(*path) == line
