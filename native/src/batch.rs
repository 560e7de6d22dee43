//! Batch: the records of one record batch of Kafka, left as the bytes that they are until somebody wants one.
//!
//! In:  the records of a batch of format 2, unpacked and with a check sum that holds.
//! Out: each record's time, key, value and headers. What breaks the format anywhere is no batch of ours: Python reads it.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

/// A number has ten bytes at most.
const LONGEST_NUMBER: u32 = 63;

/// The records of one batch.
#[pyclass(frozen, module = "leadpulse_native")]
pub struct Batch {
    held: Py<PyBytes>,
    start: usize,
    count: u32,
    base: i64,
    first_ms: i64,
    /// The time of all records, where the broker says it.
    appended_ms: Option<i64>,
    last: usize,
}

/// One record: where its parts stand in the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Behind the first offset of the batch.
    pub offset: i64,
    /// Behind the first time of the batch.
    pub delta_ms: i64,
    /// Begin and end of the key.
    pub key: Option<(usize, usize)>,
    /// Begin and end of the value.
    pub value: Option<(usize, usize)>,
    /// How many headers, and where they begin.
    pub headers: (u64, usize),
    /// Where the next one begins.
    pub end: usize,
}

/// Reads numbers and fields; None where the bytes end or break the format.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline]
    fn number(&mut self) -> Option<i64> {
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > LONGEST_NUMBER {
                return None;
            }
        }
    }

    #[inline]
    fn field(&mut self) -> Option<Option<(usize, usize)>> {
        let size = self.number()?;
        if size == -1 {
            return Some(None);
        }
        let end = self.at.checked_add(usize::try_from(size).ok()?)?;
        if end > self.bytes.len() {
            return None;
        }
        let begin = std::mem::replace(&mut self.at, end);
        Some(Some((begin, end)))
    }
}

/// Read the record that begins at a place. With `is_checked` its headers were looked at before.
#[inline]
pub fn row(bytes: &[u8], at: usize, is_checked: bool) -> Option<Row> {
    let mut cursor = Cursor { bytes, at };
    let size = usize::try_from(cursor.number()?).ok()?;
    let end = cursor.at.checked_add(size)?;
    if size == 0 || end > bytes.len() {
        return None;
    }
    cursor.at += 1; // attributes, of which there are none
    let (delta_ms, offset) = (cursor.number()?, cursor.number()?);
    let (key, value) = (cursor.field()?, cursor.field()?);
    let count = u64::try_from(cursor.number()?).ok()?;
    let headers = (count, cursor.at);
    if !is_checked {
        for _ in 0..count {
            let (begin, to) = cursor.field()??;
            std::str::from_utf8(&bytes[begin..to]).ok()?;
            cursor.field()?;
        }
        if cursor.at != end {
            return None;
        }
    }
    Some(Row {
        offset,
        delta_ms,
        key,
        value,
        headers,
        end,
    })
}

impl Batch {
    /// Go over all records, in order, until one says to stop.
    pub fn each(&self, py: Python<'_>, mut of: impl FnMut(&[u8], &Row) -> PyResult<bool>) -> PyResult<()> {
        let bytes = self.held.bind(py).as_bytes();
        let mut at = self.start;
        for _ in 0..self.count {
            let Some(row) = row(bytes, at, true) else { break };
            at = row.end;
            if !of(bytes, &row)? {
                break;
            }
        }
        Ok(())
    }

    /// The bytes that the records stand in.
    pub fn held(&self) -> &Py<PyBytes> {
        &self.held
    }

    /// When a record arrived.
    pub fn arrival_ms(&self, row: &Row) -> i64 {
        self.appended_ms.unwrap_or(self.first_ms.saturating_add(row.delta_ms))
    }

    fn tuple<'py>(&self, py: Python<'py>, bytes: &[u8], row: &Row) -> PyResult<Bound<'py, PyTuple>> {
        let part = |place: Option<(usize, usize)>| place.map(|(begin, end)| PyBytes::new(py, &bytes[begin..end]));
        let headers = if row.headers.0 == 0 {
            PyTuple::empty(py)
        } else {
            let mut cursor = Cursor {
                bytes,
                at: row.headers.1,
            };
            let mut all = Vec::new();
            for _ in 0..row.headers.0 {
                let (name, value) = (cursor.field().flatten(), cursor.field().flatten());
                let name = name.map_or("", |(begin, end)| std::str::from_utf8(&bytes[begin..end]).unwrap_or(""));
                all.push((name, part(value)).into_pyobject(py)?);
            }
            PyTuple::new(py, all)?
        };
        let offset = self.base.saturating_add(row.offset);
        (offset, self.arrival_ms(row), part(row.key), part(row.value), headers).into_pyobject(py)
    }
}

#[pymethods]
impl Batch {
    /// Take the records that stand in `held` from a place on; raises ValueError where they break the format, or one of
    /// them has more than so many headers. `appended_ms` is the time of all of them, where the broker says it.
    #[new]
    #[pyo3(signature = (held, start, count, base, first_ms, appended_ms, most_headers))]
    fn new(
        held: Bound<'_, PyBytes>,
        start: usize,
        count: u32,
        base: i64,
        first_ms: i64,
        appended_ms: Option<i64>,
        most_headers: u64,
    ) -> PyResult<Batch> {
        let broken = || pyo3::exceptions::PyValueError::new_err("the records of a batch break the format");
        let bytes = held.as_bytes();
        let (mut at, mut last) = (start, start);
        for _ in 0..count {
            let row = row(bytes, at, false)
                .filter(|row| row.headers.0 <= most_headers)
                .ok_or_else(broken)?;
            last = std::mem::replace(&mut at, row.end);
        }
        if count == 0 || at != bytes.len() {
            return Err(broken());
        }
        Ok(Batch {
            held: held.unbind(),
            start,
            count,
            base,
            first_ms,
            appended_ms,
            last,
        })
    }

    fn __len__(&self) -> usize {
        self.count as usize
    }

    /// Give all records as tuples.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        self.each(py, |bytes, row| out.append(self.tuple(py, bytes, row)?).map(|()| true))?;
        Ok(out)
    }

    /// Give the records at these places, which rise.
    fn picked<'py>(&self, py: Python<'py>, places: Vec<u32>) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        let mut wanted = places.into_iter().peekable();
        let mut nth = 0;
        self.each(py, |bytes, row| {
            if wanted.next_if_eq(&nth).is_some() {
                out.append(self.tuple(py, bytes, row)?)?;
            }
            nth += 1;
            Ok(wanted.peek().is_some())
        })?;
        Ok(out)
    }

    /// Put records into the tables that take them, by the first byte of their keys: the rest of the key, as text, leads
    /// to the value; a record without one takes its row away. Give (key, value) of all others.
    fn load<'py>(
        &self,
        py: Python<'py>,
        tables: std::collections::HashMap<u8, Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let others = PyList::empty(py);
        self.each(py, |bytes, row| {
            let key = row.key.map(|(begin, end)| &bytes[begin..end]);
            let value = row.value.map(|(begin, end)| PyBytes::new(py, &bytes[begin..end]));
            let table = key
                .and_then(<[u8]>::split_first)
                .and_then(|(of, name)| Some((tables.get(of)?, std::str::from_utf8(name).ok()?)));
            match (table, value) {
                (Some((table, name)), Some(value)) => table.set_item(name, value)?,
                (Some((table, name)), None) => {
                    if table.contains(name)? {
                        table.del_item(name)?;
                    }
                }
                (None, value) => others.append((key.map(|key| PyBytes::new(py, key)), value))?,
            }
            Ok(true)
        })?;
        Ok(others)
    }

    /// Give the last record.
    fn last<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let bytes = self.held.bind(py).as_bytes();
        let row = row(bytes, self.last, true).unwrap_or_default();
        self.tuple(py, bytes, &row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_zigzag() {
        let of = |bytes: &[u8]| Cursor { bytes, at: 0 }.number();
        assert_eq!(
            (of(&[0]), of(&[1]), of(&[2]), of(&[0x80, 1])),
            (Some(0), Some(-1), Some(1), Some(64))
        );
        assert_eq!((of(&[0x80]), of(&[0xff; 11])), (None, None));
    }

    #[test]
    fn a_record_must_fill_its_size() {
        // size, attributes, time, offset, no key, value "v", no headers
        let good = [14, 0, 0, 4, 1, 2, b'v', 0];
        assert_eq!(
            row(&good, 0, false).map(|row| (row.offset, row.value, row.end)),
            Some((2, Some((6, 7)), 8))
        );
        let short = [16, 0, 0, 4, 1, 2, b'v', 0, 0];
        assert_eq!(row(&short, 0, false), None);
    }
}
