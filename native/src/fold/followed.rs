//! Followed: what events say of people beside what is counted, noted in their rows and told to the shards of leads.
//!
//! As `stream/stages/visitors/following.py`, for rows and facts that `published` takes.

use std::borrow::Cow;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::details::{Ask, Details, KeyDetails};
use super::fact::{Deed, Fact, Id, UNIT};
use super::labels::Labels;
use super::mails::send;
use super::msgpack::Writer;
use super::names::{Names, Naming};
use super::options::Options;
use super::outgoing::Outgoing;
use super::published::{is_known, published, Told};
use super::row::{Row, Session};

/// The details of a session of which nothing is said.
const NOTHING: &[u8] = &[0x95, 0x90, 0x90, 0x90, 0xc0, 0xc0];

/// What one fold tells.
pub struct Telling {
    /// Visitors whose names were told.
    pub names: Names,
    outgoing: Outgoing,
    /// Whose event named somebody, and its place among those of the fold.
    naming: Vec<(Py<PyString>, usize)>,
}

/// An event that names somebody: its kind, site, the ids as it has them, time, name, and what the ids are.
pub type NamingEvent<'py> = (
    &'static str,
    (String, Option<String>, Option<String>, Option<String>, i64, String),
    Bound<'py, PyList>,
);

impl Telling {
    /// Begins with nothing to tell.
    pub fn new(naming: Naming) -> Self {
        Telling {
            names: Names::new(naming.clone(), naming.visitor),
            outgoing: Outgoing::default(),
            naming: Vec::new(),
        }
    }

    /// Notes in a row what its new facts say, and what is known of the visitor from now on.
    ///
    /// `before` is the row as it was.
    #[allow(clippy::too_many_arguments)]
    pub fn person<'a>(
        &mut self,
        options: &Options,
        labels: &mut Labels,
        following: &Bound<'_, PyAny>,
        key: &Bound<'_, PyString>,
        before: Option<&Row<'_>>,
        row: &mut Row<'a>,
        facts: &[Fact<'a>],
    ) -> PyResult<()> {
        for fact in facts {
            let Some(said) = &fact.said else { continue };
            note(key.py(), labels, row, fact)?;
            if said.names_somebody {
                self.naming.push((key.clone().unbind(), fact.place));
            }
        }
        let was_followed = row.extra.as_ref().is_some_and(|extra| extra.followed);
        if !was_followed && !is_known(row) {
            return Ok(());
        }
        let name = key.to_str()?;
        let (site, visitor) = name.split_once(UNIT).unwrap_or(("", name));
        let me = match self.names.plain(site, visitor) {
            Some(me) => me,
            None => match following.call_method1("id_of", (site, visitor))?.extract()? {
                Some((kind, hash, home)) => Id { kind, hash, home },
                None => return Ok(()),
            },
        };
        let known = |row: &Row<'_>| {
            let odd = |_| PyRuntimeError::new_err(format!("what is known of {name:?} cannot be read"));
            published(options, visitor, row).map_err(odd)
        };
        let old = match before.filter(|_| was_followed) {
            Some(before) => known(before)?,
            None => Vec::new(),
        };
        let new = known(row)?;
        row.extra.get_or_insert_with(Box::default).followed = true;
        if old == new {
            return Ok(());
        }
        if new.iter().any(|(id, ..)| id.is_none()) {
            let first_ms = row.all().next().map_or(row.last, |session| session.start);
            self.names.tell(&mut self.outgoing, me, (site, visitor), first_ms, "");
        }
        for (id, fact, _) in without(&old, &new) {
            self.outgoing.drop(id.unwrap_or(me), fact);
        }
        for (id, fact, at_ms) in without(&new, &old) {
            self.outgoing.put(id.unwrap_or(me), fact, *at_ms);
        }
        Ok(())
    }

    /// Tells it all; `naming` says what an event names, by its place.
    pub fn flush<'py>(
        &mut self,
        following: &Bound<'py, PyAny>,
        naming: impl Fn(usize) -> PyResult<NamingEvent<'py>>,
    ) -> PyResult<()> {
        let sent = self.outgoing.take(self.names.version());
        if !self.naming.is_empty() {
            let named = PyList::empty(following.py());
            for (key, place) in self.naming.drain(..) {
                let (kind, of, ids) = naming(place)?;
                named.append((key, kind, of, ids))?;
            }
            following.call_method1("tell", (named,))?;
        }
        send(following, sent)
    }
}

fn without<'t>(some: &'t [Told], others: &'t [Told]) -> impl Iterator<Item = &'t Told> {
    some.iter().filter(|one| others.binary_search(one).is_err())
}

/// Notes what an event said in the session that has it.
fn note<'a>(py: Python<'_>, labels: &mut Labels, row: &mut Row<'a>, fact: &Fact<'a>) -> PyResult<()> {
    let Some(said) = fact.said.as_ref().filter(|said| said.tells || !said.ids.is_empty()) else {
        return Ok(());
    };
    let (at, source) = ((fact.time_ms, row.short(fact)), row.source.clone());
    let session = running(row, fact.time_ms);
    let deeds = session.deeds.get_or_insert_with(Box::default);
    let held = deeds.details.take();
    let odd = |_| PyRuntimeError::new_err("the details of a session cannot be read");
    let mut details = Details::read(held.as_deref().unwrap_or(NOTHING)).map_err(odd)?;
    if let Some(id) = said.ids.first() {
        details.see(*id, &at, &source);
    }
    if said.tells {
        if let Deed::Form(form) = &fact.deed {
            let event = match form.event {
                Some(event) => labels.events.of(py, Some(event))?,
                None => String::new(),
            };
            let one = Ask {
                form_type: Cow::Borrowed(form.form_type.unwrap_or("")),
                offer_stage: Cow::Borrowed(form.offer_stage.unwrap_or("")),
                event: Cow::Owned(event),
                first: at.clone(),
                offer_type: Cow::Borrowed(said.offer_type),
                offer: Cow::Borrowed(""),
            };
            details.ask(one, &source);
        }
        let first = deeds.first_key.as_ref();
        if first.is_some_and(|first| (first.time_ms, &first.name) == (at.0, &at.1)) {
            details.key = Some(KeyDetails {
                at,
                offer: Cow::Borrowed(""),
                offer_type: Cow::Borrowed(said.offer_type),
                region: Cow::Borrowed(said.region),
                product: Cow::Borrowed(said.product),
            });
        }
    }
    let mut to = Writer::default();
    details.write(&mut to);
    deeds.details = Some(Cow::Owned(to.out));
    Ok(())
}

/// Gives the session that runs at a moment; that of an event that was folded always does.
fn running<'r, 'a>(row: &'r mut Row<'a>, time_ms: i64) -> &'r mut Session<'a> {
    if row.newest.start <= time_ms {
        return &mut row.newest;
    }
    match row.older.iter().rposition(|session| session.start <= time_ms) {
        Some(place) => &mut row.older[place],
        None => &mut row.newest,
    }
}
