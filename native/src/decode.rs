//! Decode: one record as something that waits for the fold, or a reason to hand it back.
//!
//!     parse → rule → time → elsewhere? → uncounted? → pending
//!
//! In:  bytes of a record and its arrival.
//! Out: a pending event; its labels are asked for when it is known to be no repeat, as Python does it.

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

use crate::arena::Text;
use crate::facts::{self, Ad, Chat, Form, Mail, Origin};
use crate::hashes::{id_hash, partition};
use crate::json::{self, Bounds, Hints};
use crate::kinds::{Contract, Of};
use crate::labels::Label;
use crate::odd::{odd, Odd, Why};
use crate::store::Store;
use crate::symbols::Sym;
use crate::times::judge;
use crate::touches::{Found, Said};
use crate::values::Values;

/// What stands between the parts of a key or a name; no id can hold it.
pub const UNIT: &str = "\x1f";
/// Programs, by their user agents, that are remembered; longer ones are asked for each time.
const MOST_AGENTS: usize = 32_768;
const LONGEST_AGENT: usize = 512;

/// Why a record is not taken: it is odd, or Python failed.
pub enum Fail {
    /// Python has to read it.
    Odd(Odd),
    /// An error of Python's own.
    Python(PyErr),
}

impl From<Odd> for Fail {
    fn from(odd: Odd) -> Fail {
        Fail::Odd(odd)
    }
}

impl From<Why> for Fail {
    fn from(why: Why) -> Fail {
        Fail::Odd(why.into())
    }
}

impl From<PyErr> for Fail {
    fn from(error: PyErr) -> Fail {
        Fail::Python(error)
    }
}

/// A label that is known, or the raw value that Python is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Lazy {
    /// Its label.
    Known(Sym),
    /// The value; None: there is none, and that has a label, too.
    Raw(Option<Text>),
}

/// Where a visit came from, or the key of what says so.
#[derive(Clone, Copy, Debug)]
pub enum LazyTouch {
    /// The number of the touch.
    Known(Option<u32>),
    /// A key that Python is asked for: where it stands among the keys.
    #[allow(missing_docs)]
    Key { at: u32, len: u32 },
}

/// An event that counts unless it came before.
#[derive(Debug)]
pub struct Pending {
    /// Place among the records of the call.
    pub place: u32,
    /// Source and id, behind the kind: by it the event is known.
    pub hash: u64,
    /// When it happened.
    pub time_ms: i64,
    /// When it arrived.
    pub arrival_ms: i64,
    /// Whether its clock ran ahead.
    pub is_ahead: bool,
    /// Source, UNIT, id.
    pub name: Text,
    /// Bytes of the source.
    pub source_len: u32,
    /// Key of its row.
    pub key: Text,
    /// Site as it is said.
    pub site: Text,
    /// Its bytes.
    pub origin: Origin,
    /// What it says beside what is counted.
    pub said: Option<Box<facts::Said>>,
    /// What happened.
    pub what: Waiting,
}

/// What happened, by kind; labels may be open.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Waiting {
    View {
        touch: LazyTouch,
        country: Option<Lazy>,
        group: Lazy,
        content: Lazy,
        offer: Option<Lazy>,
        engagement_ms: i64,
        is_download: bool,
    },
    Form {
        touch: LazyTouch,
        country: Option<Lazy>,
        form: Box<Form>,
    },
    Chat {
        touch: LazyTouch,
        country: Option<Lazy>,
        chat: Box<Chat>,
    },
    Mail(Box<Mail>),
    Ad(Box<Ad>),
}

/// How the records of one shard are read.
pub struct Decoder {
    pub(crate) bounds: Bounds,
    pub(crate) shard: u32,
    pub(crate) shards: u32,
    pub(crate) latest_ms: Option<i64>,
    pub(crate) asks_consent: bool,
    /// Whether people are followed: then more is kept of an event than what is counted.
    pub(crate) is_followed: bool,
    pub(crate) is_listed: Py<PyAny>,
    pub(crate) is_scanner: Py<PyAny>,
    pub(crate) programs: FxHashMap<Box<str>, bool>,
    pub(crate) scanners: FxHashMap<Box<str>, bool>,
    pub(crate) values: Values,
    /// Keys of touches that Python is asked for.
    pub(crate) keys: Vec<u8>,
}

impl Decoder {
    /// Show Python's collector what is held of its own.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.is_listed)?;
        visit.call(&self.is_scanner)
    }
}

/// One kind as it is read here.
pub struct Lane {
    /// Its contract.
    pub contract: Contract,
    /// How late it may come.
    pub lateness_ms: i64,
    /// How its producers write it.
    pub hints: Hints,
}

/// What is the same for all records of one call.
pub struct Call<'a, 'py> {
    /// Python.
    pub py: Python<'py>,
    /// Keys of rows that are here, wherever they would belong; None: rows have no such keys.
    pub known: Option<&'a Bound<'py, PyAny>>,
    /// Whether records may belong to another shard.
    pub is_routed: bool,
    /// Nobody can tell whether events before it are repeats.
    pub since_ms: i64,
}

impl Decoder {
    /// Read one record.
    #[allow(clippy::too_many_arguments)]
    pub fn read(
        &mut self,
        call: &Call<'_, '_>,
        lane: &mut Lane,
        store: &mut Store,
        bytes: &[u8],
        arrival_ms: i64,
        origin: Origin,
        place: u32,
    ) -> Result<Pending, Fail> {
        let record = std::str::from_utf8(bytes).map_err(|_| Odd::from(Why::Syntax))?;
        let mut values = std::mem::take(&mut self.values);
        let read = json::read(record, &lane.contract.table, self.bounds, &mut lane.hints, &mut values);
        let made = match read {
            Ok(()) => self.pending(call, lane, store, record, &values, arrival_ms, origin, place),
            Err(odd) => Err(odd.into()),
        };
        self.values = values;
        made
    }

    #[allow(clippy::too_many_arguments)]
    fn pending(
        &mut self,
        call: &Call<'_, '_>,
        lane: &Lane,
        store: &mut Store,
        record: &str,
        values: &Values,
        arrival_ms: i64,
        origin: Origin,
        place: u32,
    ) -> Result<Pending, Fail> {
        let (contract, common) = (&lane.contract, &lane.contract.common);
        contract.rule(values)?;
        let stated_ms = values.int(common.time).unwrap_or(0);
        let Some(judged) = judge(stated_ms, arrival_ms, lane.lateness_ms, self.latest_ms) else {
            return Ok(odd(Why::Time, common.time)?);
        };
        if judged.event_ms < call.since_ms {
            return Ok(odd(Why::Time, common.time)?);
        }
        let text = |slot: usize| values.text(slot, record);
        let site = text(common.site).unwrap_or("");
        let (owner, row) = match &contract.of {
            Of::Page(_) | Of::Form(..) | Of::Chat(..) => {
                let visitor = text(common.visitor).unwrap_or("");
                (visitor, visitor)
            }
            Of::Mail(slots, _) => {
                let message = text(slots.message_id).unwrap_or("");
                (message, message)
            }
            Of::Ad(slots, _) => (text(slots.campaign_id).unwrap_or(""), ""),
        };
        self.here(call, owner, site, row)?;
        self.counts(call, store, record, values, contract)?;

        let (source, id) = (text(common.source).unwrap_or(""), text(common.id).unwrap_or(""));
        let arena = &mut store.arena;
        let room = || Odd::from(Why::Room);
        let whole = arena
            .join(&[&contract.table.kind, UNIT, source, UNIT, id])
            .ok_or_else(room)?;
        let hash = id_hash(arena.get(whole));
        let name = whole.behind(contract.table.kind.len() as u32 + 1);
        let key = arena.join(&[site, UNIT, row]).ok_or_else(room)?;
        let of_site = key.head(site.len() as u32);
        let head = Head {
            key,
            site: of_site,
            name,
            time_ms: judged.event_ms,
            origin,
        };
        let said = self.said(contract, store, record, values)?;
        let what = self.what(call, contract, store, record, values, &head)?;
        Ok(Pending {
            place,
            hash,
            time_ms: judged.event_ms,
            arrival_ms,
            is_ahead: judged.is_ahead,
            name,
            source_len: source.len() as u32,
            key,
            site: of_site,
            origin,
            said,
            what,
        })
    }

    /// Hand back what may belong to another shard.
    fn here(&self, call: &Call<'_, '_>, owner: &str, site: &str, row: &str) -> Result<(), Fail> {
        if !call.is_routed || self.shards <= 1 || partition(owner, self.shards) == self.shard {
            return Ok(());
        }
        if let Some(known) = call.known {
            let key = [site, UNIT, row].concat();
            if known.contains(PyString::new(call.py, &key))? {
                return Ok(());
            }
        }
        Err(Why::Elsewhere.into())
    }

    /// Hand back what says of itself that it does not count, or says more of somebody than what is kept here.
    fn counts(
        &mut self,
        call: &Call<'_, '_>,
        store: &Store,
        record: &str,
        values: &Values,
        contract: &Contract,
    ) -> Result<(), Fail> {
        let common = &contract.common;
        let class = values.word(common.class);
        if class.is_some_and(|class| class != common.human) {
            return Ok(odd(Why::Uncounted, common.class)?);
        }
        let is_visit = matches!(contract.of, Of::Page(_) | Of::Form(..) | Of::Chat(..));
        if let (true, None, Some(agent)) = (is_visit, class, values.text(common.agent, record)) {
            if asked(call.py, &self.is_listed, &mut self.programs, agent)? {
                return Ok(odd(Why::Uncounted, common.agent)?);
            }
        }
        if self.asks_consent && values.flag(common.analytics) == Some(false) {
            return Ok(odd(Why::Uncounted, common.analytics)?);
        }
        if !self.is_followed {
            return Ok(());
        }
        let [_, _, _, campaign_id, ..] = common.campaign;
        // the recipient of a mail is told natively, where it goes by one name
        let seldom = match &contract.of {
            Of::Mail(..) => &[common.user, common.lead][..],
            Of::Form(slots, _) if contract.tells(values) => &[campaign_id, slots.company, slots.qualification],
            _ => &[campaign_id],
        };
        if let Some(slot) = seldom.iter().find(|slot| values.is_there(**slot)) {
            return Ok(odd(Why::Seldom, *slot)?);
        }
        let url = match &contract.of {
            Of::Page(slots) => values.text(slots.url, record),
            _ => None,
        };
        if url.is_some_and(|url| store.touches.names_campaign(url)) {
            return Err(Why::Seldom.into());
        }
        Ok(())
    }

    /// Keep what a visitor's event says beside what is counted; what would have to be made safe is handed back.
    fn said(
        &self,
        contract: &Contract,
        store: &mut Store,
        record: &str,
        values: &Values,
    ) -> Result<Option<Box<facts::Said>>, Odd> {
        let common = &contract.common;
        let offer_type = match &contract.of {
            _ if !self.is_followed => return Ok(None),
            Of::Mail(..) | Of::Ad(..) => return Ok(None),
            Of::Form(slots, _) => Some(slots.offer_type),
            Of::Page(_) | Of::Chat(..) => None,
        };
        let mut put = |slot: usize| -> Result<Option<Text>, Odd> {
            let text = values.text(slot, record);
            text.map(|text| store.arena.put(text).ok_or(Odd::from(Why::Room)))
                .transpose()
        };
        let mut said = facts::Said {
            email_hash: put(common.email_hash)?,
            lead_id: put(common.lead)?,
            user_id: put(common.user)?,
            tells: contract.tells(values),
            ..facts::Said::default()
        };
        if said.tells {
            let more = [offer_type, Some(common.region), Some(common.product)];
            for slot in more.into_iter().flatten() {
                if values.text(slot, record).is_some_and(|text| !is_shown_as_it_is(text)) {
                    return odd(Why::Seldom, slot);
                }
            }
            said.offer_type = offer_type.map(&mut put).transpose()?.flatten();
            said.region = put(common.region)?;
            said.product = put(common.product)?;
        }
        Ok((said.tells || said.names_somebody()).then(|| Box::new(said)))
    }

    /// Put what happened into the store, its labels known or open.
    #[allow(clippy::too_many_arguments)]
    fn what(
        &mut self,
        call: &Call<'_, '_>,
        contract: &Contract,
        store: &mut Store,
        record: &str,
        values: &Values,
        head: &Head,
    ) -> Result<Waiting, Fail> {
        let put = |store: &mut Store, slot: usize| -> Result<Option<Text>, Odd> {
            values
                .text(slot, record)
                .map(|text| store.arena.put(text).ok_or(Odd::from(Why::Room)))
                .transpose()
        };
        Ok(match &contract.of {
            Of::Page(slots) => {
                let kind = values
                    .text(slots.content_type, record)
                    .map(|kind| kind.trim_matches(is_space));
                let is_download = match kind {
                    None => false,
                    Some(kind) if kind.is_ascii() => kind.eq_ignore_ascii_case(DOWNLOAD),
                    Some(_) => return Ok(odd(Why::Value, slots.content_type)?),
                };
                let text = |slot: usize| values.text(slot, record);
                let touch = self.touch(store, contract, values, record, text(slots.url))?;
                Waiting::View {
                    touch,
                    country: country(store, contract, values)?,
                    group: lazy(store, Label::PageGroup, text(slots.group))?,
                    content: lazy(store, Label::Content, text(slots.content))?,
                    offer: text(slots.offer)
                        .map(|offer| lazy(store, Label::Offer, Some(offer)))
                        .transpose()?,
                    engagement_ms: values.int(slots.engagement).unwrap_or(0),
                    is_download,
                }
            }
            Of::Form(slots, _) => {
                let texts = |store: &mut Store, slot: usize| -> Result<Vec<Text>, Odd> {
                    let given = values
                        .list(slot)
                        .iter()
                        .filter_map(|value| values.text_of(*value, record));
                    given
                        .map(|text| store.arena.put(text).ok_or(Odd::from(Why::Room)))
                        .collect()
                };
                let form = Box::new(Form {
                    action: values.word(slots.action).unwrap_or(0),
                    form_id: put(store, slots.form_id)?.unwrap_or_default(),
                    form_type: values.word(slots.form_type),
                    submission_id: put(store, slots.submission_id)?,
                    content_id: put(store, slots.content_id)?,
                    offer_id: put(store, slots.offer_id)?,
                    offer_type: put(store, slots.offer_type)?,
                    offer_stage: values.word(slots.offer_stage),
                    event_id: put(store, slots.event_id)?,
                    fields_present: texts(store, slots.present)?,
                    fields_asked: texts(store, slots.asked)?,
                    value: values.int(slots.value),
                    currency: code(store, contract, values, slots.currency)?,
                });
                let touch = self.touch(store, contract, values, record, None)?;
                Waiting::Form {
                    touch,
                    country: country(store, contract, values)?,
                    form,
                }
            }
            Of::Chat(slots, _) => {
                let chat = Box::new(Chat {
                    action: values.word(slots.action).unwrap_or(0),
                    conversation_id: put(store, slots.conversation_id)?.unwrap_or_default(),
                    actor: values.word(slots.actor),
                    bot_id: put(store, slots.bot_id)?,
                    resolved: values.flag(slots.resolved),
                    duration_s: values
                        .float(slots.duration_s)
                        .or(values.int(slots.duration_s).map(|s| s as f64)),
                    order_id: put(store, slots.order_id)?,
                    appointment_id: put(store, slots.appointment_id)?,
                    value: values.int(slots.value),
                    currency: code(store, contract, values, slots.currency)?,
                });
                let touch = self.touch(store, contract, values, record, None)?;
                Waiting::Chat {
                    touch,
                    country: country(store, contract, values)?,
                    chat,
                }
            }
            Of::Mail(slots, _) => {
                let common = &contract.common;
                let class = values.word(common.class);
                let agent = values.text(common.agent, record);
                let machine = match (values.flag(slots.machine), class, agent) {
                    (Some(said), ..) => Some(said),
                    (None, Some(_), _) => Some(false), // human: all else is filtered
                    (None, None, Some(agent)) => Some(asked(call.py, &self.is_scanner, &mut self.scanners, agent)?),
                    (None, None, None) => None,
                };
                Waiting::Mail(Box::new(Mail {
                    key: head.key,
                    site: head.site,
                    time_ms: head.time_ms,
                    name: head.name,
                    origin: head.origin,
                    action: values.word(slots.action).unwrap_or(0),
                    lead_id: put(store, common.lead)?,
                    email_hash: put(store, common.email_hash)?,
                    campaign_id: put(store, slots.campaign_id)?,
                    email_purpose: values.word(slots.purpose),
                    variant: put(store, slots.variant)?,
                    bounce_type: values.word(slots.bounce_type),
                    machine,
                    link_path: put(store, slots.link_path)?,
                    recipient_domain: put(store, slots.domain)?,
                }))
            }
            Of::Ad(slots, _) => Waiting::Ad(Box::new(Ad {
                site: head.site,
                time_ms: head.time_ms,
                name: head.name,
                origin: head.origin,
                action: values.word(slots.action).unwrap_or(0),
                platform: put(store, slots.platform)?.unwrap_or_default(),
                campaign_id: put(store, slots.campaign_id)?.unwrap_or_default(),
                channel_type: values.word(slots.channel_type),
                variant: put(store, slots.variant)?,
                audience_type: put(store, slots.audience_type)?,
                count_micros: values.int(slots.count).unwrap_or(MILLION),
                cost_micros: values.int(slots.cost),
                conversion_value: values.int(slots.conversion_value),
                currency: code(store, contract, values, slots.currency)?,
            })),
        })
    }

    /// Find where a visit came from, as far as that is known.
    fn touch(
        &mut self,
        store: &mut Store,
        contract: &Contract,
        values: &Values,
        record: &str,
        page: Option<&str>,
    ) -> Result<LazyTouch, Odd> {
        let common = &contract.common;
        let text = |slot: usize| values.text(slot, record);
        let [source, medium, name, id, ..] = common.campaign;
        let clicked = common.clicks.iter().position(|slot| values.is_there(*slot));
        let said = Said {
            source: text(source),
            medium: text(medium),
            name: text(name).or(text(id)),
            has_campaign: common.campaign.iter().any(|slot| values.is_there(*slot)),
            clicked: clicked.map(|at| at as u8),
            page,
            referrer: values
                .is_there(common.referrer)
                .then(|| (text(common.referrer_url), text(common.referrer_domain))),
            site: text(common.site).unwrap_or(""),
        };
        Ok(match store.touches.find(&said) {
            Found::Touch(touch) => LazyTouch::Known(touch),
            Found::Unknown => {
                let at = u32::try_from(self.keys.len()).map_err(|_| Odd::from(Why::Room))?;
                self.keys.extend_from_slice(&store.touches.key);
                LazyTouch::Key {
                    at,
                    len: store.touches.key.len() as u32,
                }
            }
        })
    }
}

/// What all events have, put into the store already.
struct Head {
    key: Text,
    site: Text,
    name: Text,
    time_ms: i64,
    origin: Origin,
}

/// What an ad event counts for that does not say how many.
const MILLION: i64 = 1_000_000;
const DOWNLOAD: &str = "download";

/// Whether a text is a label that nothing must be changed in, as far as that is seen at once.
fn is_shown_as_it_is(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_LABEL
        && bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
        && !text.starts_with([' ', '('])
        && !text.ends_with(' ')
}

/// Bytes of a label that is not cut.
const LONGEST_LABEL: usize = 64;

/// White space as Python strips it.
fn is_space(each: char) -> bool {
    each.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&each)
}

fn lazy(store: &mut Store, label: Label, raw: Option<&str>) -> Result<Lazy, Odd> {
    if let Some(sym) = store.labels.known(label, raw) {
        return Ok(Lazy::Known(sym));
    }
    let put = raw
        .map(|text| store.arena.put(text).ok_or(Odd::from(Why::Room)))
        .transpose()?;
    Ok(Lazy::Raw(put))
}

fn country(store: &mut Store, contract: &Contract, values: &Values) -> Result<Option<Lazy>, Odd> {
    let slot = contract.common.country;
    let Some(word) = values.word(slot) else { return Ok(None) };
    let Some(text) = contract.table.word_at(slot, word) else {
        return Ok(None);
    };
    lazy(store, Label::Country, Some(text)).map(Some)
}

fn code(store: &mut Store, contract: &Contract, values: &Values, slot: usize) -> Result<Option<Text>, Odd> {
    let Some(word) = values.word(slot) else { return Ok(None) };
    let Some(text) = contract.table.word_at(slot, word) else {
        return Ok(None);
    };
    store.arena.put(text).map(Some).ok_or(Odd::from(Why::Room))
}

/// Ask Python once for each user agent.
fn asked(py: Python<'_>, ask: &Py<PyAny>, known: &mut FxHashMap<Box<str>, bool>, agent: &str) -> PyResult<bool> {
    if let Some(found) = known.get(agent) {
        return Ok(*found);
    }
    let found: bool = ask.bind(py).call1((agent,))?.extract()?;
    if agent.len() <= LONGEST_AGENT {
        if known.len() >= MOST_AGENTS {
            known.clear();
        }
        known.insert(agent.into(), found);
    }
    Ok(found)
}
