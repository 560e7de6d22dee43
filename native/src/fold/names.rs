//! Names: the ids of people by what events call them, and by which event each name was told.
//!
//! Whether a value names nobody is Python's rule: here it is seen only of those of which it is plain at once, and Python
//! is asked for the others (`stream/identity/ids.py`, `stream/contract/junk.py`).

use std::collections::HashSet;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use rustc_hash::FxHashMap;

use super::fact::{Id, UNIT};
use super::outgoing::Outgoing;
use crate::hashes::partition;

/// Names that are remembered, and up to twice as many; what is forgotten is told again, which changes nothing.
const MOST: usize = 8_192;

/// No word that names nobody has more bytes.
const LONGEST_JUNK: usize = 32;

/// How ids are made of texts.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Naming {
    /// Shards of leads, if Kafka's own partitioner chooses among them and nothing is ignored but junk; 0: Python is asked.
    pub shards: u32,
    /// Words that name nobody.
    pub junk: HashSet<String>,
    /// The version of the bytes of facts.
    pub version: i64,
    /// Types of ids, and what events call them.
    pub address: (i64, String),
    pub visitor: (i64, String),
}

/// An id, and the earliest event by which its name was told.
struct Name {
    id: Id,
    told_ms: i64,
    event: Box<str>,
}

/// The names of one type of ids in one shard.
pub struct Names {
    naming: Naming,
    kind: i64,
    field: String,
    known: FxHashMap<Box<str>, Name>,
    key: String,
}

impl Names {
    /// Begins with nobody; these are ids of a type, and what events call them.
    pub fn new(naming: Naming, (kind, field): (i64, String)) -> Self {
        Names {
            naming,
            kind,
            field,
            known: FxHashMap::default(),
            key: String::new(),
        }
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Tells names by events that are earlier than those before, events given as (site, value, time, source and id).
    ///
    /// `python` is asked in one go for those of whom it is not plain that they are somebody, and tells their names itself;
    /// whoever it ignores is asked of each time: it counts how often.
    pub fn learn<'a>(
        &mut self,
        python: &Bound<'_, PyAny>,
        outgoing: &mut Outgoing,
        events: impl Iterator<Item = (&'a str, &'a str, i64, &'a str)>,
    ) -> PyResult<()> {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let mut asked = Vec::new();
        for (site, value, time_ms, event) in events {
            let known = self.find(site, value);
            if known.is_some_and(|name| (name.told_ms, &*name.event) <= (time_ms, event)) {
                continue;
            }
            let known = known.map(|name| name.id);
            match known.or_else(|| self.plain(site, value)) {
                Some(id) => self.tell(outgoing, id, (site, value), time_ms, event),
                None => asked.push((site, value, time_ms, event)),
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let found = python.call_method1("name", (PyList::new(python.py(), &asked)?,))?;
        let found: Vec<Vec<(i64, [u8; 16], i64)>> = found.extract()?;
        if found.len() != asked.len() {
            return Err(PyRuntimeError::new_err("not everybody was named"));
        }
        for ((site, value, time_ms, event), ids) in asked.into_iter().zip(found) {
            if let Some((kind, hash, home)) = ids.into_iter().next() {
                self.note(Id { kind, hash, home }, site, value, time_ms, event);
            }
        }
        Ok(())
    }

    /// Tells the name of an id, (site, value), unless it was told by an event that came no later.
    pub fn tell(&mut self, outgoing: &mut Outgoing, id: Id, (site, value): (&str, &str), time_ms: i64, event: &str) {
        if self.known.len() > 2 * MOST {
            self.known.clear();
        }
        if self.note(id, site, value, time_ms, event) {
            outgoing.name(id, site, value, time_ms, event);
        }
    }

    /// Gives the version of the bytes of facts.
    pub fn version(&self) -> i64 {
        self.naming.version
    }

    /// Gives the id of somebody who was learned of; None for who is ignored.
    pub fn id(&mut self, site: &str, value: &str) -> Option<Id> {
        self.find(site, value).map(|name| name.id)
    }

    /// Gives an id, if it is plain that the value is no junk.
    pub fn plain(&self, site: &str, value: &str) -> Option<Id> {
        let Naming { shards, junk, .. } = &self.naming;
        let (shards, bytes) = (*shards, value.as_bytes());
        let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let is_plain = shards > 0
            && value.is_ascii()
            && is_edge(bytes.first())
            && is_edge(bytes.last())
            && bytes
                .iter()
                .any(|byte| byte.is_ascii_alphabetic() || (b'1'..=b'9').contains(byte));
        if !is_plain || (bytes.len() <= LONGEST_JUNK && junk.contains(&value.to_ascii_lowercase())) {
            return None;
        }
        let mut of = blake2b_simd::Params::new().hash_length(16).to_state();
        for part in [site, "\u{1f}", &self.field, "\u{1f}", value] {
            of.update(part.as_bytes());
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(of.finalize().as_bytes());
        Some(Id {
            kind: self.kind,
            hash,
            home: i64::from(partition(value, shards)),
        })
    }

    /// Notes by which event a name was told; false where it was told by one that came no later.
    fn note(&mut self, id: Id, site: &str, value: &str, told_ms: i64, event: &str) -> bool {
        let is_known = |name: &Name| (name.told_ms, &*name.event) <= (told_ms, event);
        if self.find(site, value).is_some_and(is_known) {
            return false;
        }
        let name = Name {
            id,
            told_ms,
            event: event.into(),
        };
        self.known.insert(self.key.as_str().into(), name);
        true
    }

    fn find(&mut self, site: &str, value: &str) -> Option<&Name> {
        self.key.clear();
        self.key.push_str(site);
        self.key.push(UNIT);
        self.key.push_str(value);
        self.known.get(self.key.as_str())
    }
}
