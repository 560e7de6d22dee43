//! Handback: facts as Python's own structs, for the folds that are Python's.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use rustc_hash::FxHashMap;

use crate::arena::Text;
use crate::decode::{Lane, UNIT};
use crate::facts::{Fact, What};
use crate::fold::decoded::named;
use crate::kinds::Kind;
use crate::store::Store;
use crate::symbols::Sym;

/// Stands around group and content of a page in what a session viewed.
const MARK: &str = "\x1e";
/// Texts of symbols that are kept as Python has them.
const MOST: usize = 65_536;

/// Makes Python facts; what many of them share is made once.
pub struct Handback {
    /// View, Form and Chat of `stream/stages/visitors/facts.py`.
    classes: (Py<PyType>, Py<PyType>, Py<PyType>),
    texts: FxHashMap<Sym, Py<PyString>>,
    viewed: FxHashMap<(Sym, Sym), Py<PyString>>,
}

impl Handback {
    /// Take the classes.
    pub fn new(classes: (Py<PyType>, Py<PyType>, Py<PyType>)) -> Handback {
        Handback {
            classes,
            texts: FxHashMap::default(),
            viewed: FxHashMap::default(),
        }
    }

    /// Put facts into a dict of lists by person; `read` gives the data of many records of a kind at once. Give what some
    /// of them say beside what is counted: person, kind, what it names, and its data where more than that is told.
    pub fn people<'py>(
        &mut self,
        store: &Store,
        lanes: &[Lane],
        facts: Vec<Fact>,
        waiting: &Bound<'py, PyDict>,
        read: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (py, saying) = (waiting.py(), PyList::empty(waiting.py()));
        if self.texts.len() > MOST || self.viewed.len() > MOST {
            self.texts.clear();
            self.viewed.clear();
        }
        let mut data = [
            self.data(store, lanes, &facts, Kind::Form, read)?,
            self.data(store, lanes, &facts, Kind::Chatbot, read)?,
        ];
        let mut by_person: FxHashMap<&str, Bound<'_, PyList>> = FxHashMap::default();
        let mut source: (Text, Option<Bound<'_, PyString>>) = (Text::default(), None);
        for fact in &facts {
            let of_source = fact.name.head(fact.source_len);
            let is_same = source.1.is_some() && store.arena.get(source.0) == store.arena.get(of_source);
            if !is_same {
                source = (of_source, Some(PyString::new(py, store.arena.get(of_source))));
            }
            let made = self.fact(py, store, fact, source.1.as_ref(), &mut data)?;
            let key = store.arena.get(fact.key);
            if let Some(said) = &fact.said {
                let data = if said.tells { Some(made.getattr("data")?) } else { None };
                saying.append((key, fact.kind().name(), named(store, fact), data))?;
            }
            match by_person.get(key) {
                Some(list) => list.append(made)?,
                None => {
                    let name = PyString::new(py, key);
                    let list = match waiting.get_item(&name)? {
                        Some(list) => list.downcast_into::<PyList>()?,
                        None => {
                            let list = PyList::empty(py);
                            waiting.set_item(name, &list)?;
                            list
                        }
                    };
                    list.append(made)?;
                    by_person.insert(key, list);
                }
            }
        }
        Ok(saying)
    }

    /// Give the data of all events of one kind, in order, the last first.
    fn data<'py>(
        &self,
        store: &Store,
        lanes: &[Lane],
        facts: &[Fact],
        kind: Kind,
        read: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = read.py();
        let is_it = |what: &What| match kind {
            Kind::Form => matches!(what, What::Form(_)),
            _ => matches!(what, What::Chat(_)),
        };
        let values: Vec<_> = facts
            .iter()
            .filter(|fact| is_it(&fact.what))
            .map(|fact| store.value(py, fact.origin))
            .collect();
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let name = lanes
            .iter()
            .find(|lane| lane.contract.kind == kind)
            .map_or("", |lane| &lane.contract.table.kind);
        let many = values.len();
        let mut data: Vec<Bound<'py, PyAny>> = read.call1((name, values))?.extract()?;
        if data.len() != many {
            return Err(PyRuntimeError::new_err(format!(
                "{many} records of {name} were taken, Python takes {}",
                data.len()
            )));
        }
        data.reverse();
        Ok(data)
    }

    fn fact<'py>(
        &mut self,
        py: Python<'py>,
        store: &Store,
        fact: &Fact,
        source: Option<&Bound<'py, PyString>>,
        data: &mut [Vec<Bound<'py, PyAny>>; 2],
    ) -> PyResult<Bound<'py, PyAny>> {
        let id = PyString::new(
            py,
            store.arena.get(fact.name.behind(fact.source_len + UNIT.len() as u32)),
        );
        let touch = fact
            .touch
            .and_then(|touch| store.touches.object(touch.number))
            .map(|touch| touch.clone_ref(py));
        let country = fact.country.map(|sym| self.text(py, store, sym));
        let site = PyString::new(py, store.arena.get(fact.site));
        let head = (fact.time_ms, source, id, touch, country, fact.arrival_ms, site);
        let made = match &fact.what {
            What::View(view) => {
                let (group, content) = (self.text(py, store, view.group), self.text(py, store, view.content));
                let offer = view.offer.map(|sym| self.text(py, store, sym));
                let viewed = self.viewed(py, store, view.group, view.content);
                let rest = (group, content, offer, viewed, view.engagement_ms, view.is_download);
                let (time_ms, source, id, touch, country, arrival_ms, site) = head;
                let all = [
                    time_ms.into_pyobject(py)?.into_any(),
                    source.into_pyobject(py)?.into_any(),
                    id.into_any(),
                    touch.into_pyobject(py)?.into_any(),
                    country.into_pyobject(py)?.into_any(),
                    arrival_ms.into_pyobject(py)?.into_any(),
                    site.into_any(),
                    rest.0.into_bound(py).into_any(),
                    rest.1.into_bound(py).into_any(),
                    rest.2.into_pyobject(py)?.into_any(),
                    rest.3.into_bound(py).into_any(),
                    rest.4.into_pyobject(py)?.into_any(),
                    pyo3::types::PyBool::new(py, rest.5).to_owned().into_any(),
                ];
                self.classes.0.bind(py).call1(PyTuple::new(py, all)?)?
            }
            What::Form(_) | What::Chat(_) => {
                let is_form = matches!(fact.what, What::Form(_));
                let class = if is_form { &self.classes.1 } else { &self.classes.2 };
                let gone = || PyRuntimeError::new_err("there are fewer data than events");
                let data = data[usize::from(!is_form)].pop().ok_or_else(gone)?;
                let (time_ms, source, id, touch, country, arrival_ms, site) = head;
                class
                    .bind(py)
                    .call1((time_ms, source, id, touch, country, arrival_ms, site, data))?
            }
        };
        Ok(made)
    }

    fn text(&mut self, py: Python<'_>, store: &Store, sym: Sym) -> Py<PyString> {
        self.texts
            .entry(sym)
            .or_insert_with(|| PyString::new(py, store.symbols.get(sym)).unbind())
            .clone_ref(py)
    }

    fn viewed(&mut self, py: Python<'_>, store: &Store, group: Sym, content: Sym) -> Py<PyString> {
        let make = || {
            let text = [MARK, store.symbols.get(group), UNIT, store.symbols.get(content), MARK].concat();
            PyString::new(py, &text).unbind()
        };
        self.viewed.entry((group, content)).or_insert_with(make).clone_ref(py)
    }
}
