"""By hand: the rules of leads told once more, slowly and without the engine, as a person would do it on paper.

In:  facts of one lead, a clock, rules.
Out: what they amount to, figure by figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from stream.identity.facts import (
    Booked,
    Cancelled,
    Deal,
    Evidence,
    Fact,
    Mailed,
    PlatformForm,
    Recorded,
    Refund,
    Submitted,
    Told,
    Visit,
)
from stream.lifecycle.rules import Rules

DAY = 86_400_000
NEVER = 10**18
OF_DEALS = ("deal_won", "deal_lost", "refund")
OF_VISITORS = (Visit, Submitted, Booked, Cancelled, Told, Mailed)


def when(fact: Any) -> int:
    return int(fact.start_ms if isinstance(fact, Visit) else fact.time_ms)


def lead_of(facts: Iterable[Fact]) -> tuple[int, str] | None:
    """The earliest sign of a lead; a deal is one only where there is no other."""
    signs = [(f.time_ms, f.id) for f in facts if isinstance(f, Evidence | PlatformForm)]
    signs += [(f.time_ms, f.id) for f in facts if isinstance(f, Recorded) and f.action not in OF_DEALS]
    records = [(f.time_ms, f.id) for f in facts if isinstance(f, Recorded)]
    deals = [(f.time_ms, f.id) for f in facts if isinstance(f, Deal)]
    return min(signs or records or deals, default=None)


def remembered(facts: Iterable[Fact]) -> list[Fact]:
    """What is known of a visitor, or mailed, goes back 35 days from becoming a lead."""
    facts = list(facts)
    lead = lead_of(facts)
    assert lead is not None
    return [f for f in facts if not isinstance(f, OF_VISITORS) or when(f) >= lead[0] - 35 * DAY]


def happened(name: str, facts: Sequence[Fact]) -> list[int]:
    """When a fact of the rules happened, each time."""
    family, _, value = name.partition(":")
    match family:
        case "lead":
            lead = lead_of(facts)
            return [lead[0]] if lead else []
        case "won":
            nameless = [f for f in facts if isinstance(f, Recorded) and f.action == "deal_won" and not f.deal]
            return [f.won_ms for f in facts if isinstance(f, Deal) and f.won_ms] + [f.time_ms for f in nameless]
        case "booked" | "cancelled":
            return appointments(facts, Booked if family == "booked" else Cancelled, f"appointment_{family}")
        case "trial":
            return happened("form:trial", facts) + happened("crm_action:trial_started", facts)
        case "solution_form":
            return [t for kind in ("demo", "trial", "quote", "contact") for t in happened(f"form:{kind}", facts)]
        case "pricing":
            return happened("page:pricing", facts)
        case "form":
            sent = [f.time_ms for f in facts if isinstance(f, Submitted) and f.form_type == value]
            return sent + [f.time_ms for f in facts if isinstance(f, PlatformForm) and f.action == value]
        case "form_stage":
            return [f.time_ms for f in facts if isinstance(f, Submitted | PlatformForm) and f.offer_stage == value]
        case "page":
            visits = [f for f in facts if isinstance(f, Visit)]
            return [t for f in visits if (t := f.pricing_ms if value == "pricing" else f.cart_ms)]
        case "mail":
            return [f.time_ms for f in facts if isinstance(f, Mailed) and f.what == value]
        case "company":
            field, _, wanted = value.partition("=")
            return [f.time_ms for f in facts if isinstance(f, Told) and getattr(f, field) == wanted]
        case "crm":
            moves = [f for f in facts if isinstance(f, Recorded) and f.action == "stage_changed"]
            return [f.time_ms for f in moves if f.to == value]
        case "crm_action":
            return [f.time_ms for f in facts if isinstance(f, Recorded) and f.action == value]
    raise AssertionError(name)


def appointments(facts: Sequence[Fact], kind: type, action: str) -> list[int]:
    times: dict[str, list[int]] = defaultdict(list)
    for f in facts:
        if isinstance(f, kind):
            times[f.appointment].append(f.time_ms)  # type: ignore[attr-defined]
        elif isinstance(f, Recorded) and f.action == action:
            times[f.appointment or f"of {f.id}"].append(f.time_ms)
    return [min(each) for each in times.values()]


def silences(facts: Sequence[Fact], within: int, clock: int) -> list[int]:
    """A walk through time: 0 a mail came, 1 one was opened; and whoever waits for too long is silent."""
    mails = [f for f in facts if isinstance(f, Mailed)]
    steps = sorted(
        [(f.time_ms, 0) for f in mails if f.what == "delivered"]
        + [(f.time_ms, 1) for f in mails if f.what in ("opened", "clicked", "replied")]
    )
    out, waiting = [], NEVER
    for time, what in [*steps, (NEVER, 1)]:
        if waiting != NEVER and waiting + within < time:
            if waiting + within <= clock:
                out.append(waiting + within)
                waiting = NEVER
            else:
                break
        if what == 1:
            waiting = NEVER
        elif waiting == NEVER:
            waiting = time
    return out


def marks_of(facts: Sequence[Fact], clock: int, rules: Rules) -> list[tuple[int, int, str]]:
    """What has points: when, how many, by which rule."""
    facts = remembered(facts)
    marks = []
    for rule in rules.score:
        if "mail:none_opened_in" in rule.fact:
            times = silences(facts, rule.within_ms, clock)[: 1 if rule.once else None]
        elif len(rule.fact) > 1:
            firsts = [min(happened(name, facts), default=NEVER) for name in rule.fact]
            times = [max(firsts)] if NEVER not in firsts else []
        else:
            times = sorted(happened(rule.fact[0], facts))
            if rule.once:
                times = times[:1]
            else:
                a_day: Counter[int] = Counter()
                kept = []
                for time in times:
                    a_day[time // DAY] += 1
                    if a_day[time // DAY] <= rule.a_day:
                        kept.append(time)
                times = kept
        marks += [(time, rule.points, rule.name) for time in times]
    return sorted(marks)


def worth(points: int, time: int, now: int, half_life: int) -> Fraction:
    """Half as much each half-life, in a straight line between; in thousandths, rounded down."""
    if not half_life or points < 0:
        return Fraction(points)
    halvings, rest = divmod(now // DAY - time // DAY, half_life)
    return Fraction((points * 1000 >> halvings) * (1000 - 500 * rest // half_life) // 1000, 1000)


def score_at(marks: Iterable[tuple[int, int, str]], now: int, rules: Rules) -> int:
    total = sum(
        (worth(points, time, now, rules.half_life_days) for time, points, _ in marks if time <= now), Fraction()
    )
    return total.numerator // total.denominator


def crossings(facts: Sequence[Fact], marks: Sequence[tuple[int, int, str]], rules: Rules) -> dict[int, int]:
    """Try every moment at which anything happened."""
    lead = lead_of(facts)
    assert lead is not None
    moments = sorted({lead[0], *(time for time, _, _ in marks if time > lead[0])})
    out = {}
    for limit in {rules.threshold, *rules.what_if}:
        for moment in moments:
            if score_at(marks, moment, rules) >= limit:
                out[limit] = moment
                break
    return out


def entered(facts: Sequence[Fact], crossed: int | None, rules: Rules) -> dict[str, int]:
    """When each stage was entered: say for each all that speaks for it, then what later ones imply."""
    lead = lead_of(facts)
    assert lead is not None
    known = remembered(facts)
    own: dict[str, list[int]] = {name: [] for name in rules.ladder}
    for stage in rules.stages:
        for names in (*stage.evidence, (f"crm:{stage.name}",)):
            latest = []
            for name in names:
                times = ([crossed] if crossed else []) if name == "score" else happened(name, known)
                first = min(times, default=NEVER)
                free = name == "won" or name in [f"crm_action:{action}" for action in OF_DEALS]
                latest.append(first if free else max(first, lead[0]))
            if NEVER not in latest:
                own[stage.name].append(max(latest))
    out: dict[str, int] = {}
    for at, stage in enumerate(rules.stages):
        later = [t for name in rules.ladder[at + 1 :] for t in own[name]]
        times = own[stage.name] + (later if stage.implied else [])
        if times:
            out[stage.name] = min(times)
    out[rules.first] = lead[0]
    return {name: out[name] for name in rules.ladder if name in out}


def whereabouts(facts: Sequence[Fact], first: dict[str, int], rules: Rules) -> dict[str, Any]:
    """Walk through the moments one by one: entries, moves, what closes."""
    order = {name: at for at, name in enumerate(rules.ladder)}
    records = sorted((f for f in facts if isinstance(f, Recorded)), key=lambda f: (f.time_ms, f.id))
    won = {f.deal for f in facts if isinstance(f, Deal) and f.won_ms}
    stage, since, lost, reason = "", 0, 0, ""
    back, reopened = [], []
    for moment in sorted({*first.values(), *(f.time_ms for f in records)}):
        for name in rules.ladder:
            if first.get(name) == moment:
                if not stage or order[name] > order[stage]:
                    stage, since = name, moment
                if lost:
                    reopened.append((moment, stage))
                    lost, reason = 0, ""
        for f in records:
            if f.time_ms == moment and f.action == "stage_changed":
                if order[f.from_ or stage] > order[f.to]:
                    back.append((moment, f.id, f.from_ or stage, f.to))
                if f.to != stage:
                    stage, since = f.to, moment
                if lost:
                    reopened.append((moment, stage))
                    lost, reason = 0, ""
        for f in records:
            closes = f.action == "disqualified" or (f.action == "deal_lost" and f.deal not in won)
            if f.time_ms == moment and closes and stage != rules.last:
                lost, reason = moment, f.reason
    return {
        "stage": stage,
        "since_ms": since,
        "lost_ms": lost,
        "lost_reason": reason,
        "moves_back": back,
        "reopened": reopened,
    }


def path(facts: Sequence[Fact], until: int) -> list[tuple[int, str, str, str]]:
    """The newest 50 touches of the 90 days up to a moment."""
    facts = remembered(facts)
    out = [(f.start_ms, f.channel, f.campaign, f.campaign_id) for f in facts if isinstance(f, Visit)]
    out += [
        (f.time_ms, f.channel, f.campaign, f.campaign_id)
        for f in facts
        if isinstance(f, PlatformForm) or (isinstance(f, Recorded) and f.action == "lead_created")
    ]
    return sorted(touch for touch in out if until - 90 * DAY < touch[0] <= until)[-50:]


def weights(touches: Sequence[tuple[int, str, str, str]], until: int) -> dict[str, list[float]]:
    """What each touch has by each model, in shares of one."""
    n = len(touches)
    loud = [at for at, touch in enumerate(touches) if touch[1] != "direct"]
    fading = [0.5 ** ((until - touch[0]) // 3_600_000 / 168) for touch in touches]
    return {
        "first": [float(at == 0) for at in range(n)],
        "last": [float(at == n - 1) for at in range(n)],
        "last_non_direct": [float(at == (loud[-1] if loud else n - 1)) for at in range(n)],
        "linear": [1 / n] * n,
        "position": [1.0] if n == 1 else [0.5, 0.5] if n == 2 else [0.4, *[0.2 / (n - 2)] * (n - 2), 0.4],
        "time_decay": [each / sum(fading) for each in fading],
    }


def refunds_over(facts: Sequence[Fact]) -> list[tuple[str, int, bool]]:
    """Refunds by time, and whether with each more was given back than its deal was worth."""
    out = []
    refunds = sorted((f for f in facts if isinstance(f, Refund)), key=lambda f: (f.time_ms, f.id))
    for at, one in enumerate(refunds):
        over = False
        for deal in facts:
            if isinstance(deal, Deal) and deal.won_ms and deal.deal == one.deal and deal.currency == one.currency:
                upto = [f.value for f in refunds[: at + 1] if f.deal == one.deal and f.currency == one.currency]
                over = deal.value is not None and sum(upto) > deal.value
        out.append((one.deal, one.time_ms, over))
    return out
