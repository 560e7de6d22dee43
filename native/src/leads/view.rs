//! View: what the facts of one lead amount to (`stream/stages/leads/life.py`, `gather.py`, `ladder.py`).

use super::credit::{credit, Credit, Touch};
use super::facts::{Capture, Fact, Mailed, Submitted, Visit};
use super::rules::{Hits, Rules};
use super::score::{earlier, scored};

/// The facts of a lead by what they speak for.
pub struct Gathered<'a> {
    pub lead: Capture<'a>,
    cut_ms: i64,
    active_ms: i64,
    newest_ms: i64,
    /// By fact that rules name: when it first held.
    firsts: Vec<Option<i64>>,
    /// By rule: whenever it has points.
    pub times: Vec<Vec<i64>>,
    pub delivered: Vec<i64>,
    pub opened: Vec<i64>,
    touches: Vec<Touch<'a>>,
    registered: Vec<(&'a str, i64)>,
    first_session_ms: i64,
    nurtured_ms: i64,
}

/// All that a lead amounts to at one moment of the clock. Times are milliseconds; 0: never.
pub struct View<'a> {
    pub lead: Capture<'a>,
    pub counted: Vec<(&'a str, Capture<'a>)>,
    /// Stage and when, in the order of the ladder.
    pub entered: Vec<(usize, i64)>,
    pub out_of_order: Vec<usize>,
    pub score: i64,
    pub parts: Vec<(usize, i64, i64)>,
    /// Place among the bands; None is cold.
    pub band: Option<usize>,
    pub crossed: Vec<(i64, i64)>,
    pub active_ms: i64,
    pub newest_ms: i64,
    pub first_session_ms: i64,
    pub first_touch: Option<Touch<'a>>,
    pub last_touch: Option<Touch<'a>>,
    pub credit: Credit<'a>,
    pub registered: Vec<(&'a str, i64)>,
    pub nurtured: bool,
    pub due_ms: i64,
    pub expired: bool,
    /// Of whom something is known.
    pub visitors: i64,
}

impl<'a> Gathered<'a> {
    fn new(rules: &Rules, lead: Capture<'a>) -> Self {
        Gathered {
            lead,
            cut_ms: lead.time_ms - rules.remembered_ms,
            active_ms: lead.time_ms,
            newest_ms: lead.time_ms,
            firsts: vec![None; rules.enters.len()],
            times: vec![Vec::new(); rules.points.len()],
            delivered: Vec::new(),
            opened: Vec::new(),
            touches: Vec::new(),
            registered: Vec::new(),
            first_session_ms: 0,
            nurtured_ms: 0,
        }
    }

    /// Gives when a fact first held.
    pub fn first(&self, place: usize) -> Option<i64> {
        self.firsts[place]
    }

    fn hit(&mut self, hits: Option<&Hits>, time_ms: i64) {
        let Some((facts, rules)) = hits else { return };
        for place in facts {
            let first = &mut self.firsts[*place];
            *first = Some(first.map_or(time_ms, |known_ms| known_ms.min(time_ms)));
        }
        for rule in rules {
            self.times[*rule].push(time_ms);
        }
    }

    fn alive(&mut self, time_ms: i64) {
        self.active_ms = self.active_ms.max(time_ms);
        self.newest_ms = self.newest_ms.max(time_ms);
    }

    fn mail(&mut self, rules: &Rules, mail: &Mailed<'a>) {
        let (time_ms, lead_ms) = (mail.time_ms, self.lead.time_ms);
        if time_ms < self.cut_ms {
            return;
        }
        self.newest_ms = self.newest_ms.max(time_ms);
        if mail.what == "delivered" {
            self.delivered.push(time_ms);
            if mail.nurtures && time_ms > lead_ms {
                self.nurtured_ms = earlier(self.nurtured_ms, time_ms);
            }
        } else if mail.what != "unsubscribed" {
            self.opened.push(time_ms);
            self.alive(time_ms);
        }
        self.hit(rules.mail.get(mail.what), time_ms);
    }

    fn visit(&mut self, rules: &Rules, visit: &Visit<'a>) {
        if visit.start_ms < self.cut_ms {
            return;
        }
        self.touches
            .push((visit.start_ms, [visit.channel, visit.campaign, visit.campaign_id]));
        self.alive(visit.start_ms);
        for (group, at_ms) in [("pricing", visit.pricing_ms), ("cart", visit.cart_ms)] {
            if at_ms != 0 {
                self.hit(rules.page.get(group), at_ms);
            }
        }
    }

    fn form(&mut self, rules: &Rules, form: &Submitted<'a>) {
        if form.time_ms < self.cut_ms {
            return;
        }
        self.hit(rules.form.get(form.form_type), form.time_ms);
        self.hit(rules.form_stage.get(form.offer_stage), form.time_ms);
        if !form.event.is_empty() {
            match self.registered.iter_mut().find(|(event, _)| *event == form.event) {
                Some((_, first_ms)) => {
                    if !(0 < *first_ms && *first_ms < form.time_ms) {
                        *first_ms = form.time_ms;
                    }
                }
                None => self.registered.push((form.event, form.time_ms)),
            }
        }
        self.alive(form.time_ms);
    }

    /// Gives when each stage was entered, in the order of the ladder.
    fn entries(&mut self, rules: &Rules, crossed_ms: i64) -> Vec<(usize, i64)> {
        let lead_ms = self.lead.time_ms;
        if let (Some(place), true) = (rules.score, crossed_ms != 0) {
            self.firsts[place] = Some(crossed_ms);
        }
        let mut times = vec![0i64; rules.ladder.len()];
        let as_lead = |place: usize, time_ms: i64| {
            if rules.any_time[place] {
                time_ms
            } else {
                time_ms.max(lead_ms)
            }
        };
        for (place, first) in self.firsts.iter().enumerate() {
            let Some(time_ms) = first else { continue };
            for stage in &rules.enters[place] {
                times[*stage] = earlier(times[*stage], as_lead(place, *time_ms));
            }
        }
        for (stage, places) in &rules.together {
            let all: Option<Vec<i64>> = places
                .iter()
                .map(|place| self.firsts[*place].map(|time_ms| as_lead(*place, time_ms)))
                .collect();
            if let Some(time_ms) = all.and_then(|all| all.into_iter().max()) {
                times[*stage] = earlier(times[*stage], time_ms);
            }
        }
        let mut later_ms = 0;
        for at in (1..times.len()).rev() {
            if later_ms != 0 && rules.implied[at] && !(0 < times[at] && times[at] < later_ms) {
                times[at] = later_ms;
            }
            if times[at] != 0 && !(0 < later_ms && later_ms < times[at]) {
                later_ms = times[at];
            }
        }
        times[0] = lead_ms;
        times
            .into_iter()
            .enumerate()
            .filter(|(_, time_ms)| *time_ms != 0)
            .collect()
    }
}

/// Gives what the facts amount to; None where nobody is a lead.
pub fn view<'a>(rules: &Rules, facts: &[Fact<'a>], clock_ms: i64) -> Option<View<'a>> {
    let lead = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Evidence(capture) => Some(capture),
            _ => None,
        })
        .min_by_key(|capture| (capture.time_ms, capture.id))?;
    let mut found = Gathered::new(rules, *lead);
    let (mut counted, mut visitors) = (Vec::new(), Vec::new());
    for fact in facts {
        match fact {
            Fact::Visit(visit) => {
                found.visit(rules, visit);
                if !visitors.contains(&visit.visitor) {
                    visitors.push(visit.visitor);
                }
            }
            Fact::Evidence(capture) => found.alive(capture.time_ms),
            Fact::Counted(visitor, capture) => counted.push((*visitor, *capture)),
            Fact::Submitted(form) => found.form(rules, form),
            Fact::Mailed(mail) => found.mail(rules, mail),
        }
    }
    counted.sort_by_key(|(_, capture)| (capture.time_ms, capture.id));
    found.hit(rules.alone.get("lead"), lead.time_ms);
    found.touches.sort_unstable();
    found.first_session_ms = found.touches.first().map_or(0, |touch| touch.0);
    let score = scored(rules, &mut found, clock_ms);
    let crossed_ms = score
        .crossed
        .iter()
        .find(|(limit, _)| *limit == rules.threshold)
        .map_or(0, |crossed| crossed.1);
    let entered = found.entries(rules, crossed_ms);
    let (mut out_of_order, mut newest_ms) = (Vec::new(), 0);
    for (stage, time_ms) in &entered {
        if *time_ms < newest_ms {
            out_of_order.push(*stage);
        }
        newest_ms = newest_ms.max(*time_ms);
    }
    let customer_ms = match entered.last() {
        Some((stage, time_ms)) if stage + 1 == rules.ladder.len() => *time_ms,
        _ => 0,
    };
    let expires_ms = found.newest_ms + rules.forget_after_ms;
    let due_ms = earlier(score.due_ms, if expires_ms > clock_ms { expires_ms } else { 0 });
    Some(View {
        lead: *lead,
        counted,
        entered,
        out_of_order,
        band: rules.bands.iter().position(|(_, least)| score.score >= *least),
        score: score.score,
        parts: score.parts,
        crossed: score.crossed,
        active_ms: found.active_ms,
        newest_ms: found.newest_ms,
        first_session_ms: found.first_session_ms,
        first_touch: found.touches.first().copied(),
        last_touch: found.touches.last().copied(),
        credit: credit(rules, &found.touches, lead.time_ms),
        nurtured: found.nurtured_ms != 0 && (customer_ms == 0 || found.nurtured_ms <= customer_ms),
        registered: found.registered,
        due_ms,
        expired: expires_ms <= clock_ms,
        visitors: visitors.len() as i64,
    })
}

impl View<'_> {
    /// Gives the stage that it is in, and since when.
    pub fn stage(&self) -> (usize, i64) {
        self.entered.last().copied().unwrap_or((0, self.lead.time_ms))
    }

    /// Gives when it became a customer.
    pub fn customer_ms(&self, rules: &Rules) -> Option<i64> {
        let (stage, at_ms) = self.stage();
        (stage + 1 == rules.ladder.len()).then_some(at_ms)
    }

    /// Names its band.
    pub fn band<'r>(&self, rules: &'r Rules) -> &'r str {
        self.band.map_or(&rules.cold, |band| &rules.bands[band].0)
    }
}
