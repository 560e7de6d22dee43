//! Names: the ids of recipients as Python named them, and by which event each was told.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use rustc_hash::FxHashMap;

use super::copy::Mail;
use super::fact::UNIT;

/// Recipients that are remembered; what is forgotten is asked again, and told again, which changes nothing.
const MOST: usize = 16_384;

pub type Hash = [u8; 16];

/// A recipient who was named.
struct Name {
    /// Python's id, and what it holds.
    id: Py<PyTuple>,
    kind: i64,
    hash: Hash,
    home: i64,
    /// The earliest event by which the name was told.
    told_ms: i64,
    event: Box<str>,
}

/// The recipients of one shard.
#[derive(Default)]
pub struct Names {
    known: FxHashMap<Box<str>, Name>,
    key: String,
}

impl Names {
    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Has Python name the recipients of these mails, and tell names by events that are earlier than those before.
    ///
    /// `emails` is asked of all in one go. Who is ignored is asked of each time: somebody counts how often.
    pub fn learn<'a>(
        &mut self,
        emails: &Bound<'_, PyAny>,
        mails: impl Iterator<Item = (&'a str, Mail<'a>)>,
    ) -> PyResult<()> {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let mut asked = Vec::new();
        for (site, mail) in mails {
            let Some(hashed) = mail.email_hash else {
                continue;
            };
            let is_told = self
                .find(site, hashed)
                .is_some_and(|name| (name.told_ms, &*name.event) <= (mail.time_ms, mail.name));
            if !is_told {
                asked.push((site, hashed, mail.time_ms, mail.name));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let found = emails.call_method1("name", (PyList::new(emails.py(), &asked)?,))?;
        let found = found.downcast_into::<PyList>()?;
        if found.len() != asked.len() {
            return Err(PyRuntimeError::new_err("not every recipient was named"));
        }
        for ((site, hashed, told_ms, event), ids) in asked.into_iter().zip(found.iter()) {
            let ids = ids.downcast_into::<PyList>()?;
            let Ok(id) = ids.get_item(0) else {
                continue;
            };
            let id = id.downcast_into::<PyTuple>()?;
            let (kind, hash, home): (i64, Hash, i64) = id.extract()?;
            let is_known = self
                .find(site, hashed)
                .is_some_and(|name| (name.told_ms, &*name.event) <= (told_ms, event));
            if !is_known {
                let name = Name {
                    id: id.unbind(),
                    kind,
                    hash,
                    home,
                    told_ms,
                    event: event.into(),
                };
                self.known.insert(self.key.as_str().into(), name);
            }
        }
        Ok(())
    }

    fn find(&mut self, site: &str, hashed: &str) -> Option<&Name> {
        self.key.clear();
        self.key.push_str(site);
        self.key.push(UNIT);
        self.key.push_str(hashed);
        self.known.get(self.key.as_str())
    }

    /// Gives the id of a recipient: Python's own, type, hash and home; None for one who is ignored.
    pub fn id(&mut self, py: Python<'_>, site: &str, hashed: &str) -> Option<(Py<PyTuple>, i64, Hash, i64)> {
        let name = self.find(site, hashed)?;
        Some((name.id.clone_ref(py), name.kind, name.hash, name.home))
    }
}
