//! Core: the native way of one shard, as Python calls it.
//!
//!     decode(records) → places of what is not taken, hashes, times → (known ids, in Python) → settle(repeats)
//!     → people / the fold → clear

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

use crate::batch::Batch;
use crate::decode::{Call, Decoder, Fail, Lane, Pending};
use crate::facts::Origin;
use crate::fold::ads_class::AdsCore;
use crate::fold::decoded_mails::{fold_ads, fold_mails};
use crate::fold::mails_class::MailsCore;
use crate::fold::people_class::PeopleCore;
use crate::handback::Handback;
use crate::json::{Bounds, Hints};
use crate::kinds::{Contract, Kind};
use crate::labels::Labels;
use crate::odd::{Odd, Why, NOWHERE};
use crate::settle::{settle, Settled};
use crate::store::Store;
use crate::table::Table;
use crate::touches::Touches;
use crate::values::Values;

/// Milliseconds since 1970 beyond which no arrival is taken for one.
const FAR_MS: i64 = 1 << 60;

/// The native way of one shard.
#[pyclass(module = "leadpulse_native")]
pub struct Core {
    pub(crate) store: Store,
    pub(crate) lanes: Vec<Lane>,
    decoder: Decoder,
    pending: Vec<Pending>,
    kind: Option<usize>,
    grid: (i64, i64),
    odds: FxHashMap<(usize, Odd), u64>,
    pub(crate) handback: Handback,
}

/// Places that are not taken; places, hashes and times of what is taken; how many clocks ran ahead.
type Decoded<'py> = (
    Vec<u32>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    u64,
);

#[pymethods]
impl Core {
    /// Show Python's collector what is held of its own, or a shard that was given up would stay in memory for good.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.store.labels.traverse(&visit)?;
        self.store.touches.traverse(&visit)?;
        self.decoder.traverse(&visit)
    }

    /// Take what `stream/ingest/native.py` says of the shard.
    #[new]
    fn new(given: &Bound<'_, PyDict>) -> PyResult<Core> {
        let clicks: Vec<(String, String)> = item(given, "clicks")?;
        let (names, platforms): (Vec<String>, Vec<String>) = clicks.into_iter().unzip();
        let needs: Vec<(String, String)> = item(given, "needs")?;
        let telling: FxHashMap<String, Vec<String>> = item(given, "telling")?;
        let mut lanes = Vec::new();
        for (kind, lines, lateness_ms) in item::<Vec<(String, Vec<Bound<'_, PyDict>>, i64)>>(given, "kinds")? {
            let unknown = || PyValueError::new_err(format!("there is no native way for {kind}"));
            let table = Table::new(&kind, &lines)?;
            let hints = Hints::new(&table);
            let told = telling.get(&kind).map_or(&[][..], |told| told);
            let contract = Contract::new(Kind::named(&kind).ok_or_else(unknown)?, table, &names, told, &needs)?;
            lanes.push(Lane {
                contract,
                lateness_ms,
                hints,
            });
        }
        let labels = Labels::new(&item::<Bound<'_, PyDict>>(given, "labels")?)?;
        let touches = Touches::new(item(given, "touch_of")?, item(given, "parameters")?, platforms);
        let decoder = Decoder {
            bounds: Bounds {
                max_bytes: item(given, "max_bytes")?,
                max_depth: item(given, "max_depth")?,
            },
            shard: item(given, "shard")?,
            shards: item(given, "shards")?,
            latest_ms: item(given, "latest_ms")?,
            asks_consent: item(given, "require_consent")?,
            is_followed: item(given, "followed")?,
            is_listed: item(given, "is_listed")?,
            is_scanner: item(given, "is_scanner")?,
            programs: FxHashMap::default(),
            scanners: FxHashMap::default(),
            values: Values::default(),
            keys: Vec::new(),
        };
        Ok(Core {
            store: Store::new(labels, touches),
            lanes,
            decoder,
            pending: Vec::new(),
            kind: None,
            grid: item(given, "grid")?,
            odds: FxHashMap::default(),
            handback: Handback::new(item(given, "facts")?),
        })
    }

    /// Read records of a kind, as tuples of offset, arrival, key, value and headers.
    #[pyo3(signature = (kind, records, known, is_routed, since_ms))]
    fn decode<'py>(
        &mut self,
        py: Python<'py>,
        kind: &str,
        records: &Bound<'py, PyList>,
        known: Option<Bound<'py, PyAny>>,
        is_routed: bool,
        since_ms: i64,
    ) -> PyResult<Decoded<'py>> {
        let lane = self.begin(kind)?;
        let call = Call {
            py,
            known: known.as_ref(),
            is_routed,
            since_ms,
        };
        let mut rest = Vec::new();
        for (place, record) in records.iter().enumerate() {
            let place = place as u32;
            let record = record.downcast_into::<PyTuple>()?;
            let value = record.get_item(3)?;
            // a subclass stands for what was too large to be kept
            let (Ok(value), Ok(arrival_ms)) = (value.downcast_exact::<PyBytes>(), record.get_item(1)?.extract::<i64>())
            else {
                self.refuse(lane, Why::Size.into());
                rest.push(place);
                continue;
            };
            let buffer = self.store.held.len() as u32;
            let origin = Origin {
                buffer,
                at: 0,
                len: value.as_bytes().len() as u32,
            };
            if self.take(&call, lane, value.as_bytes(), arrival_ms, origin, place)? {
                self.store.held.push(value.clone().unbind());
            } else {
                rest.push(place);
            }
        }
        Ok(self.decoded(py, rest))
    }

    /// Read the records of batches of a kind, which stand behind each other.
    #[pyo3(signature = (kind, batches, known, is_routed, since_ms))]
    fn decode_batches<'py>(
        &mut self,
        py: Python<'py>,
        kind: &str,
        batches: Vec<Py<Batch>>,
        known: Option<Bound<'py, PyAny>>,
        is_routed: bool,
        since_ms: i64,
    ) -> PyResult<Decoded<'py>> {
        let lane = self.begin(kind)?;
        let call = Call {
            py,
            known: known.as_ref(),
            is_routed,
            since_ms,
        };
        let (mut rest, mut place) = (Vec::new(), 0);
        for batch in &batches {
            let batch = batch.get();
            let buffer = self.store.held.len() as u32;
            self.store.held.push(batch.held().clone_ref(py));
            batch.each(py, |bytes, row| {
                let is_taken = match row.value {
                    Some((begin, end)) => {
                        let origin = Origin {
                            buffer,
                            at: begin as u32,
                            len: (end - begin) as u32,
                        };
                        self.take(&call, lane, &bytes[begin..end], batch.arrival_ms(row), origin, place)?
                    }
                    None => {
                        self.refuse(lane, Why::Size.into());
                        false
                    }
                };
                if !is_taken {
                    rest.push(place);
                }
                place += 1;
                Ok(true)
            })?;
        }
        Ok(self.decoded(py, rest))
    }

    /// Take what was decoded, but for what came before; give the account of it.
    fn settle(&mut self, py: Python<'_>, repeated: Option<&[u8]>) -> PyResult<Settled> {
        let Some(lane) = self.kind.take() else {
            return Err(PyRuntimeError::new_err("nothing was decoded"));
        };
        let keys = std::mem::take(&mut self.decoder.keys);
        let kind = self.lanes[lane].contract.table.kind.clone();
        settle(
            py,
            &mut self.store,
            &kind,
            &mut self.pending,
            &keys,
            repeated,
            self.grid,
        )
    }

    /// Put Python facts of all that waits into `waiting`, by person. `read` gives the data of records of a kind. Give what
    /// some of them say beside what is counted.
    fn people<'py>(&mut self, waiting: &Bound<'py, PyDict>, read: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let facts = std::mem::take(&mut self.store.people);
        let lanes = &self.lanes;
        self.handback.people(&self.store, lanes, facts, waiting, read)
    }

    /// Forget everything that was folded.
    fn clear(&mut self) {
        self.store.clear();
        self.pending.clear();
        self.kind = None;
    }

    /// Give why records were handed back, as (kind, reason, path, how many), and forget it.
    fn odds(&mut self) -> Vec<(String, &'static str, String, u64)> {
        let odds = std::mem::take(&mut self.odds);
        let told = odds.into_iter().map(|((lane, odd), n)| {
            let table = &self.lanes[lane].contract.table;
            let path = if odd.slot == NOWHERE {
                ""
            } else {
                table.path(usize::from(odd.slot))
            };
            (table.kind.clone(), odd.why.word(), path.to_owned(), n)
        });
        told.collect()
    }

    // fold

    /// Fold people that wait, by `with`, into the rows of `of`, a `PeopleFold`; give the keys of rows that are larger than
    /// they may be. Python facts of what is left over are put into `waiting`, and what some of them say beside what is
    /// counted is given, too.
    fn fold_people<'py>(
        &mut self,
        with: &Bound<'py, PeopleCore>,
        waiting: &Bound<'py, PyDict>,
        of: &Bound<'py, PyAny>,
        accumulator: &Bound<'py, PyAny>,
        read: &Bound<'py, PyAny>,
    ) -> PyResult<(Vec<Bound<'py, PyString>>, Bound<'py, PyList>)> {
        let mut with = with.borrow_mut();
        let PeopleCore { people, decoded, .. } = &mut *with;
        let (left, large) = decoded.fold(&mut self.store, &self.lanes, people, waiting, of, accumulator)?;
        let saying = self.handback.people(&self.store, &self.lanes, left, waiting, read)?;
        Ok((large, saying))
    }

    /// Fold messages that wait, by `with`, into the rows of an `Emails`; what is left over is put into `waiting`, by
    /// message, as time, name and data, and given.
    fn fold_mails<'py>(
        &mut self,
        py: Python<'py>,
        with: &Bound<'py, MailsCore>,
        waiting: &Bound<'py, PyDict>,
        emails: &Bound<'py, PyAny>,
        accumulator: &Bound<'py, PyAny>,
        read: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let given = PyList::empty(py);
        let mails = &mut with.borrow_mut().mails;
        let left = fold_mails(&mut self.store, &self.lanes, mails, waiting, emails, accumulator)?;
        let values: Vec<_> = left.iter().map(|mail| self.store.value(py, mail.origin)).collect();
        if values.is_empty() {
            return Ok(given);
        }
        let data: Vec<Bound<'py, PyAny>> = read.call1(("email", values))?.extract()?;
        if data.len() != left.len() {
            let message = format!(
                "{} records of email were taken, Python takes {}",
                left.len(),
                data.len()
            );
            return Err(PyRuntimeError::new_err(message));
        }
        for (mail, data) in left.iter().zip(data) {
            data.setattr("machine", mail.machine)?;
            let text = |text| self.store.arena.get(text);
            let told = (mail.time_ms, text(mail.name), data).into_pyobject(py)?;
            given.append(&told)?;
            match waiting.get_item(text(mail.key))? {
                Some(list) => list.downcast_into::<PyList>()?.append(told)?,
                None => waiting.set_item(text(mail.key), PyList::new(py, [told])?)?,
            }
        }
        Ok(given)
    }

    /// Fold ad events that wait, by `with`, for `of`, an `Ads`.
    fn fold_ads(
        &mut self,
        with: &Bound<'_, AdsCore>,
        of: &Bound<'_, PyAny>,
        accumulator: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        fold_ads(
            &mut self.store,
            &self.lanes,
            &mut with.borrow_mut().ads,
            of,
            accumulator,
        )
    }
}

impl Core {
    fn begin(&mut self, kind: &str) -> PyResult<usize> {
        let unknown = || PyValueError::new_err(format!("there is no native way for {kind} here"));
        let lane = self
            .lanes
            .iter()
            .position(|lane| lane.contract.table.kind == kind)
            .ok_or_else(unknown)?;
        self.pending.clear();
        self.decoder.keys.clear();
        self.kind = Some(lane);
        Ok(lane)
    }

    /// Take one record; False hands it back.
    fn take(
        &mut self,
        call: &Call<'_, '_>,
        lane: usize,
        value: &[u8],
        arrival_ms: i64,
        origin: Origin,
        place: u32,
    ) -> PyResult<bool> {
        if !(-FAR_MS..FAR_MS).contains(&arrival_ms) {
            self.refuse(lane, Why::Time.into());
            return Ok(false);
        }
        let (decoder, of, store) = (&mut self.decoder, &mut self.lanes[lane], &mut self.store);
        let read = || decoder.read(call, of, store, value, arrival_ms, origin, place);
        // whatever a record may break in here, it is Python's to look at, and the process goes on
        match catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Why::Fault.into())) {
            Ok(pending) => {
                self.pending.push(pending);
                Ok(true)
            }
            Err(Fail::Odd(odd)) => {
                self.refuse(lane, odd);
                Ok(false)
            }
            Err(Fail::Python(error)) => Err(error),
        }
    }

    fn refuse(&mut self, lane: usize, odd: Odd) {
        *self.odds.entry((lane, odd)).or_insert(0) += 1;
    }

    fn decoded<'py>(&self, py: Python<'py>, rest: Vec<u32>) -> Decoded<'py> {
        let bytes = |of: &dyn Fn(&Pending) -> [u8; 8]| -> Bound<'py, PyBytes> {
            let mut out = Vec::with_capacity(self.pending.len() * 8);
            self.pending.iter().for_each(|one| out.extend_from_slice(&of(one)));
            PyBytes::new(py, &out)
        };
        let places = bytes(&|one| u64::from(one.place).to_ne_bytes());
        let hashes = bytes(&|one| one.hash.to_ne_bytes());
        let times = bytes(&|one| one.time_ms.to_ne_bytes());
        let ahead = self.pending.iter().filter(|one| one.is_ahead).count() as u64;
        (rest, places, hashes, times, ahead)
    }
}

fn item<'py, T: FromPyObject<'py>>(given: &Bound<'py, PyDict>, name: &str) -> PyResult<T> {
    let missing = || PyValueError::new_err(format!("{name} is not given"));
    given.get_item(name)?.ok_or_else(missing)?.extract()
}
