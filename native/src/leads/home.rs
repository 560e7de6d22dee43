//! The home of an id that is alone: what it is told, and what that comes to
//! (`stream/stages/leads/homes.py`, `store.py`, `counting.py`).
//!
//! Nothing is written before all of it is known to be common; else the messages are Python's, as if nobody had looked.

use std::borrow::Cow;

use memchr::memmem;
use pyo3::prelude::*;

use super::calm::{calm_of, step};
use super::counts::{Counter, Remembered, Standing};
use super::facts::{parted, Fact};
use super::message::{Message, Named, Puts};
use super::results::{happenings, Record, Teller};
use super::row::{Part, Row, Told};
use super::rules::Rules;
use super::view::view;
use crate::fold::changes::Changes;
use crate::fold::msgpack::{Read, Unusual};
use crate::fold::outgoing::letter;

/// What decides about homes beside the rules: their number, the clock.
#[derive(Clone, Copy)]
pub struct Now<'r> {
    pub rules: &'r Rules,
    pub number: i64,
    pub clock_ms: i64,
}

/// A home while it is worked on.
pub struct Home<'a> {
    kind: i64,
    is_strong: bool,
    pub row: Row<'a>,
    /// The row ends with the id's own part.
    pub is_quiet: bool,
    /// It is worked on as a whole, no longer in the row as it lies; and something has changed since.
    is_open: bool,
    is_whole: bool,
    pub is_changed: bool,
    /// What was known before it was touched; what it counts for is to be worked out anew.
    before: Option<Option<Part<'a>>>,
    /// When it is looked at by what is listed.
    listed_ms: i64,
    /// Before it was touched: its stage, the signs of life before and now, and what was said of it.
    alive: Option<(String, i64, i64)>,
    said: Vec<Record>,
}

/// What a home changes beside its row.
#[derive(Default)]
pub struct Outcome {
    /// When it must be looked at, if it would be looked at too late.
    pub due_ms: i64,
    /// Ids of its largest lead, before and now.
    pub largest: (i64, i64),
}

impl<'a> Home<'a> {
    /// Takes the row of an id; None: nothing is known of it.
    pub fn new(rules: &Rules, kind: i64, raw: Option<&'a [u8]>) -> Read<Self> {
        let (row, is_quiet) = match raw {
            Some(raw) => Row::read(raw, rules.version)?,
            None => (Row::new(), true),
        };
        Ok(Home {
            kind,
            is_strong: usize::try_from(kind).is_ok_and(|kind| kind < rules.strong),
            listed_ms: row.due_ms,
            row,
            is_quiet,
            is_open: false,
            is_whole: false,
            is_changed: false,
            before: None,
            alive: None,
            said: Vec::new(),
        })
    }

    /// Takes a message.
    pub fn take(&mut self, now: Now<'_>, message: &Message<'a>, is_new: bool) -> Read<()> {
        match message {
            Message::Puts(puts) => self.puts(now, puts, is_new),
            Message::Name(named) => self.name(now, named),
            Message::Drop(fact) => self.forget(now, fact),
        }
    }

    fn puts(&mut self, now: Now<'_>, puts: &Puts<'a>, is_new: bool) -> Read<()> {
        if puts.version != now.rules.version {
            return Err(Unusual);
        }
        let is_news = puts.letters.iter().any(|letter| now.rules.evidence.contains(letter));
        if is_news {
            return self.at_once(now, puts);
        }
        if !self.is_open && self.add(now, puts, is_new)? {
            return Ok(());
        }
        self.is_open = true;
        if !puts.named.site.is_empty() {
            self.name(now, &puts.named)?;
        }
        for fact in parted(puts.letters.len(), puts.facts)? {
            self.put(now, fact)?;
        }
        Ok(())
    }

    /// Adds facts in the row as it lies, of somebody who is nobody's lead with or without them; tells whether it is so.
    fn add(&mut self, now: Now<'_>, puts: &Puts<'a>, is_new: bool) -> Read<bool> {
        let (row, named) = (&mut self.row, &puts.named);
        if is_new && row.own.is_none() {
            row.own = Some(nothing());
        }
        let Some(own) = &mut row.own else { return Ok(false) };
        if own.evident || (row.rules != 0 && row.rules != now.number) {
            return Ok(false);
        }
        let fresh = unknown(puts.letters.len(), puts.facts, &own.facts)?;
        if own.n + fresh.len() > now.rules.most_facts {
            return Ok(false);
        }
        let (mut newest_ms, mut oldest_ms) = (now.clock_ms.max(puts.newest_ms), puts.oldest_ms);
        if !named.site.is_empty() && !is_named_before(own, named) {
            call(own, named);
            row.site = named.site;
            newest_ms = newest_ms.max(named.seen_ms);
            oldest_ms = match (oldest_ms, named.seen_ms) {
                (0, seen_ms) => seen_ms,
                (oldest_ms, 0) => oldest_ms,
                (oldest_ms, seen_ms) => oldest_ms.min(seen_ms),
            };
        }
        append(own, &fresh);
        row.rules = now.number;
        row.newest_ms = row.newest_ms.max(newest_ms);
        if oldest_ms != 0 && (oldest_ms < row.oldest_ms || row.oldest_ms == 0) {
            row.oldest_ms = oldest_ms;
        }
        self.is_changed = true;
        Ok(true)
    }

    /// Takes facts one of which may make a lead of somebody.
    fn at_once(&mut self, now: Now<'_>, puts: &Puts<'a>) -> Read<()> {
        self.is_open = true;
        self.touch(now)?;
        let named = &puts.named;
        let own = self.row.own.get_or_insert_with(nothing);
        if !named.site.is_empty() && !is_named_before(own, named) {
            call(own, named);
            self.row.site = named.site;
            self.hear_of(now, named.seen_ms);
        }
        let own = self.row.own.get_or_insert_with(nothing);
        let fresh = unknown(puts.letters.len(), puts.facts, &own.facts)?;
        append(own, &fresh);
        own.evident = true;
        self.hear_of(now, puts.oldest_ms);
        self.hear_of(now, puts.newest_ms);
        self.change();
        Ok(())
    }

    fn name(&mut self, now: Now<'_>, named: &Named<'a>) -> Read<()> {
        self.is_open = true;
        if self.row.own.as_ref().is_some_and(|own| is_named_before(own, named)) {
            return Ok(());
        }
        if self.row.own.as_ref().is_some_and(|own| own.evident) || (self.row.rules != 0 && self.row.rules != now.number)
        {
            self.touch(now)?;
        } else {
            self.row.rules = now.number;
        }
        call(self.row.own.get_or_insert_with(nothing), named);
        self.row.site = named.site;
        self.hear_of(now, named.seen_ms);
        self.change();
        Ok(())
    }

    fn put(&mut self, now: Now<'_>, fact: &'a [u8]) -> Read<()> {
        let read = Fact::read(fact)?;
        match &self.row.own {
            None => self.touch(now)?,
            Some(own) if memmem::find(&own.facts, fact).is_some() => return Ok(()),
            Some(own) if own.n >= now.rules.most_facts => return Err(Unusual),
            Some(own) if own.evident => {
                let is_anothers = matches!(&read, Fact::Visit(visit)
                    if memmem::find(&own.facts, visit.visitor.as_bytes()).is_none());
                if is_anothers || !self.calmly(now, &read) {
                    self.touch(now)?;
                }
            }
            Some(_) => {}
        }
        append(self.row.own.get_or_insert_with(nothing), &[fact]);
        self.change();
        self.hear_of(now, read.moment_ms());
        Ok(())
    }

    /// Takes a fact that changes next to nothing; false where all must be worked out, as for whoever was touched.
    fn calmly(&mut self, now: Now<'_>, fact: &Fact<'a>) -> bool {
        let row = &mut self.row;
        if row.rules != now.number || self.before.is_some() {
            return false;
        }
        let clock_ms = now.clock_ms.max(row.counted_ms);
        let (Some(taken), Some(calm)) = (step(now.rules, row, fact, clock_ms), &row.calm) else {
            return false;
        };
        if taken.active_ms != 0 {
            let was_ms = self.alive.as_ref().map_or(taken.active_ms, |alive| alive.1);
            self.alive = Some((calm.stage.to_string(), was_ms, calm.active_ms));
        }
        if let Some(told) = row.told.as_mut().filter(|_| taken.says) {
            let mut teller = Teller {
                rules: now.rules,
                now_ms: now.clock_ms.max(row.newest_ms),
                records: &mut self.said,
            };
            teller.again(told);
        }
        true
    }

    fn forget(&mut self, now: Now<'_>, fact: &[u8]) -> Read<()> {
        self.is_open = true;
        let is_held = self
            .row
            .own
            .as_ref()
            .is_some_and(|own| memmem::find(&own.facts, fact).is_some());
        if !is_held {
            // what is not here may have gone to the visitor while the id was shared
            return if self.row.own.is_some() && self.is_strong {
                Err(Unusual)
            } else {
                Ok(())
            };
        }
        self.touch(now)?;
        let Some(own) = &mut self.row.own else { return Ok(()) };
        let kept: Vec<&[u8]> = parted(own.n, &own.facts)?
            .into_iter()
            .filter(|one| *one != fact)
            .collect();
        let (n, facts) = (kept.len(), kept.concat());
        own.evident = kept.iter().any(|one| now.rules.evidence.contains(&letter(one)));
        (own.n, own.facts) = (n, Cow::Owned(facts));
        self.change();
        Ok(())
    }

    fn change(&mut self) {
        (self.is_changed, self.is_whole) = (true, true);
    }

    /// Notes what is known before it changes.
    fn touch(&mut self, now: Now<'_>) -> Read<()> {
        if self.row.rules != now.number && (self.row.rules != 0 || (self.is_strong && self.row.has_company())) {
            return Err(Unusual); // whether it is shared is decided anew
        }
        if self.before.is_none() {
            // whoever has no name counts for nothing
            self.before = Some(self.row.own.clone().filter(|_| !self.row.site.is_empty()));
        }
        Ok(())
    }

    fn hear_of(&mut self, now: Now<'_>, time_ms: i64) {
        let row = &mut self.row;
        row.newest_ms = row.newest_ms.max(time_ms.max(now.clock_ms));
        if time_ms != 0 && (time_ms < row.oldest_ms || row.oldest_ms == 0) {
            row.oldest_ms = time_ms;
        }
    }

    /// Tells whether the row is written as a quiet one.
    pub fn stays_quiet(&self) -> bool {
        self.is_quiet && !self.is_whole
    }

    // counting

    /// Counts and tells what has changed; None where it is Python's, and nothing was done.
    pub fn settle(&mut self, now: Now<'_>, counting: &mut Counting<'_, '_>) -> PyResult<Option<Outcome>> {
        let mark = counting.records.len();
        counting.records.append(&mut self.said);
        let largest = match self.before.take() {
            None => (self.row.largest, self.row.largest),
            Some(before) => {
                let own = self.row.own.take();
                let largest = self.counted(now, before.as_ref(), own.as_ref(), counting)?;
                self.row.own = own;
                let Some(largest) = largest else {
                    counting.records.truncate(mark);
                    return Ok(None);
                };
                largest
            }
        };
        if let Some((stage, was_ms, now_ms)) = &self.alive {
            counting.of(self.row.site, |counter| counter.alive(stage, *was_ms, *now_ms))?;
        }
        let (listed_ms, due_ms) = (self.listed_ms, self.row.due_ms);
        Ok(Some(Outcome {
            due_ms: if listed_ms == 0 || due_ms < listed_ms {
                due_ms
            } else {
                0
            },
            largest,
        }))
    }

    fn counted(
        &mut self,
        now: Now<'_>,
        before: Option<&Part<'a>>,
        own: Option<&Part<'a>>,
        counting: &mut Counting<'_, '_>,
    ) -> PyResult<Option<(i64, i64)>> {
        let (rules, row) = (now.rules, &mut self.row);
        let is_evident = |part: Option<&Part<'a>>| part.is_some_and(|part| part.evident);
        let any = is_evident(before) || is_evident(own);
        if own.is_some_and(|own| own.n > rules.most_facts)
            || (any && (row.site.is_empty() || row.newest_ms - row.oldest_ms > rules.memory_ms))
        {
            return Ok(None);
        }
        let (Ok(old), Ok(new)) = (facts_of(before), facts_of(own)) else {
            return Ok(None);
        };
        let counted_ms = row.counted_ms.max(now.clock_ms);
        let was = view(rules, &old, row.counted_ms);
        let is = view(rules, &new, counted_ms);
        let has_gone = was.is_some() && (is.is_none() || row.rules != now.number);
        if has_gone
            || [&was, &is]
                .iter()
                .any(|view| view.as_ref().is_some_and(|view| view.expired))
        {
            return Ok(None);
        }
        let happened = is.as_ref().map(|view| happenings(rules, view)).unwrap_or_default();
        if let Some(told) = &row.told {
            let holds = |name: &str| happened.iter().any(|one| one.name == name);
            let is_own = own.is_some_and(|own| {
                (told.kind, told.text, told.site) == (self.kind, own.text, own.site) && !own.site.is_empty()
            });
            if is.is_none() || !is_own || !told.changes.iter().all(|(name, _)| holds(name)) {
                return Ok(None);
            }
        }
        let due_ms = is.as_ref().map_or(0, |view| view.due_ms);
        let largest = i64::from(is.is_some() && self.is_strong);
        let before = row.largest;
        (row.counted_ms, row.rules, row.due_ms) = (counted_ms, now.number, due_ms);
        (row.leads, row.largest) = (i64::from(is.is_some()), largest);
        row.calm = is.as_ref().and_then(|view| calm_of(rules, view, &new, counted_ms));
        if let (Some(view), Some(own)) = (&is, own) {
            let is_new = was.is_none() && self.is_strong;
            counting.of(row.site, |counter| {
                counter.changed(was.as_ref(), view)?;
                if is_new {
                    counter.identified(1);
                }
                Ok(())
            })?;
            let told = row.told.get_or_insert_with(|| Told {
                kind: self.kind,
                text: own.text,
                site: own.site,
                version: 0,
                band: Cow::Borrowed(""),
                changes: Vec::new(),
                said: None,
            });
            let now_ms = now.clock_ms.max(row.newest_ms);
            let mut teller = Teller {
                rules,
                now_ms,
                records: &mut *counting.records,
            };
            teller.tell(told, &happened, view);
        }
        Ok(Some((before, largest)))
    }
}

/// Where leads are counted and told.
pub struct Counting<'c, 'py> {
    pub rules: &'c Rules,
    pub changes: &'c mut Changes,
    pub standing: &'c mut Standing,
    pub remembered: &'c mut Remembered,
    /// What admits labels, and labels of sites.
    pub admit: &'c Bound<'py, PyAny>,
    pub sites: &'c Bound<'py, PyAny>,
    pub records: &'c mut Vec<Record>,
}

impl Counting<'_, '_> {
    /// Counts for a site.
    fn of(&mut self, site: &str, count: impl FnOnce(&mut Counter<'_, '_>) -> PyResult<()>) -> PyResult<()> {
        let site = self.remembered.site(self.sites, site)?;
        count(&mut Counter {
            py: self.admit.py(),
            rules: self.rules,
            changes: &mut *self.changes,
            standing: &mut *self.standing,
            remembered: &mut *self.remembered,
            admit: self.admit,
            site: &site,
        })
    }
}

fn nothing<'a>() -> Part<'a> {
    Part {
        site: "",
        text: "",
        first_ms: 0,
        first_id: "",
        n: 0,
        facts: Cow::Borrowed(&[]),
        evident: false,
    }
}

/// Tells whether an id was named no later by what is known.
fn is_named_before(own: &Part<'_>, named: &Named<'_>) -> bool {
    !own.site.is_empty() && (named.seen_ms, named.seen_id) >= (own.first_ms, own.first_id)
}

fn call<'a>(own: &mut Part<'a>, named: &Named<'a>) {
    (own.site, own.text) = (named.site, named.text);
    (own.first_ms, own.first_id) = (named.seen_ms, named.seen_id);
}

/// Gives those of so many facts, each once, that are not among others.
fn unknown<'f>(n: usize, facts: &'f [u8], known: &[u8]) -> Read<Vec<&'f [u8]>> {
    if n == 1 {
        let is_known = memmem::find(known, facts).is_some();
        return Ok(if is_known { Vec::new() } else { vec![facts] });
    }
    let mut out: Vec<&[u8]> = Vec::with_capacity(n);
    for fact in parted(n, facts)? {
        if !out.contains(&fact) && memmem::find(known, fact).is_none() {
            out.push(fact);
        }
    }
    Ok(out)
}

fn append(own: &mut Part<'_>, facts: &[&[u8]]) {
    own.n += facts.len();
    if !facts.is_empty() {
        let held = own.facts.to_mut();
        facts.iter().for_each(|fact| held.extend_from_slice(fact));
    }
}

fn facts_of<'p>(part: Option<&'p Part<'_>>) -> Read<Vec<Fact<'p>>> {
    match part.filter(|part| part.evident) {
        Some(part) => parted(part.n, &part.facts)?.into_iter().map(Fact::read).collect(),
        None => Ok(Vec::new()),
    }
}
