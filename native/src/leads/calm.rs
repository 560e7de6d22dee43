//! Calm: facts that come in order and change next to nothing, which are most of all
//! (`stream/stages/leads/calm.py`, where each reason has its sentence).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;

use super::facts::{Fact, Mailed, Visit};
use super::row::{Row, Said};
use super::rules::Rules;
use super::view::View;

const DAY_MS: i64 = 86_400_000;
/// What somebody may do with a mail, as a sign of life.
const ACTED: [&str; 3] = ["opened", "clicked", "replied"];
const DELIVERED: &str = "delivered";
/// Further than any score.
const FAR: i64 = 1 << 62;

/// What must be known of a lead to see that one more fact changes next to nothing.
#[derive(Clone, Debug)]
pub struct Calm<'a> {
    pub newest_ms: i64,
    pub active_ms: i64,
    pub stage: Cow<'a, str>,
    pub open: bool,
    pub waits: bool,
    pub nurtured: bool,
    pub opened: i64,
    pub low: i64,
    pub high: i64,
}

/// What of the rules decides whether a fact is common.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Ease {
    /// What became of a mail → the rule that gives points for it, and how many.
    points: HashMap<String, (String, i64)>,
    /// What may become of a mail that does nothing beside.
    common: HashSet<String>,
    /// So many a day are sure to count.
    most: i64,
    /// How long a mail waits; 0: no silence is looked for.
    within_ms: i64,
}

/// What a fact changes: the sign of life before it (0: it is none that counts), and whether what is said of the lead.
pub struct Step {
    pub active_ms: i64,
    pub says: bool,
}

/// Says what must be known of a lead; None where something about it is not common.
pub fn calm_of(rules: &Rules, view: &View<'_>, facts: &[Fact<'_>], clock_ms: i64) -> Option<Calm<'static>> {
    let longest_ms = rules.silences.iter().map(|silence| silence.1).max().unwrap_or(0);
    if view.expired || longest_ms >= rules.forget_after_ms {
        return None;
    }
    let is_silent = |rule: &usize| {
        let mut silences = rules.silences.iter();
        silences.any(|silence| rules.names[silence.0] == rules.names[*rule])
    };
    let mut newest_ms = view.newest_ms;
    if view.parts.iter().any(|part| is_silent(&part.0)) {
        newest_ms = newest_ms.max(clock_ms);
    }
    let is_opened = |fact: &&Fact<'_>| {
        matches!(fact, Fact::Mailed(mail)
            if ACTED.contains(&mail.what) && are_of_a_day(mail.time_ms, newest_ms))
    };
    let opened = facts.iter().filter(is_opened).count() as i64;
    let least = rules.bands.iter().map(|band| band.1);
    let is_ahead = |limit: &&i64| !view.crossed.iter().any(|crossed| crossed.0 == **limit);
    let steps = least.clone().chain(rules.thresholds.iter().filter(is_ahead).copied());
    let (stage, _) = view.stage();
    Some(Calm {
        newest_ms,
        active_ms: view.active_ms,
        stage: rules.ladder[stage].clone().into(),
        open: stage + 1 != rules.ladder.len(),
        waits: 0 < view.due_ms && view.due_ms < view.newest_ms + rules.forget_after_ms,
        nurtured: view.nurtured,
        opened,
        low: least.filter(|score| *score <= view.score).max().unwrap_or(-FAR),
        high: steps.filter(|score| *score > view.score).min().unwrap_or(FAR),
    })
}

/// Takes a fact of a lead, if it is common; None where all must be worked out, and nothing was done.
pub fn step<'a>(rules: &Rules, row: &mut Row<'a>, fact: &Fact<'a>, clock_ms: i64) -> Option<Step> {
    let calm = row.calm.as_ref()?;
    let time_ms = match fact {
        Fact::Visit(visit) => visit.start_ms,
        Fact::Mailed(mail) => mail.time_ms,
        _ => return None,
    };
    if !is_in_order(rules, calm, row.due_ms, time_ms, clock_ms) {
        return None;
    }
    match fact {
        Fact::Visit(visit) => visited(rules, row, visit),
        Fact::Mailed(mail) if !rules.ease.common.contains(mail.what) => None,
        Fact::Mailed(mail) if mail.what == DELIVERED => delivered(rules, row, mail, clock_ms),
        Fact::Mailed(mail) => acted(rules, row, mail),
        _ => None,
    }
}

/// Tells whether nothing known is newer, and nothing happens by itself before that.
fn is_in_order(rules: &Rules, calm: &Calm<'_>, due_ms: i64, time_ms: i64, clock_ms: i64) -> bool {
    let forget_after_ms = rules.forget_after_ms;
    time_ms > calm.newest_ms
        && (due_ms == 0 || time_ms.max(clock_ms) < due_ms)
        && clock_ms < time_ms + forget_after_ms
        && time_ms - calm.newest_ms <= forget_after_ms
}

fn visited<'a>(rules: &Rules, row: &mut Row<'a>, visit: &Visit<'a>) -> Option<Step> {
    let (calm, said) = (row.calm.as_mut()?, row.told.as_mut()?.said.as_mut()?);
    if visit.pricing_ms != 0 || visit.cart_ms != 0 || said.last.is_none() {
        return None;
    }
    let touch = (
        visit.start_ms,
        Cow::Borrowed(visit.channel),
        Cow::Borrowed(visit.campaign),
    );
    said.last = Some(touch);
    if !calm.waits {
        row.due_ms = visit.start_ms + rules.forget_after_ms;
    }
    Some(calm.alive(visit.start_ms, 0, true))
}

fn acted(rules: &Rules, row: &mut Row<'_>, mail: &Mailed<'_>) -> Option<Step> {
    let (calm, said) = (row.calm.as_mut()?, row.told.as_mut()?.said.as_mut()?);
    let rule = rules.ease.points.get(mail.what);
    let score = said.score + rule.map_or(0, |rule| rule.1);
    if calm.opened_on(mail.time_ms) + 1 > rules.ease.most || !(calm.low..calm.high).contains(&score) {
        return None;
    }
    if let Some((name, points)) = rule {
        said.score = score;
        give_points(rules, said, name, *points);
    }
    calm.waits = false;
    row.due_ms = mail.time_ms + rules.forget_after_ms;
    Some(calm.alive(mail.time_ms, 1, rule.is_some()))
}

fn delivered(rules: &Rules, row: &mut Row<'_>, mail: &Mailed<'_>, clock_ms: i64) -> Option<Step> {
    let calm = row.calm.as_mut()?;
    if mail.nurtures && !calm.nurtured {
        return None;
    }
    if !calm.waits {
        let within_ms = rules.ease.within_ms;
        let waits_ms = if within_ms != 0 {
            within_ms
        } else {
            rules.forget_after_ms
        };
        if mail.time_ms + waits_ms <= clock_ms {
            return None;
        }
        (row.due_ms, calm.waits) = (mail.time_ms + waits_ms, within_ms != 0);
    }
    calm.go_on(mail.time_ms, 0);
    Some(Step {
        active_ms: 0,
        says: false,
    })
}

/// Adds to what a rule gives; parts are in the order of rules.
fn give_points(rules: &Rules, said: &mut Said<'_>, name: &str, points: i64) {
    if let Some(part) = said.parts.iter_mut().find(|part| part.0 == name) {
        (part.1, part.2) = (part.1 + points, part.2 + 1);
        return;
    }
    let place_of = |name: &str| rules.names.iter().position(|known| known == name);
    let place = said
        .parts
        .iter()
        .take_while(|part| place_of(&part.0) < place_of(name))
        .count();
    said.parts.insert(place, (Cow::Owned(name.to_owned()), points, 1));
}

fn are_of_a_day(one_ms: i64, other_ms: i64) -> bool {
    one_ms.div_euclid(DAY_MS) == other_ms.div_euclid(DAY_MS)
}

impl Calm<'_> {
    fn alive(&mut self, time_ms: i64, acted: i64, says: bool) -> Step {
        let before_ms = std::mem::replace(&mut self.active_ms, time_ms);
        self.go_on(time_ms, acted);
        Step {
            active_ms: if self.open { before_ms } else { 0 },
            says,
        }
    }

    fn go_on(&mut self, time_ms: i64, acted: i64) {
        (self.opened, self.newest_ms) = (self.opened_on(time_ms) + acted, time_ms);
    }

    /// Gives how often something was done with a mail on the day of a moment, none of which is newer.
    fn opened_on(&self, time_ms: i64) -> i64 {
        if are_of_a_day(time_ms, self.newest_ms) {
            self.opened
        } else {
            0
        }
    }
}
