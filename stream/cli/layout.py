"""Layout of an installation, as its settings have it.

In:  settings.
Out: the layout of all groups that may run.
"""

from __future__ import annotations

from stream.engine.groups import chosen
from stream.kafka.layout import Layout
from stream.settings.fields import Settings


def layout_of(settings: Settings, *, whole: bool = False) -> Layout:
    """Give the topics of all groups that may run; those that are not there are for the caller to leave out.

    With `whole` also of those that shall not run.
    """
    groups = chosen("auto" if whole else settings.leads)
    if settings.sources:
        from stream.kafka import security
        from stream.worker.mapping import Intake

        groups = Intake.of(settings, security.link(settings), groups).groups(groups)
    return Layout(settings.topic_prefix, groups.values(), settings.generation)
