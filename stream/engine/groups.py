"""Groups: which kinds are folded together, by which stage. The only list of groups there is.

In:  nothing.
Out: groups; topics, layout, assignment, replay and the shards that the rollup waits for follow from them.

A shard (group, p) reads partition p of every topic of its group, so these are partitioned alike: by visitor, by
message, by campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from stream.changes.panes import DAY_MS
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import SOURCES
from stream.engine.options import FoldOptions
from stream.ingest.campaign import campaign_id_of, campaign_of
from stream.ingest.touches import shared as channels_of
from stream.kernels import native
from stream.stages.ads.fold import Ads
from stream.stages.emails.fold import Emails
from stream.stages.leads import contribution
from stream.stages.leads.stage import Leads
from stream.stages.stage import Shared, Stage
from stream.stages.visitors.stage import Visitors

#: Kinds of which leads are made, and how much older than a lead what counts of them may be.
_TOLD: Final[tuple[KindName, ...]] = ("page_view", "form", "chatbot", "email", "crm")
_REMEMBERED_MS: Final = 36 * DAY_MS


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of events that belong together, and the stage that keeps their rows.

    Where a group is `optional` its topics may be missing: then it does not run, and its kinds are shown as missing.
    `partitions` is for groups whose topics shall not have as many as the others. `fed_by` names the groups that hand
    something over to it, which come before it. `told_by` names those that tell it of people, itself among them.
    `mapped` are topics of others, by their whole names, whose records it makes events of: it keeps no rows. `maps` are
    the kinds of these events, as far as that is known.
    """

    name: str
    kinds: tuple[KindName, ...]
    stage: Callable[[Shared, FoldOptions], Stage]
    optional: bool = False
    partitions: int | None = None
    fed_by: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    maps: tuple[KindName, ...] = ()

    @property
    def optional_kinds(self) -> tuple[KindName, ...]:
        """Kinds whose topics may be missing where the group runs."""
        return tuple(kind for kind in self.kinds if KINDS[kind].optional)


def _visitors(shared: Shared, options: FoldOptions) -> Stage:
    channels = channels_of(options.channels)
    return Visitors(
        shared, channels.touches, options.bounds, options.channels.look_back_ms, campaign_of, campaign_id_of,
        native.chosen(options.native), channels.touch_by,
    )  # fmt: skip


def _emails(shared: Shared, options: FoldOptions) -> Stage:
    return Emails(shared, native.chosen(options.native))


def _ads(shared: Shared, options: FoldOptions) -> Stage:
    return Ads(shared, options.rules.followers, native.chosen(options.native))


def _leads(shared: Shared, options: FoldOptions) -> Stage:
    touches, lateness_of = channels_of(options.channels).touches, options.limits.lateness_of

    def source(event: Any) -> tuple[str, str]:
        touch = touches([event])[0]
        return touch.channel, touch.campaign

    longest_ms = max(map(lateness_of, _TOLD))
    sure_after_ms = _REMEMBERED_MS + max(DAY_MS, longest_ms)
    return Leads(shared, options.rules, source, contribution, sure_after_ms, native.chosen(options.native))


def by_name(groups: Iterable[Group]) -> dict[str, Group]:
    """Give groups by their names, in order; raises ValueError where they do not go together."""
    out: dict[str, Group] = {}
    owner: dict[str, str] = {}
    for group in groups:
        if group.name in out:
            raise ValueError(f"two groups are named {group.name}")
        if not (group.kinds or group.fed_by or group.told_by or group.mapped):
            raise ValueError(f"nothing comes into the group {group.name}: it has no kinds and nobody feeds it")
        for kind in group.kinds:
            if owner.setdefault(kind, group.name) != group.name:
                raise ValueError(f"{kind} is in two groups, {owner[kind]} and {group.name}: its topic is read once")
        for feeder in group.fed_by:
            if feeder not in out:
                raise ValueError(f"{group.name} is fed by {feeder}, which does not come before it")
        out[group.name] = group
    told = [name for name, group in out.items() if group.told_by]
    if len(told) > 1:
        raise ValueError(f"{' and '.join(told)} are told of people: there is one topic for that")
    return out


GROUPS: Final[Mapping[str, Group]] = by_name((
    Group("visitors", ("page_view", "form", "chatbot"), _visitors),
    Group("emails", ("email",), _emails),
    Group("ads", ("ad", "cost", "signal"), _ads),
    Group("leads", ("crm", "privacy"), _leads, optional=True, told_by=("visitors", "emails", "leads")),
))  # fmt: skip


def chosen(leads: Literal["auto", "on", "off"], groups: Mapping[str, Group] = GROUPS) -> dict[str, Group]:
    """Give the groups that may run: whether people are followed is the installation's choice.

    `on` wants all topics of who is told of people, `auto` does without if they are not there.
    """
    return {
        name: replace(group, optional=False) if group.told_by and leads == "on" else group
        for name, group in groups.items()
        if leads != "off" or not group.told_by
    }


def _mapping(shared: Shared, options: FoldOptions) -> Stage:
    raise AssertionError("it has no rows, and no stage")


def mapping(topics: Iterable[str], groups: Mapping[str, Group], maps: Iterable[KindName] = ()) -> dict[str, Group]:
    """Give the groups with the one that makes events of these topics; the same ones where there is none."""
    mapped = tuple(sorted(set(topics)))
    if not mapped:
        return dict(groups)
    return by_name((*groups.values(), Group(SOURCES, (), _mapping, mapped=mapped, maps=tuple(sorted(set(maps))))))


def following(options: FoldOptions, shards: Mapping[str, int], groups: Mapping[str, Group] = GROUPS) -> FoldOptions:
    """Give the options where these groups run, each in so many shards: who follows people, and who tells of them."""
    told = next((name for name, group in groups.items() if group.told_by and name in shards), None)
    if told is None:
        return replace(options, leads=0)
    feeders = {name: shards[name] for name in groups[told].told_by if name in shards}
    return replace(options, leads=shards[told], told_by=feeders)


def absent(shards: Mapping[str, int], groups: Mapping[str, Group] = GROUPS) -> tuple[str, ...]:
    """Name the kinds of groups that do not run; `shards` is group → number of shards of those that do."""
    return tuple(kind for name, group in groups.items() if name not in shards for kind in group.kinds)
