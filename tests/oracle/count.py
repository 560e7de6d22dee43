"""Count: from events that count to exact integers, by grouping and looking.

In:  judged events; windows as name → (start, end) in ms, start inside, end outside.
Out: (metric, labels, window) → integer. Ratios are given by their two sides, as counts of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.oracle.judge import DAY_MS, Event, Raw, judge, moment_ms

Labels = tuple[tuple[str, str], ...]
Counts = Counter[tuple[str, Labels, str]]
Put = Callable[..., None]

HALF_HOUR_MS = 30 * 60_000
SHIFTED = {"bounces", "sessions_over", "form_abandons", "form_starts_over"}
CONVERTING_FORMS = ("contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout")
CONVERTING_CHATS = ("lead_captured", "appointment_set", "order_completed")
PAID = ("paid_search", "paid_social", "display")
PLATFORM_CHANNELS = {"google": "paid_search", "meta": "paid_social", "linkedin": "paid_social"}
FUNNEL_MS = 30 * DAY_MS


class Oracle:
    """Everything that is known about a set of records."""

    def __init__(self, records: Iterable[Raw], lateness_ms: int = DAY_MS) -> None:
        self.judged = judge(records, lateness_ms)
        self.places = self.judged.places
        self._facts: list[tuple[str, Labels, int, int]] = []  # metric, labels, moment, how many
        self._totals: list[tuple[str, Labels, int, int, int]] = []  # metric, labels, from, to, amount
        self._people()
        self._strangers()
        self._mails()
        self._ads()
        for site, kind, arrival_ms, counted in self.judged.arrivals:
            self._put("events_accepted", arrival_ms, site=site, kind=kind)
            if counted:
                self._put("events_counted", arrival_ms, site=site, kind=kind)

    @property
    def account(self) -> dict[str, int]:
        """Give the account over all kinds; accepted is the sum of the rest."""
        outcomes: Counter[str] = Counter()
        for (_, outcome, _), n in self.places.items():
            outcomes[outcome] += n
        return {"accepted": outcomes.total(), **outcomes}

    def counts(self, windows: Mapping[str, tuple[int, int]]) -> Counts:
        """Count every metric in each window."""
        found: Counts = Counter()
        for metric, labels, at_ms, n in self._facts:
            back_ms = HALF_HOUR_MS if metric in SHIFTED else 0
            for window, (start_ms, end_ms) in windows.items():
                if start_ms <= at_ms + back_ms < end_ms:
                    found[metric, labels, window] += n
        for metric, labels, from_ms, to_ms, amount in self._totals:
            for window, (start_ms, end_ms) in windows.items():
                if end_ms - start_ms >= DAY_MS:
                    parts = [
                        amount * (min(max(edge, from_ms), to_ms) - from_ms) // (to_ms - from_ms)
                        for edge in (start_ms, end_ms)
                    ]
                    found[metric, labels, window] += parts[1] - parts[0]
        return found

    def _put(self, metric: str, at_ms: int, n: int = 1, **labels: str) -> None:
        self._facts.append((metric, tuple(sorted((k, v or "unknown") for k, v in labels.items())), at_ms, n))

    def _group(self, *kinds: str, by: Callable[[Event], Any]) -> dict[Any, list[Event]]:
        groups: dict[Any, list[Event]] = defaultdict(list)
        for event in sorted(self.judged.events, key=lambda event: (event.at_ms, event.id)):
            if event.kind in kinds:
                name = by(event)
                if name is not None:
                    groups[name].append(event)
        return groups

    # -- people

    def _people(self) -> None:
        def person(event: Event) -> tuple[str, str] | None:
            if event.data.get("platform", "site") != "site":
                return None
            return event.data["site_id"], event.data["visitor_id"]

        for (site, _), events in self._group("page_view", "form", "chatbot", by=person).items():
            self._person(site, events)

    def _person(self, site: str, events: list[Event]) -> None:
        put = self._put
        put("visitors", events[-1].at_ms, site=site)
        put("new_visitors", events[0].at_ms, site=site)
        visits: list[list[Event]] = []
        for event in events:
            if not visits or event.at_ms - visits[-1][-1].at_ms > HALF_HOUR_MS:
                visits.append([])
            visits[-1].append(event)
        keys = [event for event in events if _converts(event)]
        if keys:
            method = {"form": "form", "chatbot": "chatbot"}[keys[0].kind]
            home = next(visit for visit in visits if keys[0] in visit)
            put("converted_visitors", keys[-1].at_ms, site=site)
            put("leads", keys[0].at_ms, site=site, capture_method=method)
            put("channel_leads", keys[0].at_ms, site=site, channel=_channel(home))

        last: dict[str, int] = {}
        last_key: dict[str, int] = {}
        for visit in visits:
            channel = _channel(visit)
            last[channel] = visit[-1].at_ms
            put("sessions", visit[0].at_ms, site=site)
            put("channel_sessions", visit[0].at_ms, site=site, channel=channel)
            put("sessions_over", visit[0].at_ms, site=site, channel=channel)
            if [event.kind for event in visit] == ["page_view"]:
                put("bounces", visit[0].at_ms, site=site, channel=channel)
            for event in visit:
                if _converts(event):
                    last_key[channel] = event.at_ms
                if event.kind == "page_view":
                    put("page_views", event.at_ms, site=site)
            self._forms(site, visit)
        for channel, at_ms in last.items():
            put("channel_visitors", at_ms, site=site, channel=channel)
        for channel, at_ms in last_key.items():
            put("channel_converted_visitors", at_ms, site=site, channel=channel)
        self._chats(site, [event for event in events if event.kind == "chatbot"])
        self._funnel(site, events, visits, keys)

    def _forms(self, site: str, visit: list[Event]) -> None:
        for form in sorted({event.data["form_id"] for event in visit if event.kind == "form"}):
            times: dict[str, int] = {}
            for event in visit:
                if event.kind == "form" and event.data["form_id"] == form:
                    times.setdefault(event.data["action"], event.at_ms)
            if "view" in times:
                self._put("form_views", times["view"], site=site, form=form)
            begun = times.get("start", times.get("submit"))
            if begun is not None:
                self._put("form_starts", begun, site=site, form=form)
                self._put("form_starts_over", begun, site=site, form=form)
                self._put("form_submits" if "submit" in times else "form_abandons", begun, site=site, form=form)
            if "start" in times:
                self._step(site, "form_start", "form_submit", times["start"], times.get("submit"))

    def _step(self, site: str, start: str, end: str, from_ms: int | None, to_ms: int | None) -> None:
        if from_ms is None:
            return
        self._put("funnel_step_from", from_ms, **{"site": site, "from": start, "to": end})
        if to_ms is not None and from_ms <= to_ms <= from_ms + FUNNEL_MS:
            self._put("funnel_step_reached", from_ms, **{"site": site, "from": start, "to": end})

    def _funnel(self, site: str, events: list[Event], visits: list[list[Event]], keys: list[Event]) -> None:
        lead_ms = keys[0].at_ms if keys else None
        first_view = next((e.at_ms for e in events if e.kind == "page_view"), None)
        begun = [e.at_ms for e in events if e.kind == "form" and e.data["action"] in ("start", "submit")]
        self._step(site, "first_view", "form_start", first_view, begun[0] if begun else None)
        self._step(site, "first_view", "lead", first_view, lead_ms)
        for name, channels in (("ad_landing", PAID), ("email_landing", ("email",))):
            landed = [
                event.at_ms
                for visit in visits
                if _channel(visit) in channels
                for event in visit
                if event.kind == "page_view"
            ]
            self._step(site, name, "lead", landed[0] if landed else None, lead_ms)

    def _chats(self, site: str, chats: list[Event]) -> None:
        for _, unit in _by(chats, "conversation_id"):
            bot, times = _bot(unit), _times(unit)
            at_ms = times.get("conversation_started", unit[0].at_ms)
            self._put("conversations", at_ms, site=site, bot=bot)
            for metric, holds in (
                ("chat_leads", "lead_captured" in times),
                ("chat_handoffs", "handoff" in times),
                ("chat_resolved", any(event.data.get("resolved") is True for event in unit)),
            ):
                if holds:
                    self._put(metric, at_ms, site=site, bot=bot)
            self._step(
                site,
                "conversation_started",
                "chat_lead",
                times.get("conversation_started"),
                times.get("lead_captured"),
            )
        for noun, opening, endings in (
            ("order", "started", ("completed",)),
            ("appointment", "set", ("confirmed", "cancelled")),
        ):
            deals = [event for event in chats if event.data["action"].startswith(f"{noun}_")]
            for _, unit in _by(deals, f"{noun}_id"):
                bot, times = _bot(unit), _times(unit)
                at_ms = times.get(f"{noun}_{opening}", unit[0].at_ms)
                self._put(f"chat_{noun}s_{opening}", at_ms, site=site, bot=bot)
                for ending in endings:
                    if f"{noun}_{ending}" in times:
                        self._put(f"chat_{noun}s_{ending}", at_ms, site=site, bot=bot)

    def _strangers(self) -> None:
        """Count people known by a form on an ad platform: no visit, no person."""

        def stranger(event: Event) -> tuple[str, str] | None:
            data = event.data
            if data.get("platform", "site") == "site" or data["action"] != "submit":
                return None
            return data["site_id"], data.get("lead_id") or data["email_hash"]

        for (site, _), submits in self._group("form", by=stranger).items():
            channel = PLATFORM_CHANNELS[submits[0].data["platform"]]
            self._put("leads", submits[0].at_ms, site=site, capture_method="ad_platform")
            self._put("channel_leads", submits[0].at_ms, site=site, channel=channel)

    # -- mails

    def _mails(self) -> None:
        groups = self._group("email", by=lambda event: (event.data["site_id"], event.data["message_id"]))
        for (site, _), events in groups.items():
            self._mail(site, events)

    def _mail(self, site: str, events: list[Event]) -> None:
        def told(name: str) -> str:
            return next((event.data[name] for event in events if event.data.get(name)), "")

        def seen(action: str, machine: bool = False) -> list[Event]:
            return [e for e in events if e.data["action"] == action and bool(e.data.get("machine")) == machine]

        labels = {
            "site": site,
            "campaign": told("campaign_id"),
            "purpose": told("email_purpose"),
            "variant": told("variant"),
        }
        at_ms = seen("sent")[0].at_ms if seen("sent") else events[0].at_ms
        opened, clicked = seen("opened"), seen("clicked")
        scanned = seen("opened", True), seen("clicked", True)
        complained, left = seen("spam_complaint"), seen("unsubscribed") + seen("resubscribed")
        arrived = bool(opened or clicked or any(scanned) or seen("replied") or complained or seen("unsubscribed"))
        ways = sorted(seen("bounced") + seen("delivered"))
        bounced = not arrived and bool(ways) and ways[-1].data["action"] == "bounced"
        delivered = arrived or (bool(seen("delivered")) and not bounced)
        dropped = bool(seen("dropped")) and not delivered and not bounced
        for metric, holds in (
            ("emails_sent", True),
            ("emails_delivered", delivered),
            ("emails_dropped", dropped),
            ("emails_opened", bool(opened or clicked)),
            ("emails_clicked", bool(clicked)),
            ("emails_replied", bool(seen("replied"))),
            ("emails_unsubscribed", bool(left) and max(left).data["action"] == "unsubscribed"),
            ("emails_spam_complaints", bool(complained)),
            ("emails_machine_opened", bool(scanned[0])),
            ("emails_machine_clicked", bool(scanned[1])),
            ("emails_undeliverable", bool(bounced or dropped or complained)),
        ):
            if holds:
                self._put(metric, at_ms, **labels)
        if bounced:
            self._put("emails_bounced", at_ms, **labels, bounce_type=seen("bounced")[-1].data["bounce_type"])
        if clicked:
            self._put("email_clicks", at_ms, len(clicked), **labels)
        self._put("domain_emails_sent", at_ms, site=site, domain=told("recipient_domain"))

    # -- ads

    def _ads(self) -> None:
        metrics = {
            "impression": "ad_impressions",
            "click": "ad_clicks",
            "conversion": "ad_conversions",
            "spend": "ad_spend_micros",
        }
        newest: dict[tuple[Any, ...], tuple[tuple[int, int, str], tuple[str, Labels, int, int, int]]] = {}
        for event in self.judged.events:
            if event.kind != "ad":
                continue
            data = event.data
            labels = {
                "site": data["site_id"], "platform": data["platform"], "campaign": data["campaign_id"],
                "channel_type": data.get("channel_type", ""), "audience_type": data.get("audience_type", ""),
                "variant": data.get("variant", ""),
            }  # fmt: skip
            spend = data["action"] == "spend"
            if spend:
                labels["currency"] = data["currency"]
            metric, n = metrics[data["action"]], data["cost_micros"] if spend else data.get("count", 1)
            if not {"period_start", "period_end", "revision"} <= data.keys():
                self._put(metric, event.at_ms, n, **labels)
                continue
            period = moment_ms(data["period_start"]), moment_ms(data["period_end"])
            named = (
                labels["site"],
                labels["platform"],
                labels["campaign"],
                data.get("ad_group_id"),
                data.get("ad_id"),
            )
            key = (*named, data["action"], data.get("currency"), *period)
            rank = (data["revision"], event.at_ms, event.id)
            pairs = tuple(sorted((k, v or "unknown") for k, v in labels.items()))
            if key not in newest or newest[key][0] < rank:
                newest[key] = rank, (metric, pairs, *period, n)
        self._totals += [total for _, total in newest.values()]


def _converts(event: Event) -> bool:
    action = event.data.get("action")
    if event.kind == "form":
        return action == "submit" and event.data.get("form_type") in CONVERTING_FORMS
    return event.kind == "chatbot" and action in CONVERTING_CHATS


def _channel(visit: list[Event]) -> str:
    return next((event.channel for event in visit if event.channel != "direct"), "direct")


def _by(events: list[Event], name: str) -> list[tuple[str, list[Event]]]:
    ids = dict.fromkeys(event.data[name] for event in events)
    return [(unit, [event for event in events if event.data[name] == unit]) for unit in ids]


def _bot(unit: list[Event]) -> str:
    return next((event.data["bot_id"] for event in unit if event.data.get("bot_id")), "")


def _times(unit: list[Event]) -> dict[str, int]:
    times: dict[str, int] = {}
    for event in unit:
        times.setdefault(event.data["action"], event.at_ms)
    return times
