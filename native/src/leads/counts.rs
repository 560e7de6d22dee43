//! Counts: what a lead counts for, as changes of cells (`stream/stages/leads/contribution.py`).

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use rustc_hash::{FxHashMap, FxHashSet};

use super::credit::{Credit, Where, MICRO};
use super::rules::Rules;
use super::view::View;
use crate::fold::changes::{Buckets, Changes, Label};

/// A site and what else a cell of leads is labelled by.
const MOST_LABELS: usize = 8;
const UNKNOWN: &str = "unknown";
/// The place of where leads stand among the parts of what they count for.
const STANDS: usize = 4;
const ON_SITE: [&str; 2] = ["form", "chatbot"];

/// Cells of which something stands until it is taken back, by their labels.
#[derive(Default)]
pub struct Standing {
    amounts: FxHashMap<Box<[u8]>, (Vec<String>, i64)>,
}

impl Standing {
    fn add(&mut self, labels: &[&str], amount: i64) {
        let of = || (labels.iter().map(|label| (*label).to_owned()).collect(), 0);
        self.amounts.entry(joined(labels)).or_insert_with(of).1 += amount;
    }

    /// Hands all of it to Python's accumulator, and forgets it.
    pub fn give(&mut self, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = accumulator.py();
        for (_, (labels, amount)) in self.amounts.drain() {
            if amount != 0 {
                let labels = labels.iter().map(|label| PyString::new(py, label));
                let cell = PyTuple::new(py, labels.collect::<Vec<_>>())?;
                accumulator.call_method1("stand", (cell, amount))?;
            }
        }
        Ok(())
    }
}

/// What Python has said during one fold, or for as long as cells have their numbers.
#[derive(Default)]
pub struct Remembered {
    /// Labels that values have; those that have none of their own are asked for each time, as it is counted how often.
    admitted: FxHashSet<Box<[u8]>>,
    /// Site → its label.
    sites: FxHashMap<Box<str>, Box<str>>,
    /// By what is credited: the number of the cell of each model.
    credited: FxHashMap<Box<[u8]>, Vec<i64>>,
}

impl Remembered {
    /// Begins a fold; with `anew` cells have other numbers.
    pub fn begin(&mut self, anew: bool) {
        self.admitted.clear();
        self.sites.clear();
        if anew {
            self.credited.clear();
        }
    }

    /// Gives the label of a site.
    pub fn site(&mut self, sites: &Bound<'_, PyAny>, site: &str) -> PyResult<Box<str>> {
        if let Some(label) = self.sites.get(site) {
            return Ok(label.clone());
        }
        let label: String = sites.get_item(site)?.extract()?;
        self.sites.insert(site.into(), label.as_str().into());
        Ok(label.into())
    }
}

fn joined(texts: &[&str]) -> Box<[u8]> {
    texts.join("\0").into_bytes().into()
}

/// Where one site's leads are counted.
pub struct Counter<'c, 'py> {
    pub py: Python<'py>,
    pub rules: &'c Rules,
    pub changes: &'c mut Changes,
    pub standing: &'c mut Standing,
    pub remembered: &'c mut Remembered,
    pub admit: &'c Bound<'py, PyAny>,
    pub site: &'c str,
}

/// Tells which parts of what a lead counts for are made of something that differs.
fn differences(rules: &Rules, was: &View<'_>, now: &View<'_>) -> [bool; 6] {
    let lead = was.lead != now.lead;
    let entered = was.entered != now.entered;
    let nurtured = was.nurtured != now.nurtured;
    let stage = was.stage() != now.stage();
    [
        lead || was.counted != now.counted,
        entered || nurtured || was.out_of_order != now.out_of_order || was.crossed != now.crossed,
        lead || entered || nurtured || was.first_session_ms != now.first_session_ms,
        lead || entered || registered(was) != registered(now),
        lead || stage || was.active_ms != now.active_ms || was.band(rules) != now.band(rules),
        lead || was.credit != now.credit,
    ]
}

/// Tells whether a lead that is open differs by its signs of life alone.
fn stands_as_before(rules: &Rules, was: &View<'_>, now: &View<'_>) -> bool {
    was.stage() == now.stage()
        && was.lead.time_ms == now.lead.time_ms
        && was.band(rules) == now.band(rules)
        && now.customer_ms(rules).is_none()
}

fn registered<'v>(view: &'v View<'_>) -> Vec<(&'v str, i64)> {
    let mut out: Vec<_> = view.registered.to_vec();
    out.sort_unstable();
    out
}

impl Counter<'_, '_> {
    /// Counts a lead: what it was is taken back, as far as it is another now.
    pub fn changed(&mut self, was: Option<&View<'_>>, now: &View<'_>) -> PyResult<()> {
        let differ = match was {
            Some(was) => differences(self.rules, was, now),
            None => [true; 6],
        };
        for (part, _) in differ.iter().enumerate().filter(|(_, differs)| **differs) {
            match was {
                Some(was) if part == STANDS && stands_as_before(self.rules, was, now) => {
                    let (stage, _) = now.stage();
                    self.alive(&self.rules.ladder[stage], was.active_ms, now.active_ms)?;
                }
                Some(was) => {
                    self.part(part, was, -1)?;
                    self.part(part, now, 1)?;
                }
                None => self.part(part, now, 1)?,
            }
        }
        Ok(())
    }

    /// Counts that there is a lead more, or less, with an id that joins.
    pub fn identified(&mut self, amount: i64) {
        self.standing.add(&["identified", self.site], amount);
    }

    /// Counts that a lead that is open has given another sign of life.
    pub fn alive(&mut self, stage: &str, was_ms: i64, now_ms: i64) -> PyResult<()> {
        self.out("active", &[stage.into()], was_ms, -1)?;
        self.out("active", &[stage.into()], now_ms, 1)
    }

    fn part(&mut self, part: usize, view: &View<'_>, sign: i64) -> PyResult<()> {
        match part {
            0 => self.as_a_lead(view, sign),
            1 => self.stages(view, sign),
            2 => self.became_customer(view, sign),
            3 => self.registered(view, sign),
            STANDS => self.stands(view, sign),
            _ => self.credit(view, sign),
        }
    }

    fn admitted(&mut self, label: &str, value: &str) -> PyResult<String> {
        if value.is_empty() {
            return Ok(UNKNOWN.to_owned());
        }
        let key = joined(&[label, value]);
        if self.remembered.admitted.contains(&key) {
            return Ok(value.to_owned());
        }
        let admitted: String = self.admit.call1((label, value))?.extract()?;
        if admitted == value {
            self.remembered.admitted.insert(key);
        }
        Ok(admitted)
    }

    fn out(&mut self, kind: &str, labels: &[Label<'_>], time_ms: i64, amount: i64) -> PyResult<()> {
        let mut all = [Label::None; MOST_LABELS];
        all[0] = Label::Text(self.site);
        all[1..=labels.len()].copy_from_slice(labels);
        let pane = self.changes.grid.pane(time_ms);
        self.changes.add(self.py, kind, &all[..=labels.len()], pane, amount)
    }

    fn paid(&self, channel: &str) -> Option<&'static str> {
        self.rules.paid.contains(channel).then_some("paid")
    }

    fn as_a_lead(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        let lead = &view.lead;
        let event = if lead.event.is_empty() {
            None
        } else {
            Some(self.admitted("event", lead.event)?)
        };
        let event = event.as_deref();
        let or_unknown = |text| or(text, UNKNOWN);
        let is_on_site = ON_SITE.contains(&lead.method);
        if let [(_, told)] = &view.counted[..] {
            let is_as_counted = told.time_ms == lead.time_ms
                && is_on_site
                && (told.method, told.channel) == (lead.method, lead.channel)
                && or_unknown(told.action) == or_unknown(lead.action)
                && or_unknown(told.offer_stage) == or_unknown(lead.offer_stage)
                && filled(told.event) == event;
            if is_as_counted {
                return Ok(()); // as nearly all: it comes to nothing
            }
        }
        let labels = [
            lead.method.into(),
            lead.channel.into(),
            is_on_site.then_some("on_site").into(),
            self.paid(lead.channel).into(),
        ];
        self.out("lead", &labels, lead.time_ms, sign)?;
        let deed = [
            or_unknown(lead.action).into(),
            or_unknown(lead.offer_stage).into(),
            event.into(),
        ];
        self.out("lead_deed", &deed, lead.time_ms, sign)?;
        for (at, (_, told)) in view.counted.iter().enumerate() {
            if at != 0 {
                self.out("merged_lead", &[], told.time_ms, sign)?;
            }
            let labels = [
                told.method.into(),
                told.channel.into(),
                "on_site".into(),
                self.paid(told.channel).into(),
            ];
            self.out("lead", &labels, told.time_ms, -sign)?;
            let deed = [
                or_unknown(told.action).into(),
                or_unknown(told.offer_stage).into(),
                filled(told.event).into(),
            ];
            self.out("lead_deed", &deed, told.time_ms, -sign)?;
        }
        Ok(())
    }

    fn stages(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        let rules = self.rules;
        let nurtured = flag(view.nurtured);
        let when = |stage: usize| view.entered.iter().find(|one| one.0 == stage).map(|one| one.1);
        for (stage, at_ms) in &view.entered {
            let name = &*rules.ladder[*stage];
            let first = (*stage == 0).then_some("first");
            self.out("stage", &[name.into()], *at_ms, sign)?;
            for (later, called) in rules.ladder.iter().enumerate().skip(stage + 1) {
                let fate = if when(later).is_some() {
                    rules.reached
                } else {
                    rules.waits
                };
                let labels = [
                    name.into(),
                    (&**called).into(),
                    first.into(),
                    nurtured.into(),
                    fate.into(),
                ];
                self.out("pair", &labels, *at_ms, sign)?;
            }
        }
        let pairs = if view.entered.len() > 1 {
            &rules.timed_pairs[..]
        } else {
            &[]
        };
        for (start, end) in pairs {
            let (Some(from_ms), Some(to_ms)) = (when(*start), when(*end)) else {
                continue;
            };
            if to_ms < from_ms {
                continue; // who was there before has no duration
            }
            let (a, b): (Label<'_>, Label<'_>) = ((&*rules.ladder[*start]).into(), (&*rules.ladder[*end]).into());
            let first: Label<'_> = (*start == 0).then_some("first").into();
            let bucket = Label::Number(Buckets::new(rules.log_gamma).of(to_ms - from_ms));
            self.out("spell", &[a, b, bucket, rules.reached.into()], from_ms, sign)?;
            self.out("took", &[a, b, first, bucket], to_ms, sign)?;
            self.out("took_ms", &[a, b], to_ms, sign * (to_ms - from_ms))?;
        }
        for stage in &view.out_of_order {
            let at_ms = when(*stage).unwrap_or(0);
            self.out("out_of_order", &[(&*rules.ladder[*stage]).into()], at_ms, sign)?;
        }
        for (threshold, at_ms) in view.crossed.iter().filter(|_| rules.has_mql) {
            self.out("threshold", &[(&*threshold.to_string()).into()], *at_ms, sign)?;
        }
        Ok(())
    }

    fn became_customer(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        let (rules, lead) = (self.rules, &view.lead);
        let customer_ms = view.customer_ms(rules);
        let fate = if customer_ms.is_some() {
            rules.reached
        } else {
            rules.waits
        };
        let offer = if lead.offer.is_empty() {
            None
        } else {
            Some(self.admitted("offer", lead.offer)?)
        };
        let campaign = self.admitted("campaign", lead.campaign)?;
        let labels = [
            lead.channel.into(),
            (&*campaign).into(),
            offer.as_deref().into(),
            flag(view.nurtured).into(),
            fate.into(),
        ];
        self.out("origin", &labels, lead.time_ms, sign)?;
        let told = ["", "", "", lead.country, lead.region, lead.product, lead.offer_type];
        let mut values = Vec::with_capacity(told.len());
        for value in told {
            values.push(self.admitted("value", value)?);
        }
        for (name, value) in rules.segments.iter().zip(&values) {
            let labels = [(&**name).into(), (&**value).into(), fate.into()];
            self.out("segment", &labels, lead.time_ms, sign)?;
        }
        self.lag("time_to_lead", view.first_session_ms, lead.time_ms, sign)?;
        if let Some(customer_ms) = customer_ms {
            self.out("acquired", &[], customer_ms, sign)?;
            self.lag("sales_cycle", lead.time_ms, customer_ms, sign)?;
        }
        Ok(())
    }

    fn registered(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        for (event, at_ms) in &view.registered {
            let event = self.admitted("event", event)?;
            let labels = [(&*event).into(), self.rules.waits.into()];
            self.out("attendance", &labels, *at_ms, sign)?;
        }
        Ok(())
    }

    fn stands(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        let (rules, site) = (self.rules, self.site);
        let band = view.band(rules);
        self.standing.add(&["band", site, band], sign);
        if view.customer_ms(rules).is_some() {
            return Ok(());
        }
        let (stage, since_ms) = view.stage();
        let name = &*rules.ladder[stage];
        self.standing.add(&["open_all", site, name], sign);
        self.standing.add(&["rep_open", site, UNKNOWN], sign);
        self.standing.add(&["unanswered_all", site], sign);
        self.out("open", &[name.into()], since_ms, sign)?;
        self.out("active", &[name.into()], view.active_ms, sign)?;
        self.out("unanswered", &[], view.lead.time_ms, sign)
    }

    fn credit(&mut self, view: &View<'_>, sign: i64) -> PyResult<()> {
        let (rules, at_ms) = (self.rules, view.lead.time_ms);
        match &view.credit {
            Credit::One(touch) => {
                let (campaign, other) = self.touch(touch)?;
                let key = joined(&[self.site, touch[0], &campaign, other.as_deref().unwrap_or("")]);
                let shown = (campaign, other);
                let pane = self.changes.grid.pane(at_ms);
                if !self.remembered.credited.contains_key(&key) {
                    let models = rules.models.iter();
                    let numbers = models.map(|model| self.credit_of(model, touch[0], &shown));
                    let numbers = numbers.collect::<PyResult<Vec<_>>>()?;
                    self.remembered.credited.insert(key.clone(), numbers);
                }
                for number in &self.remembered.credited[&key] {
                    self.changes.count(*number, pane, sign * MICRO);
                }
            }
            Credit::Many(shares) => {
                for (model, shares) in rules.models.iter().zip(shares) {
                    for (touch, share) in shares {
                        let shown = self.touch(touch)?;
                        let number = self.credit_of(model, touch[0], &shown)?;
                        self.changes.put(number, self.changes.grid.pane(at_ms), sign * share);
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives what is shown of the campaign of a touch: its name, and its id where that is another text.
    fn touch(&mut self, [_, campaign, id]: &Where<'_>) -> PyResult<(String, Option<String>)> {
        let other = if id.is_empty() || id == campaign {
            None
        } else {
            Some(self.admitted("campaign_id", id)?)
        };
        Ok((self.admitted("campaign", campaign)?, other))
    }

    /// Gives the number of the cell in which a touch is credited by a model.
    fn credit_of(&mut self, model: &str, channel: &str, (campaign, other): &(String, Option<String>)) -> PyResult<i64> {
        let labels = [
            self.site.into(),
            model.into(),
            channel.into(),
            (&**campaign).into(),
            other.as_deref().into(),
            self.paid(channel).into(),
        ];
        self.changes.number(self.py, "credit", &labels)
    }

    fn lag(&mut self, lag: &str, from_ms: i64, to_ms: i64, sign: i64) -> PyResult<()> {
        if from_ms != 0 && to_ms >= from_ms {
            let bucket = Buckets::new(self.rules.log_gamma).of(to_ms - from_ms);
            self.out("lag", &[lag.into(), bucket.into()], to_ms, sign)?;
            self.out("lag_ms", &[lag.into()], to_ms, sign * (to_ms - from_ms))?;
        }
        Ok(())
    }
}

fn flag(flag: bool) -> &'static str {
    if flag {
        "true"
    } else {
        "false"
    }
}

fn or<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.is_empty() {
        other
    } else {
        text
    }
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
