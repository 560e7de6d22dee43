//! Labels: raw values made safe to be shown. Python's guard says which; what it remembers is remembered here, too.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

use crate::symbols::{Sym, Symbols};

/// Labels that values are asked for, each a `Labels` of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Label {
    Site,
    PageGroup,
    Content,
    Offer,
    Country,
    Form,
    Bot,
    Event,
    Campaign,
    Purpose,
    Variant,
    Domain,
    Platform,
    ChannelType,
    AudienceType,
    Currency,
}

impl Label {
    const ALL: [(Label, &'static str); 16] = [
        (Label::Site, "site"),
        (Label::PageGroup, "page_group"),
        (Label::Content, "content"),
        (Label::Offer, "offer"),
        (Label::Country, "country"),
        (Label::Form, "form"),
        (Label::Bot, "bot"),
        (Label::Event, "event"),
        (Label::Campaign, "campaign"),
        (Label::Purpose, "purpose"),
        (Label::Variant, "variant"),
        (Label::Domain, "domain"),
        (Label::Platform, "platform"),
        (Label::ChannelType, "channel_type"),
        (Label::AudienceType, "audience_type"),
        (Label::Currency, "currency"),
    ];
}

#[derive(Default)]
struct Asked {
    python: Option<Py<PyAny>>,
    known: FxHashMap<Box<str>, Sym>,
    nothing: Option<Sym>,
}

/// The labels of one shard.
pub struct Labels {
    asked: Vec<Asked>,
}

impl Labels {
    /// Take Python's labels by name; those that the shard has no use for may be missing.
    pub fn new(given: &Bound<'_, PyDict>) -> PyResult<Labels> {
        let mut asked = Vec::with_capacity(Label::ALL.len());
        for (_, name) in Label::ALL {
            asked.push(Asked {
                python: given.get_item(name)?.map(Bound::unbind),
                ..Asked::default()
            });
        }
        Ok(Labels { asked })
    }

    /// Show Python's collector what is held of its own: a shard holds its core, and its labels lead back to it.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.asked.iter().try_for_each(|one| visit.call(&one.python))
    }

    /// Give the label of a value that was asked for before and is remembered.
    #[inline]
    pub fn known(&self, label: Label, raw: Option<&str>) -> Option<Sym> {
        let asked = &self.asked[label as usize];
        match raw {
            Some(text) => asked.known.get(text).copied(),
            None => asked.nothing,
        }
    }

    /// Give the label of a value, of Python if need be.
    pub fn of(&mut self, py: Python<'_>, symbols: &mut Symbols, label: Label, raw: Option<&str>) -> PyResult<Sym> {
        if let Some(sym) = self.known(label, raw) {
            return Ok(sym);
        }
        let asked = &mut self.asked[label as usize];
        let missing = || PyValueError::new_err(format!("nobody gives labels of {label:?}"));
        let python = asked.python.as_ref().ok_or_else(missing)?.bind(py);
        let key = raw.map(|text| PyString::new(py, text));
        let found = python.get_item(&key)?;
        let sym = symbols.intern(found.downcast::<PyString>()?.to_cow()?.as_ref());
        // what Python does not remember it counts each time that it is asked
        if python.contains(&key)? {
            match raw {
                Some(text) => {
                    asked.known.insert(text.into(), sym);
                }
                None => asked.nothing = Some(sym),
            }
        }
        Ok(sym)
    }
}
