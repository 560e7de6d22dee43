//! Settle: what was decoded and is no repeat becomes facts; the account is told by site and pane.

use pyo3::prelude::*;

use crate::arena::Text;
use crate::decode::{Lazy, LazyTouch, Pending, Waiting};
use crate::facts::{Fact, View, What};
use crate::labels::Label;
use crate::store::Store;
use crate::symbols::Sym;

/// How many of a site stand in a pane.
pub type Tally = (String, i64, u64);

/// How many count and how many came before; the newest and the oldest time of those that count; tallies of those that
/// count by arrival and by time, and of the repeats by arrival.
pub type Settled = (u64, u64, i64, i64, Vec<Tally>, Vec<Tally>, Vec<Tally>);

/// Move what is pending to what waits for the fold. `repeated` has a byte for each; None: nothing came before.
pub fn settle(
    py: Python<'_>,
    store: &mut Store,
    kind: &str,
    pending: &mut Vec<Pending>,
    keys: &[u8],
    repeated: Option<&[u8]>,
    grid: (i64, i64),
) -> PyResult<Settled> {
    let (mut counted, mut again, mut newest, mut oldest) = (0, 0, i64::MIN, i64::MAX);
    let mut tallies = [Tallies::default(), Tallies::default(), Tallies::default()];
    let pane = |ms: i64| ms.saturating_sub(grid.0).div_euclid(grid.1.max(1));
    for (nth, one) in pending.drain(..).enumerate() {
        let [by_arrival, by_time, refused] = &mut tallies;
        if repeated.is_some_and(|flags| flags.get(nth).is_some_and(|flag| *flag != 0)) {
            again += 1;
            refused.add(store, one.site, pane(one.arrival_ms));
            continue;
        }
        counted += 1;
        newest = newest.max(one.time_ms);
        oldest = oldest.min(one.time_ms);
        by_arrival.add(store, one.site, pane(one.arrival_ms));
        by_time.add(store, one.site, pane(one.time_ms));
        put(py, store, kind, one, keys)?;
    }
    let told = |tallies: &Tallies| -> Vec<Tally> {
        tallies
            .found
            .iter()
            .map(|(site, pane, n)| (store.arena.get(*site).to_owned(), *pane, *n))
            .collect()
    };
    let [by_arrival, by_time, refused] = &tallies;
    Ok((
        counted,
        again,
        newest,
        oldest,
        told(by_arrival),
        told(by_time),
        told(refused),
    ))
}

/// Few sites and panes make many events: they are looked through from the last on.
#[derive(Default)]
struct Tallies {
    found: Vec<(Text, i64, u64)>,
}

impl Tallies {
    fn add(&mut self, store: &Store, site: Text, pane: i64) {
        let name = store.arena.get(site);
        let same = |one: &&mut (Text, i64, u64)| one.1 == pane && store.arena.get(one.0) == name;
        match self.found.iter_mut().rev().find(same) {
            Some(one) => one.2 += 1,
            None => self.found.push((site, pane, 1)),
        }
    }
}

fn put(py: Python<'_>, store: &mut Store, kind: &str, one: Pending, keys: &[u8]) -> PyResult<()> {
    let (touch, country, what) = match one.what {
        Waiting::Mail(mail) => {
            store.mails.push(*mail);
            return Ok(());
        }
        Waiting::Ad(ad) => {
            store.ads.push(*ad);
            return Ok(());
        }
        Waiting::View {
            touch,
            country,
            group,
            content,
            offer,
            engagement_ms,
            is_download,
        } => {
            // in the order in which Python asks
            let group = of(py, store, Label::PageGroup, group)?;
            let content = of(py, store, Label::Content, content)?;
            let touch = touch_of(py, store, kind, touch, one.origin, keys)?;
            let country = country.map(|raw| of(py, store, Label::Country, raw)).transpose()?;
            let offer = offer.map(|raw| of(py, store, Label::Offer, raw)).transpose()?;
            (
                touch,
                country,
                What::View(View {
                    group,
                    content,
                    offer,
                    engagement_ms,
                    is_download,
                }),
            )
        }
        Waiting::Form { touch, country, form } => {
            let touch = touch_of(py, store, kind, touch, one.origin, keys)?;
            let country = country.map(|raw| of(py, store, Label::Country, raw)).transpose()?;
            (touch, country, What::Form(form))
        }
        Waiting::Chat { touch, country, chat } => {
            let touch = touch_of(py, store, kind, touch, one.origin, keys)?;
            let country = country.map(|raw| of(py, store, Label::Country, raw)).transpose()?;
            (touch, country, What::Chat(chat))
        }
    };
    let site_label = store.label(py, Label::Site, Some(one.site))?;
    store.people.push(Fact {
        key: one.key,
        site: one.site,
        site_label,
        time_ms: one.time_ms,
        arrival_ms: one.arrival_ms,
        name: one.name,
        source_len: one.source_len,
        touch: touch.and_then(|number| store.touches.get(number)),
        country,
        origin: one.origin,
        said: one.said,
        what,
    });
    Ok(())
}

fn of(py: Python<'_>, store: &mut Store, label: Label, raw: Lazy) -> PyResult<Sym> {
    match raw {
        Lazy::Known(sym) => Ok(sym),
        Lazy::Raw(text) => store.label(py, label, text),
    }
}

fn touch_of(
    py: Python<'_>,
    store: &mut Store,
    kind: &str,
    touch: LazyTouch,
    origin: crate::facts::Origin,
    keys: &[u8],
) -> PyResult<Option<u32>> {
    match touch {
        LazyTouch::Known(number) => Ok(number),
        LazyTouch::Key { at, len } => {
            let key = keys.get(at as usize..(at + len) as usize).unwrap_or(&[]);
            let value = store.value(py, origin);
            store.touches.ask(&mut store.symbols, kind, value.as_any(), key)
        }
    }
}
