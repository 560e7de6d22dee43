//! Store: what one shard has between decode and fold: texts, labels, held records, and the facts that wait.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arena::{Arena, Text};
use crate::facts::{Ad, Fact, Mail, Origin};
use crate::labels::{Label, Labels};
use crate::symbols::{Sym, Symbols};
use crate::touches::Touches;

/// What waits for the fold, and what it is made of.
pub struct Store {
    pub(crate) arena: Arena,
    pub(crate) symbols: Symbols,
    pub(crate) labels: Labels,
    pub(crate) touches: Touches,
    /// Records whose bytes may be asked for again.
    pub(crate) held: Vec<Py<PyBytes>>,
    pub(crate) people: Vec<Fact>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) ads: Vec<Ad>,
}

impl Store {
    /// Make an empty one.
    pub fn new(labels: Labels, touches: Touches) -> Store {
        Store {
            arena: Arena::default(),
            symbols: Symbols::default(),
            labels,
            touches,
            held: Vec::new(),
            people: Vec::new(),
            mails: Vec::new(),
            ads: Vec::new(),
        }
    }

    /// Give the label of a raw value; Python is asked where it is not known yet.
    pub fn label(&mut self, py: Python<'_>, label: Label, raw: Option<Text>) -> PyResult<Sym> {
        let text = raw.map(|text| self.arena.get(text));
        self.labels.of(py, &mut self.symbols, label, text)
    }

    /// Give the bytes that a fact was read from.
    pub fn value<'py>(&self, py: Python<'py>, origin: Origin) -> Bound<'py, PyBytes> {
        let Some(held) = self.held.get(origin.buffer as usize) else {
            return PyBytes::new(py, b"");
        };
        let all = held.bind(py);
        let (at, len) = (origin.at as usize, origin.len as usize);
        match all.as_bytes().get(at..at + len) {
            Some(value) if value.len() < all.as_bytes().len() => PyBytes::new(py, value),
            _ => all.clone(),
        }
    }

    /// Forget everything that was folded.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.held.clear();
        self.people.clear();
        self.mails.clear();
        self.ads.clear();
    }
}
