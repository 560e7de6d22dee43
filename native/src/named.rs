//! Named: numbers by names as records have them, many found in one go (`stream/kernels/named.py`).

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use rustc_hash::FxHashMap;

use crate::fold::msgpack::{Read, Reader};

/// Stands for the number of a name that is not known.
const UNKNOWN: i64 = -1;

/// Numbers found, and of names that are not known the place and the name.
type Found<'py> = (Bound<'py, PyByteArray>, Vec<(usize, Bound<'py, PyBytes>)>);
/// The same before it is Python's.
type Numbers<'n> = (Vec<u8>, Vec<(usize, &'n [u8])>);

/// Encoded name → number.
#[pyclass(module = "leadpulse_native")]
#[derive(Default)]
pub struct Named {
    numbers: FxHashMap<Box<[u8]>, i64>,
}

#[pymethods]
impl Named {
    #[new]
    fn new() -> Self {
        Named::default()
    }

    fn __len__(&self) -> usize {
        self.numbers.len()
    }

    fn __contains__(&self, name: &[u8]) -> bool {
        self.numbers.contains_key(name)
    }

    fn __getitem__(&self, name: &[u8]) -> PyResult<i64> {
        let number = self.numbers.get(name).copied();
        number.ok_or_else(|| PyKeyError::new_err(name.to_vec()))
    }

    fn __setitem__(&mut self, name: &[u8], number: i64) {
        self.numbers.insert(name.into(), number);
    }

    /// Forgets a name, if it is known.
    fn pop(&mut self, name: &[u8], or: Option<i64>) -> Option<i64> {
        self.numbers.remove(name).or(or)
    }

    fn clear(&mut self) {
        self.numbers.clear();
    }

    /// Gives the number of each name of an encoded list, 64 bits each in the machine's order, −1 where it is not known;
    /// and of those the place and the name.
    fn find<'py>(&self, py: Python<'py>, names: &[u8]) -> PyResult<Found<'py>> {
        let (numbers, unknown) = self
            .found(names)
            .map_err(|_| PyValueError::new_err("this is no list of names"))?;
        let unknown = unknown.into_iter().map(|(at, name)| (at, PyBytes::new(py, name)));
        Ok((PyByteArray::new(py, &numbers), unknown.collect()))
    }
}

impl Named {
    fn found<'n>(&self, names: &'n [u8]) -> Read<Numbers<'n>> {
        let mut from = Reader::new(names);
        let n = from.array()?;
        let (mut numbers, mut unknown) = (Vec::with_capacity(8 * n.min(names.len())), Vec::new());
        for at in 0..n {
            let name = from.raw()?;
            let number = self.numbers.get(name).copied().unwrap_or(UNKNOWN);
            if number == UNKNOWN {
                unknown.push((at, name));
            }
            numbers.extend_from_slice(&number.to_ne_bytes());
        }
        from.end()?;
        Ok((numbers, unknown))
    }
}
