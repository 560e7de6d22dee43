//! People: the facts of one person into their row, as far as they are common cases.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

use super::changes::{Changes, Grid};
use super::extend::{begin, extend};
use super::fact::Fact;
use super::followed::Telling;
use super::labels::Labels;
use super::later;
use super::msgpack::Writer;
use super::names::Naming;
use super::numbers::SiteNumbers;
use super::options::Options;
use super::row::{Row, Session};
use super::way::Way;
use super::{published, read, write};

/// What Python keeps of the people of a shard, for one fold.
pub struct Tables<'py> {
    encoded: Bound<'py, PyDict>,
    dirty: Bound<'py, PySet>,
    /// `KnownPeople`, hashes of keys that were noted in it, and whether it was loaded with others.
    known: Bound<'py, PyAny>,
    noted: Bound<'py, PySet>,
    is_loaded: bool,
    /// Where people are followed: a `Following`, and keys of those of whom it tells more than what is counted itself.
    pub following: Option<Bound<'py, PyAny>>,
    told: Option<[Bound<'py, PyDict>; 2]>,
}

impl<'py> Tables<'py> {
    /// Takes those of a `PeopleFold`.
    pub fn of(people: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (rows, known) = (people.getattr("rows")?, people.getattr("known")?);
        let following = people.getattr("_following")?;
        let told = if following.is_none() {
            None
        } else {
            let outside = following.getattr("outside")?.getattr("rows")?.getattr("encoded")?;
            let told: [Bound<'py, PyDict>; 2] = [
                following.getattr("_details")?.downcast_into()?,
                outside.downcast_into()?,
            ];
            Some(told).filter(|told| told.iter().any(|some| !some.is_empty()))
        };
        Ok(Tables {
            encoded: rows.getattr("encoded")?.downcast_into()?,
            dirty: rows.getattr("dirty")?.downcast_into()?,
            noted: known.getattr("noted")?.downcast_into()?,
            is_loaded: known.getattr("rows")?.getattr("sums")?.is_truthy()?,
            known,
            following: Some(following).filter(|following| !following.is_none()),
            told,
        })
    }

    /// Gives from when on more is told of a person than what is counted: always, where somebody else told of them.
    fn told_from(&self, key: &Bound<'py, PyString>) -> PyResult<Option<i64>> {
        let Some([details, outside]) = &self.told else {
            return Ok(None);
        };
        if outside.contains(key)? {
            return Ok(Some(i64::MIN));
        }
        let Some(said) = details.get_item(key)? else {
            return Ok(None);
        };
        let mut first_ms = i64::MAX;
        for one in said.downcast_into::<PyList>()?.iter() {
            first_ms = first_ms.min(one.getattr(intern!(key.py(), "time_ms"))?.extract()?);
        }
        Ok(Some(first_ms))
    }

    /// Tells whether somebody whose row is gone had a key event.
    fn is_known(&self, key: &Bound<'py, PyString>) -> PyResult<bool> {
        if !self.is_loaded && (self.noted.is_empty() || !self.noted.contains(key.hash()?)?) {
            return Ok(false);
        }
        self.known.call_method1("last", (key,))?.is_truthy()
    }
}

/// What became of a person's facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// So many of them, in order, are in the row; Python takes the rest.
    Of(usize),
    /// All of them, and the row is larger than it may be.
    TooLarge,
}

/// The people of one shard.
pub struct People {
    options: Options,
    changes: Changes,
    sites: FxHashMap<Box<str>, SiteNumbers>,
    pub labels: Labels,
    pub telling: Telling,
    writer: Writer,
}

impl People {
    /// Shows Python's collector what is held of its own.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.labels.traverse(visit)?;
        self.changes.traverse(visit)
    }

    pub fn new(options: Options, grid: Grid, labels: Labels, naming: Naming) -> Self {
        People {
            options,
            changes: Changes::new(grid),
            sites: FxHashMap::default(),
            labels,
            telling: Telling::new(naming),
            writer: Writer::default(),
        }
    }

    /// Gives the actions of the chatbot as rows number them.
    pub fn chat_actions(&self) -> &[String] {
        &self.options.words.chat_actions
    }

    /// Counts in an accumulator from now on.
    pub fn count_in(&mut self, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.changes.count_in(&accumulator.getattr("ids")?) {
            self.sites = FxHashMap::default();
        }
        Ok(())
    }

    /// Hands what was counted to the accumulator, new people by what everybody's first page view counts for.
    pub fn flush(&mut self, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, changes) = (accumulator.py(), &mut self.changes);
        for numbers in self.sites.values_mut() {
            let site = &*numbers.site;
            for (pane, n) in numbers.newcomers.drain() {
                changes.add(py, "newcomer", &[site.into()], pane, n)?;
                for to in ["form_start", "lead"] {
                    changes.add(py, "step_from", &[site.into(), "first_view".into(), to.into()], pane, n)?;
                }
            }
        }
        changes.give(accumulator)
    }

    /// Folds the facts of a person, which it puts in order; a fault of this code is an error that names the person.
    pub fn person<'a>(
        &mut self,
        tables: &Tables<'_>,
        key: &Bound<'_, PyString>,
        site: &str,
        facts: &mut [Fact<'a>],
    ) -> PyResult<Folded> {
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold(tables, key, site, facts)));
        folded.unwrap_or_else(|_| {
            let message = format!("the fold of {key:?} broke off: LEADPULSE_NATIVE=off folds it without compiled code");
            Err(PyRuntimeError::new_err(message))
        })
    }

    fn fold<'a>(
        &mut self,
        tables: &Tables<'_>,
        key: &Bound<'_, PyString>,
        site: &str,
        facts: &mut [Fact<'a>],
    ) -> PyResult<Folded> {
        if !facts.is_sorted_by(|one, other| one.time_ms < other.time_ms) {
            facts.sort_by(|one, other| (one.time_ms, one.source, one.id).cmp(&(other.time_ms, other.source, other.id)));
        }
        let [first, .., last] = facts else {
            return match facts.first() {
                Some(one) => self.fold_in_order(tables, key, site, facts, one.time_ms),
                None => Ok(Folded::Of(0)),
            };
        };
        if last.time_ms - first.time_ms > self.options.numbers.memory_ms {
            return Ok(Folded::Of(0));
        }
        let first_ms = first.time_ms;
        self.fold_in_order(tables, key, site, facts, first_ms)
    }

    fn fold_in_order<'a>(
        &mut self,
        tables: &Tables<'_>,
        key: &Bound<'_, PyString>,
        site: &str,
        facts: &[Fact<'a>],
        first_ms: i64,
    ) -> PyResult<Folded> {
        let all = facts.len();
        // what comes first of it may go on with the open session, and all else is Python's together with the rest
        let told_from = tables.told_from(key)?;
        let facts = match told_from {
            None => facts,
            Some(from_ms) => &facts[..facts.partition_point(|fact| fact.time_ms < from_ms)],
        };
        if facts.is_empty() {
            return Ok(Folded::Of(0));
        }
        let raw = match tables.encoded.get_item(key)? {
            Some(raw) => Some(raw.downcast_into::<PyBytes>()?),
            None => None,
        };
        let row = match &raw {
            Some(raw) => match read::row(raw.as_bytes()) {
                Ok(row) => Some(row),
                Err(_) => return Ok(Folded::Of(0)),
            },
            None => None,
        };
        let row = row.filter(|row| first_ms - row.last <= self.options.numbers.memory_ms);
        if row.is_none() && tables.is_known(key)? {
            return Ok(Folded::Of(0));
        }
        let key_ms = row.as_ref().map_or(0, newest_key);
        let (mut facts, mut may_go_on) = (facts, told_from.is_none());
        let says_more = facts.iter().any(|fact| fact.said.is_some());
        let concerned = tables.following.as_ref();
        let concerned = concerned.filter(|_| says_more || row.as_ref().is_some_and(may_be_told_of));
        let following = concerned.filter(|_| published::takes(&self.options, row.as_ref(), facts));
        if concerned.is_some() && following.is_none() {
            // what is told of them is Python's, together with whatever may change it
            may_go_on = false;
            facts = &facts[..untold(&self.options, row.as_ref(), facts)];
            if facts.is_empty() {
                return Ok(Folded::Of(0));
            }
        }
        let had = row.as_ref().filter(|_| following.is_some());
        let had = had.map(|row| (row.newest.viewed.to_string(), is_followed(row)));
        let Some((mut row, done)) = self.put_in(key.py(), site, row, facts, may_go_on)? else {
            return Ok(Folded::Of(0));
        };
        if let Some(following) = following {
            let (folded, viewed) = (&facts[..done.of], had.as_ref().map_or("", |(viewed, _)| viewed));
            let was_followed = had.as_ref().is_some_and(|(_, was_followed)| *was_followed);
            let news = |fact: &Fact<'_>| fact.said.is_some() || (was_followed && tells(&self.options, viewed, fact));
            if folded.iter().any(news) || (done.went_on && row.extra.is_some()) {
                let before = match raw.as_ref().filter(|_| was_followed) {
                    Some(raw) => read::row(raw.as_bytes()).ok(),
                    None => None,
                };
                let (options, labels) = (&self.options, &mut self.labels);
                self.telling
                    .person(options, labels, following, key, before.as_ref(), &mut row, folded)?;
            }
        }
        let done = done.of;
        let newest_ms = newest_key(&row);
        if newest_ms > key_ms {
            tables.known.call_method1("note", (key, newest_ms))?;
        }
        self.writer.out.clear();
        write::row(&mut self.writer, &row);
        tables.encoded.set_item(key, PyBytes::new(key.py(), &self.writer.out))?;
        tables.dirty.add(key)?;
        let is_large = self.writer.out.len() > self.options.numbers.row_bytes;
        Ok(if is_large && done == all {
            Folded::TooLarge
        } else {
            Folded::Of(done)
        })
    }

    /// Folds facts into a row, or begins one; gives it and how many facts it holds, None where that is none.
    ///
    /// Those behind the first that is no common case are folded all or none, and only where they may be.
    fn put_in<'a>(
        &mut self,
        py: Python<'_>,
        site: &str,
        row: Option<Row<'a>>,
        facts: &[Fact<'a>],
        may_go_on: bool,
    ) -> PyResult<Option<(Row<'a>, Done)>> {
        if !self.sites.contains_key(site) {
            self.sites.insert(site.into(), SiteNumbers::new(site));
        }
        let Some(site) = self.sites.get_mut(site) else {
            return Ok(None);
        };
        let (options, changes, labels) = (&self.options, &mut self.changes, &mut self.labels);
        let mut way = Way {
            py,
            options,
            changes,
            site,
            labels,
            talked: Vec::new(),
        };
        let (mut row, done) = match row {
            None => match begin(&mut way, facts)? {
                Some(begun) => begun,
                None if may_go_on && later::takes(options, None, facts) => {
                    return Ok(Some((later::begin(&mut way, facts)?, Done::all(facts))));
                }
                None => return Ok(None),
            },
            Some(mut row) => {
                let done = extend(&mut way, &mut row, facts)?;
                (row, done)
            }
        };
        let rest = &facts[done..];
        if !rest.is_empty() && may_go_on && later::takes(options, Some(&row), rest) {
            later::fold(&mut way, &mut row, rest)?;
            return Ok(Some((row, Done::all(facts))));
        }
        let went_on = false;
        Ok((done != 0).then_some((row, Done { of: done, went_on })))
    }
}

/// How many facts a row holds now, and whether some of them were no common cases.
struct Done {
    of: usize,
    went_on: bool,
}

impl Done {
    fn all(facts: &[Fact<'_>]) -> Self {
        Done {
            of: facts.len(),
            went_on: true,
        }
    }
}

fn is_followed(row: &Row<'_>) -> bool {
    row.extra.as_ref().is_some_and(|extra| extra.followed)
}

/// Tells whether the shards of leads may have been told of somebody, or have to be.
fn may_be_told_of(row: &Row<'_>) -> bool {
    let is_known = |session: &Session<'_>| {
        session.has_key() || session.deeds.as_ref().is_some_and(|deeds| deeds.details.is_some())
    };
    is_followed(row) || row.all().any(is_known)
}

/// Gives how many facts, which go on with the open session, change nothing of what is told of somebody.
fn untold(options: &Options, row: Option<&Row<'_>>, facts: &[Fact<'_>]) -> usize {
    let viewed = row.filter(|row| may_be_told_of(row)).map(|row| &*row.newest.viewed);
    let is_news = |fact: &Fact<'_>| fact.said.is_some() || viewed.is_some_and(|viewed| tells(options, viewed, fact));
    facts.iter().position(is_news).unwrap_or(facts.len())
}

/// Tells whether somebody who is followed sees a page that is told of, and that is none of those that were viewed.
fn tells(options: &Options, viewed: &str, fact: &Fact<'_>) -> bool {
    fact.view()
        .is_some_and(|view| options.words.telling.contains(view.group) && !viewed.contains(view.viewed))
}

/// Gives when a person last had a key event, as far as those who have no extra can have had one; 0 is never.
fn newest_key(row: &Row<'_>) -> i64 {
    row.extra.as_ref().map_or(0, |extra| extra.known.max(row.last_key()))
}
