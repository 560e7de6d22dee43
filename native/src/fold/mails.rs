//! Mails: the events of a message with one recipient into its row, and the difference that makes.

use std::panic::{catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySet, PyString};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::changes::{Changes, Grid};
use super::copy::{Became, Copy, Mail, Rules, Told, WHAT};
use super::fact::{Id, UNIT};
use super::message::{self, Message};
use super::msgpack::Writer;
use super::names::Names;
use super::outgoing::{Message as Sent, Outgoing};

/// Of two kinds of numbers of recipients, those of hashes of addresses are odd.
const HASHED: u64 = 1;

/// What Python keeps of the messages of a shard, for one fold.
pub struct Tables<'py> {
    emails: Bound<'py, PyAny>,
    ids: Bound<'py, PyAny>,
    encoded: Bound<'py, PyDict>,
    dirty: Bound<'py, PySet>,
}

impl<'py> Tables<'py> {
    /// Takes those of an `Emails`, which counts in an accumulator.
    pub fn of(emails: &Bound<'py, PyAny>, accumulator: &Bound<'py, PyAny>) -> PyResult<Self> {
        let rows = emails.getattr("messages")?;
        Ok(Tables {
            emails: emails.clone(),
            ids: accumulator.getattr("ids")?,
            encoded: rows.getattr("encoded")?.downcast_into()?,
            dirty: rows.getattr("dirty")?.downcast_into()?,
        })
    }
}

/// The messages of one shard.
pub struct Mails {
    rules: Rules,
    changes: Changes,
    /// Site, labels, bounce and fate → number of the cell; site and labels → number of that of clicks.
    numbers: FxHashMap<Box<[u8]>, i64>,
    clicks: FxHashMap<Box<[u8]>, i64>,
    key: Vec<u8>,
    writer: Writer,
    /// Where people are followed: who got mails, and what shards of leads are told.
    pub names: Names,
    pub outgoing: Outgoing,
}

impl Mails {
    pub fn new(rules: Rules, grid: Grid) -> Self {
        let names = Names::new(rules.naming.clone(), rules.naming.address.clone());
        Mails {
            rules,
            changes: Changes::new(grid),
            numbers: FxHashMap::default(),
            clicks: FxHashMap::default(),
            key: Vec::new(),
            writer: Writer::default(),
            names,
            outgoing: Outgoing::default(),
        }
    }

    /// Tells whether people are followed.
    pub fn follows(&self) -> bool {
        self.rules.follows
    }

    /// Counts by the numbers of these tables from now on.
    pub fn count_in(&mut self, tables: &Tables<'_>) {
        if !self.changes.count_in(&tables.ids) {
            self.numbers = FxHashMap::default();
            self.clicks = FxHashMap::default();
        }
    }

    /// Hands what was counted to the accumulator, and to Python what shards of leads are told.
    pub fn flush(&mut self, tables: &Tables<'_>, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        let sent = self.outgoing.take(self.names.version());
        send(&tables.emails, sent)?;
        self.changes.give(accumulator)
    }

    /// Folds the events of a message, which it puts in order; false, and nothing is done, where Python must do it. A
    /// fault of this code is an error that names the message.
    pub fn message<'a>(
        &mut self,
        tables: &Tables<'_>,
        key: &Bound<'_, PyString>,
        mails: &mut [Mail<'a>],
    ) -> PyResult<bool> {
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold(tables, key, mails)));
        folded.unwrap_or_else(|_| {
            let message = format!("the fold of {key:?} broke off: LEADPULSE_NATIVE=off folds it without compiled code");
            Err(PyRuntimeError::new_err(message))
        })
    }

    fn fold<'a>(&mut self, tables: &Tables<'_>, key: &Bound<'_, PyString>, mails: &mut [Mail<'a>]) -> PyResult<bool> {
        mails.sort_by(|one, other| (one.time_ms, one.name).cmp(&(other.time_ms, other.name)));
        let (Some(first), Some(last)) = (mails.first().copied(), mails.last().copied()) else {
            return Ok(false);
        };
        let who = match (first.lead, first.email_hash) {
            (Some(lead), None) => xxh3_64(lead.as_bytes()) & !HASHED,
            (None, Some(hashed)) => xxh3_64(hashed.as_bytes()) | HASHED,
            _ => return Ok(false),
        };
        let memory_ms = self.rules.memory_ms;
        if last.time_ms - first.time_ms > memory_ms
            || mails
                .iter()
                .any(|mail| (mail.lead, mail.email_hash) != (first.lead, first.email_hash))
        {
            return Ok(false);
        }
        let raw = match tables.encoded.get_item(key)? {
            Some(raw) => Some(raw.downcast_into::<PyBytes>()?),
            None => None,
        };
        let mut message = match raw.as_ref().map(|raw| message::read(raw.as_bytes())) {
            None => Message::default(),
            Some(Ok(message)) => message,
            Some(Err(_)) => return Ok(false),
        };
        if message.last != 0 && first.time_ms - message.last > memory_ms {
            message = Message::default();
        }
        let text = key.to_str()?;
        let site = text.split(UNIT).next().unwrap_or(text);
        let (mut copy, is_known) = match message.part {
            None => (Copy::new(first.time_ms), false),
            Some((known, copy)) if known == who => (copy, true),
            Some(_) => return Ok(false),
        };
        let named = match first.email_hash {
            Some(hashed) if self.rules.follows => self.names.id(site, hashed),
            _ => None,
        };
        if self.rules.follows && !is_followed(&mut copy, named, first.time_ms, memory_ms) {
            return Ok(false);
        }
        let before = copy.became(&self.rules);
        if is_known {
            self.contribute(tables, site, &copy, -1)?;
        }
        for mail in mails.iter() {
            if copy.last != 0 && mail.time_ms - copy.last > memory_ms {
                self.contribute(tables, site, &copy, 1)?;
                copy = Copy::new(mail.time_ms);
            }
            copy.take(&self.rules, mail);
            if let Some(told) = &mut copy.followed {
                told.take(mail);
            }
        }
        self.contribute(tables, site, &copy, 1)?;
        if let Some(id) = named {
            self.tell(text, id, before, copy.became(&self.rules));
        }
        let message = Message {
            last: message.last.max(last.time_ms),
            part: Some((who, copy)),
        };
        self.writer.out.clear();
        message::write(&mut self.writer, &message);
        tables.encoded.set_item(key, PyBytes::new(key.py(), &self.writer.out))?;
        tables.dirty.add(key)?;
        Ok(true)
    }

    /// Tells what is known of a copy from now on, and no longer is.
    fn tell(&mut self, key: &str, id: Id, before: Became, after: Became) {
        if before == after {
            return;
        }
        let named = name_of(key, &id.hash);
        for ((before, after), what) in before.into_iter().zip(after).zip(WHAT) {
            if before == after {
                continue;
            }
            for (fact, holds) in [(before, false), (after, true)] {
                let Some((time_ms, nurtures)) = fact else { continue };
                let to = &mut self.writer;
                to.out.clear();
                to.array(5);
                ["m", named.as_str(), what].iter().for_each(|text| to.text(text));
                to.int(time_ms);
                to.flag(nurtures);
                if holds {
                    self.outgoing.put(id, &to.out, time_ms);
                } else {
                    self.outgoing.drop(id, &to.out);
                }
            }
        }
    }

    /// Counts a copy, or takes it back.
    fn contribute(&mut self, tables: &Tables<'_>, site: &str, copy: &Copy<'_>, sign: i64) -> PyResult<()> {
        let fate = copy.fate(&self.rules);
        if fate == 0 {
            return Ok(());
        }
        let (said, pane) = (copy.labels(), self.changes.grid.pane(copy.sent_ms()));
        let is_bounced = fate & self.rules.bits.bounced != 0;
        let kind = is_bounced.then(|| self.rules.word_of(copy));
        let (labels, site) = ((said[0], said[1], said[2], said[3]), site);
        self.key.clear();
        for text in [Some(site)].into_iter().chain(said) {
            // a text may hold anything: its length tells where it ends
            let len = text.map_or(u64::MAX, |text| text.len() as u64);
            self.key.extend(len.to_ne_bytes());
            self.key.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        if !copy.clicks.is_empty() {
            let number = match self.clicks.get(self.key.as_slice()) {
                Some(number) => *number,
                None => {
                    let asked = tables.emails.call_method1("clicks_of", (&tables.ids, site, labels))?;
                    let (number, is_kept): (i64, bool) = asked.extract()?;
                    if is_kept {
                        self.clicks.insert(self.key.as_slice().into(), number);
                    }
                    number
                }
            };
            self.changes.count(number, pane, sign * copy.clicks.len() as i64);
        }
        self.key.extend(fate.to_ne_bytes());
        self.key.extend_from_slice(kind.unwrap_or_default().as_bytes());
        if self.numbers.len() > self.rules.most_names {
            self.numbers.clear();
        }
        let number = match self.numbers.get(self.key.as_slice()) {
            Some(number) => *number,
            None => {
                let asked = tables
                    .emails
                    .call_method1("number_of", (&tables.ids, site, labels, kind, fate))?;
                let number: i64 = asked.extract()?;
                self.numbers.insert(self.key.as_slice().into(), number);
                number
            }
        };
        self.changes.step(number, pane, sign);
        Ok(())
    }
}

/// Lets a copy hold what is told of its recipient; false where Python must do it: one that is over, or goes by two ids.
fn is_followed(copy: &mut Copy<'_>, named: Option<Id>, first_ms: i64, memory_ms: i64) -> bool {
    let told = match copy.told.map(Told::read) {
        None => Told::default(),
        Some(Ok(told)) => told,
        Some(Err(_)) => return false,
    };
    let is_over = copy.last != 0 && first_ms - copy.last > memory_ms;
    if is_over || (told.to.is_some() && named.is_some() && told.to != named) {
        return false;
    }
    copy.followed = Some(Told {
        to: told.to.or(named),
        ..told
    });
    true
}

/// Names a message that was sent to somebody, without naming either.
fn name_of(key: &str, hash: &[u8]) -> String {
    let mut of = blake2b_simd::Params::new().hash_length(8).to_state();
    of.update(key.as_bytes()).update(hash);
    of.finalize().to_hex().to_string()
}

/// Hands messages to whoever passes them on.
pub fn send(to: &Bound<'_, PyAny>, messages: Vec<Sent>) -> PyResult<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let py = to.py();
    let messages = messages.into_iter();
    let messages: Vec<_> = messages
        .map(|(home, hash, raw)| (home, PyBytes::new(py, &hash), PyBytes::new(py, &raw)))
        .collect();
    to.call_method1("send", (PyList::new(py, messages)?,))?;
    Ok(())
}
