//! The class by which Python has the homes of ids that are alone take what they are told.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PySet};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::{FxHashMap, FxHashSet};

use super::counts::{Remembered, Standing};
use super::home::{Counting, Home, Now};
use super::message::{ids_in, IdKey, Message};
use super::results::Record;
use super::rules::Rules;
use crate::fold::changes::{Changes, Grid};
use crate::fold::msgpack::Writer;

/// What a fold of leads gives beside rows and changes: places of messages that are left, records of results, rows with
/// the moment at which they are due, and how many clusters of a site have a largest lead of so many ids more or less.
type Given<'py> = (
    Vec<usize>,
    Vec<(&'static str, String, Bound<'py, PyBytes>)>,
    Vec<(Bound<'py, PyBytes>, i64)>,
    Vec<(String, i64, i64)>,
);

/// The homes of one shard, as far as they are alone.
#[pyclass(module = "leadpulse_native")]
pub struct LeadsCore {
    rules: Rules,
    changes: Changes,
    standing: Standing,
    remembered: Remembered,
    writer: Writer,
}

/// What Python keeps of the leads of a shard.
struct Tables<'py> {
    rows: Bound<'py, PyDict>,
    changed: Bound<'py, PySet>,
    admit: Bound<'py, PyAny>,
    sites: Bound<'py, PyAny>,
}

#[pymethods]
impl LeadsCore {
    /// Shows Python's collector what is held of its own.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.changes.traverse(&visit)
    }

    /// Takes (pane_ms, origin_ms), and the rules.
    #[new]
    fn new(grid: (i64, i64), rules: Rules) -> Self {
        let (pane_ms, origin_ms) = grid;
        LeadsCore {
            rules,
            changes: Changes::new(Grid { pane_ms, origin_ms }),
            standing: Standing::default(),
            remembered: Remembered::default(),
            writer: Writer::default(),
        }
    }

    /// Folds what homes are told into `rows` as far as it is common; None in `messages` is somebody else's.
    ///
    /// `of` is (rows, keys of those that changed, what admits labels, labels of sites), `now` the number of the rules and
    /// the clock.
    fn fold<'py>(
        &mut self,
        py: Python<'py>,
        messages: Vec<Option<Bound<'py, PyBytes>>>,
        of: (
            Bound<'py, PyDict>,
            Bound<'py, PySet>,
            Bound<'py, PyAny>,
            Bound<'py, PyAny>,
        ),
        now: (i64, i64),
        accumulator: &Bound<'py, PyAny>,
    ) -> PyResult<Given<'py>> {
        let (rows, changed, admit, sites) = of;
        let tables = Tables {
            rows,
            changed,
            admit,
            sites,
        };
        let is_as_before = self.changes.count_in(&accumulator.getattr("ids")?);
        self.remembered.begin(!is_as_before);
        let (mut homes, mut places, mut left) = (Vec::new(), FxHashMap::default(), Vec::new());
        let (mut others, mut read) = (Vec::new(), Vec::with_capacity(messages.len()));
        for (place, message) in messages.iter().enumerate() {
            let bytes = message.as_ref().map(|message| message.as_bytes());
            match bytes.map(Message::read) {
                Some(Ok((at, message))) => {
                    let next = homes.len();
                    let number = *places.entry(at).or_insert(next);
                    if number == next {
                        homes.push((at, Vec::new()));
                    }
                    homes[number].1.push((place, read.len()));
                    read.push(message);
                }
                _ => {
                    if let Some(bytes) = bytes {
                        ids_in(bytes, &mut others);
                    }
                    left.push(place);
                }
            }
        }
        let others: FxHashSet<IdKey> = others.into_iter().collect();
        let (mut records, mut due, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, told) in &homes {
            let messages: Vec<&Message<'_>> = told.iter().map(|(_, nth)| &read[*nth]).collect();
            let key = PyBytes::new(py, at);
            let is_taken = !others.contains(at) && {
                let folded = catch_unwind(AssertUnwindSafe(|| {
                    self.home(&tables, &key, at, &messages, now, &mut records, &mut due, &mut sizes)
                }));
                folded.unwrap_or_else(|_| {
                    let message = "the fold of leads broke off: LEADPULSE_NATIVE=off folds them without compiled code";
                    Err(PyRuntimeError::new_err(message))
                })?
            };
            if !is_taken {
                left.extend(told.iter().map(|(place, _)| *place));
            }
        }
        self.changes.give(accumulator)?;
        self.standing.give(accumulator)?;
        left.sort_unstable();
        let records = records.into_iter();
        let records = records.map(|(topic, key, value): Record| (topic, key, PyBytes::new(py, &value)));
        Ok((left, records.collect(), due, sizes))
    }
}

impl LeadsCore {
    /// Has one home take what it is told; false where it is Python's.
    #[allow(clippy::too_many_arguments)]
    fn home<'py>(
        &mut self,
        tables: &Tables<'py>,
        key: &Bound<'py, PyBytes>,
        at: &IdKey,
        messages: &[&Message<'_>],
        (number, clock_ms): (i64, i64),
        records: &mut Vec<Record>,
        due: &mut Vec<(Bound<'py, PyBytes>, i64)>,
        sizes: &mut Vec<(String, i64, i64)>,
    ) -> PyResult<bool> {
        let LeadsCore {
            rules,
            changes,
            standing,
            remembered,
            writer,
        } = self;
        let now = Now {
            rules,
            number,
            clock_ms,
        };
        let raw = match tables.rows.get_item(key)? {
            Some(raw) => Some(raw.downcast_into::<PyBytes>()?),
            None => None,
        };
        let raw = raw.as_ref().map(|raw| raw.as_bytes());
        let Ok(mut home) = Home::new(rules, i64::from(at[0]), raw) else {
            return Ok(false);
        };
        for message in messages {
            if home.take(now, message, raw.is_none()).is_err() {
                return Ok(false);
            }
        }
        let mut counting = Counting {
            rules,
            changes,
            standing,
            remembered,
            admit: &tables.admit,
            sites: &tables.sites,
            records,
        };
        let Some(outcome) = home.settle(now, &mut counting)? else {
            return Ok(false);
        };
        if !home.is_changed {
            return Ok(true);
        }
        if outcome.due_ms != 0 {
            due.push((key.clone(), outcome.due_ms));
        }
        let (before, largest) = outcome.largest;
        if before != largest {
            for (size, sign) in [(before, -1), (largest, 1)] {
                if size != 0 {
                    sizes.push((home.row.site.to_owned(), size, sign));
                }
            }
        }
        writer.out.clear();
        home.row.write(writer, rules.version, home.stays_quiet());
        tables.rows.set_item(key, PyBytes::new(key.py(), &writer.out))?;
        tables.changed.add(key)?;
        Ok(true)
    }
}
