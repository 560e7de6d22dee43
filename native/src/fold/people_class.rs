//! The class by which Python folds people that it made facts of.

use std::collections::HashMap;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::changes::Grid;
use super::decoded::Decoded;
use super::labels::Labels;
use super::names::Naming;
use super::options::{Numbers, Options, Words};
use super::people::{Folded, People, Tables};
use super::python::{Classes, Held};

/// Folds the people of one shard as far as their events are common cases.
#[pyclass(module = "leadpulse_native")]
pub struct PeopleCore {
    pub(crate) people: People,
    pub(crate) decoded: Decoded,
    classes: Classes,
}

#[pymethods]
impl PeopleCore {
    /// Shows Python's collector what is held of its own, or a shard that was given up would stay in memory for good.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.people.traverse(&visit)
    }

    /// Takes the labels of `Facts`, the classes of views and forms, (pane_ms, origin_ms), and what the rules say.
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        facts: &Bound<'_, PyAny>,
        classes: (Py<PyAny>, Py<PyAny>),
        grid: (i64, i64),
        numbers: Numbers,
        words: Words,
        targets_s: HashMap<(String, String), i64>,
        log_gamma: f64,
        naming: Naming,
    ) -> PyResult<Self> {
        let grid = Grid {
            pane_ms: grid.0,
            origin_ms: grid.1,
        };
        let (view, form) = classes;
        let classes = Classes {
            view,
            form,
            chat_actions: words.chat_actions.clone(),
        };
        let options = Options::new(numbers, words, targets_s, log_gamma);
        Ok(PeopleCore {
            people: People::new(options, grid, Labels::new(facts)?, naming),
            decoded: Decoded::default(),
            classes,
        })
    }

    /// Forgets whose names were told.
    fn forget(&mut self) {
        self.people.telling.names.clear();
    }

    /// Folds facts gathered by person into the rows of a `PeopleFold`; gives those that are left over, in order, and
    /// the keys of rows that are larger than they may be.
    fn fold<'py>(
        &mut self,
        people: &Bound<'py, PyDict>,
        into: &Bound<'py, PyAny>,
        accumulator: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyDict>, Vec<Bound<'py, PyString>>)> {
        let py = people.py();
        let (tables, left, mut large) = (Tables::of(into)?, PyDict::new(py), Vec::new());
        self.people.count_in(accumulator)?;
        for (key, facts) in people.iter() {
            let (key, facts) = (key.downcast_into::<PyString>()?, facts.downcast_into::<PyList>()?);
            let mut held: Vec<Held<'py>> = Vec::with_capacity(facts.len());
            for fact in facts.iter() {
                match self.classes.held(&fact)? {
                    Some(one) => held.push(one),
                    None => break,
                }
            }
            let mut made: Vec<_> = held
                .iter()
                .enumerate()
                .map_while(|(place, one)| one.fact(place))
                .collect();
            if made.len() < facts.len() || made.is_empty() {
                left.set_item(key, facts)?;
                continue;
            }
            let site = facts.get_item(0)?.getattr("site_id")?;
            let site = self
                .people
                .labels
                .sites
                .of(py, Some(&site.downcast::<PyString>()?.to_cow()?))?;
            match self.people.person(&tables, &key, &site, &mut made)? {
                Folded::TooLarge => large.push(key),
                Folded::Of(done) if done < made.len() => {
                    let rest = PyList::empty(py);
                    for fact in &made[done..] {
                        rest.append(facts.get_item(fact.place)?)?;
                    }
                    left.set_item(key, rest)?;
                }
                Folded::Of(_) => {}
            }
        }
        self.people.flush(accumulator)?;
        if let Some(following) = &tables.following {
            let nobody = |_| Err(PyRuntimeError::new_err("what Python decoded names nobody here"));
            self.people.telling.flush(following, nobody)?;
        }
        Ok((left, large))
    }
}
