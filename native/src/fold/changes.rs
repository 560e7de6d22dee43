//! Changes of cells: `number of the cell + pane`, one behind the other, as Python's accumulator takes them.
//!
//! A cell's number is asked of Python once, and remembered for as long as the accumulator keeps its numbers.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

/// A label of a cell.
#[derive(Clone, Copy)]
pub enum Label<'s> {
    Text(&'s str),
    None,
    Number(i64),
}

impl<'s> From<&'s str> for Label<'s> {
    fn from(text: &'s str) -> Self {
        Label::Text(text)
    }
}

impl<'s> From<Option<&'s str>> for Label<'s> {
    fn from(text: Option<&'s str>) -> Self {
        text.map_or(Label::None, Label::Text)
    }
}

impl From<i64> for Label<'_> {
    fn from(number: i64) -> Self {
        Label::Number(number)
    }
}

/// How panes lie.
#[derive(Clone, Copy)]
pub struct Grid {
    pub pane_ms: i64,
    pub origin_ms: i64,
}

impl Grid {
    /// Gives the number of the pane that holds a moment.
    #[inline]
    pub fn pane(self, time_ms: i64) -> i64 {
        (time_ms - self.origin_ms).div_euclid(self.pane_ms)
    }
}

/// What a fold changes.
pub struct Changes {
    pub grid: Grid,
    pub ups: Vec<i64>,
    pub downs: Vec<i64>,
    counts: FxHashMap<i64, i128>,
    /// Cells by their labels, and the numbers that `ids` gave them.
    known: FxHashMap<Box<[u8]>, i64>,
    key: Vec<u8>,
    ids: Option<Py<PyAny>>,
}

impl Changes {
    /// Shows Python's collector what is held of its own.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.ids)
    }

    pub fn new(grid: Grid) -> Self {
        Changes {
            grid,
            ups: Vec::new(),
            downs: Vec::new(),
            counts: FxHashMap::default(),
            known: FxHashMap::default(),
            key: Vec::new(),
            ids: None,
        }
    }

    /// Writes for an accumulator whose cells are numbered by `ids`; false where these are not those of before, and all
    /// numbers that somebody remembers are void.
    pub fn count_in(&mut self, ids: &Bound<'_, PyAny>) -> bool {
        if self.ids.as_ref().is_some_and(|known| known.is(ids)) {
            return true;
        }
        self.ids = Some(ids.clone().unbind());
        self.known = FxHashMap::default();
        false
    }

    /// Gives the number of a cell.
    pub fn number(&mut self, py: Python<'_>, kind: &str, labels: &[Label<'_>]) -> PyResult<i64> {
        self.key.clear();
        self.key.extend_from_slice(kind.as_bytes());
        for label in labels {
            match label {
                Label::Text(text) => {
                    self.key.extend([0, 1]);
                    self.key.extend_from_slice(text.as_bytes());
                }
                Label::None => self.key.extend([0, 2]),
                Label::Number(n) => {
                    self.key.extend([0, 3]);
                    self.key.extend(n.to_ne_bytes());
                }
            }
        }
        if let Some(number) = self.known.get(self.key.as_slice()) {
            return Ok(*number);
        }
        let mut parts = vec![PyString::new(py, kind).into_any()];
        for label in labels {
            parts.push(match label {
                Label::Text(text) => PyString::new(py, text).into_any(),
                Label::None => py.None().into_bound(py),
                Label::Number(n) => n.into_pyobject(py)?.into_any(),
            });
        }
        let cell = PyTuple::new(py, parts)?;
        let ids = self
            .ids
            .as_ref()
            .ok_or_else(|| PyRuntimeError::new_err("no accumulator is there to count in"))?;
        let number: i64 = ids.bind(py).get_item(cell)?.extract()?;
        self.known.insert(self.key.as_slice().into(), number);
        Ok(number)
    }

    #[inline]
    pub fn up(&mut self, number: i64, pane: i64) {
        self.ups.push(number + pane);
    }

    #[inline]
    pub fn down(&mut self, number: i64, pane: i64) {
        self.downs.push(number + pane);
    }

    /// Adds or takes back one, as `sign` says.
    #[inline]
    pub fn step(&mut self, number: i64, pane: i64, sign: i64) {
        if sign > 0 {
            self.up(number, pane);
        } else {
            self.down(number, pane);
        }
    }

    /// Adds an amount.
    pub fn count(&mut self, number: i64, pane: i64, amount: i64) {
        *self.counts.entry(number + pane).or_default() += i128::from(amount);
    }

    /// Adds an amount, mostly one, to a cell by its labels.
    pub fn add(&mut self, py: Python<'_>, kind: &str, labels: &[Label<'_>], pane: i64, amount: i64) -> PyResult<()> {
        let number = self.number(py, kind, labels)?;
        self.put(number, pane, amount);
        Ok(())
    }

    /// Adds an amount, mostly one, to a cell by its number.
    pub fn put(&mut self, number: i64, pane: i64, amount: i64) {
        match amount {
            1 => self.up(number, pane),
            -1 => self.down(number, pane),
            _ => self.count(number, pane, amount),
        }
    }

    /// Hands all changes to Python's accumulator, and forgets them.
    pub fn give(&mut self, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = accumulator.py();
        if !self.ups.is_empty() || !self.downs.is_empty() {
            let (ups, downs) = (bytes_of(py, &self.ups), bytes_of(py, &self.downs));
            accumulator.call_method1("put_many", (ups, downs))?;
            self.ups.clear();
            self.downs.clear();
        }
        if !self.counts.is_empty() {
            let counts = accumulator.getattr("counts")?;
            let counts = counts.downcast::<PyDict>()?;
            for (key, amount) in self.counts.drain() {
                let sum = match counts.get_item(key)? {
                    Some(held) => held.add(amount)?,
                    None => amount.into_pyobject(py)?.into_any(),
                };
                counts.set_item(key, sum)?;
            }
        }
        Ok(())
    }
}

fn bytes_of<'py>(py: Python<'py>, numbers: &[i64]) -> Bound<'py, PyBytes> {
    let mut out = Vec::with_capacity(numbers.len() * 8);
    for number in numbers {
        out.extend_from_slice(&number.to_ne_bytes());
    }
    PyBytes::new(py, &out)
}

/// Buckets of durations, as `stream/changes/durations.py` has them.
#[derive(Clone, Copy)]
pub struct Buckets {
    log_gamma: f64,
}

impl Buckets {
    /// Takes the logarithm of the width of a bucket.
    pub fn new(log_gamma: f64) -> Self {
        Buckets { log_gamma }
    }

    /// Gives the bucket of a duration in milliseconds.
    pub fn of(self, ms: i64) -> i64 {
        if ms < 1 {
            return -1;
        }
        ((ms as f64).ln() / self.log_gamma - 1e-9).ceil() as i64
    }
}
