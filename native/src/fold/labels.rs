//! Labels that the fold makes itself of what an event says, when it first needs them, as Python's fold does.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

/// Raw value → label, asked of one of Python's `Labels`; remembered where that remembers it, and so as bounded.
pub struct Label {
    labels: Py<PyAny>,
    known: FxHashMap<Box<str>, Box<str>>,
    nothing: Option<Box<str>>,
}

impl Label {
    /// Takes a `Labels`.
    pub fn new(labels: Bound<'_, PyAny>) -> Self {
        Label {
            labels: labels.unbind(),
            known: FxHashMap::default(),
            nothing: None,
        }
    }

    /// Gives the label of a value.
    pub fn of(&mut self, py: Python<'_>, raw: Option<&str>) -> PyResult<String> {
        let known = match raw {
            Some(raw) => self.known.get(raw),
            None => self.nothing.as_ref(),
        };
        if let Some(label) = known {
            return Ok(label.to_string());
        }
        let labels = self.labels.bind(py);
        let label: String = labels.get_item(raw)?.extract()?;
        if labels.contains(raw)? {
            match raw {
                Some(raw) => {
                    self.known.insert(raw.into(), label.as_str().into());
                }
                None => self.nothing = Some(label.as_str().into()),
            }
        }
        Ok(label)
    }
}

/// All of them.
pub struct Labels {
    pub sites: Label,
    pub forms: Label,
    pub contents: Label,
    pub events: Label,
    pub bots: Label,
}

impl Labels {
    /// Shows Python's collector what is held of its own.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let all = [&self.sites, &self.forms, &self.contents, &self.events, &self.bots];
        all.iter().try_for_each(|one| visit.call(&one.labels))
    }

    /// Takes those of `Facts`.
    pub fn new(facts: &Bound<'_, PyAny>) -> PyResult<Self> {
        let label = |name: &str| facts.getattr(name).map(Label::new);
        Ok(Labels {
            sites: label("sites")?,
            forms: label("forms")?,
            contents: label("contents")?,
            events: label("events")?,
            bots: label("bots")?,
        })
    }
}
