//! Mails and ads as the native decode leaves them, folded.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::ads::{Ad, Ads};
use super::copy::{Mail, MailAction};
use super::decoded::{word, words};
use super::gathered::Gathered;
use super::mails::{Mails, Tables};
use crate::arena::Text;
use crate::decode::Lane;
use crate::facts;
use crate::kinds::Kind;
use crate::store::Store;

/// Folds the messages that wait in a store; gives the events that are left over. A message of which events of Python are
/// in `waiting` is left whole.
pub fn fold_mails<'py>(
    store: &mut Store,
    lanes: &[Lane],
    mails: &mut Mails,
    waiting: &Bound<'py, PyDict>,
    emails: &Bound<'py, PyAny>,
    accumulator: &Bound<'py, PyAny>,
) -> PyResult<Vec<facts::Mail>> {
    let taken = std::mem::take(&mut store.mails);
    let store = &*store;
    let [actions, purposes, bounces] = [
        words(lanes, Kind::Email, "data.action")?,
        words(lanes, Kind::Email, "data.email_purpose")?,
        words(lanes, Kind::Email, "data.bounce_type")?,
    ];
    let text = |text: Text| store.arena.get(text);
    let read = |mail: &facts::Mail| -> Option<Mail<'_>> {
        Some(Mail {
            time_ms: mail.time_ms,
            name: text(mail.name),
            action: MailAction::named(word(actions, mail.action))?,
            is_machine: mail.machine == Some(true),
            bounce: mail.bounce_type.map(|place| word(bounces, place)),
            link: mail.link_path.map(text),
            says: [
                mail.campaign_id.map(text),
                mail.email_purpose.map(|place| word(purposes, place)),
                mail.variant.map(text),
                mail.recipient_domain.map(text),
            ],
            lead: mail.lead_id.map(text),
            email_hash: mail.email_hash.map(text),
        })
    };
    let (tables, gathered) = (
        Tables::of(emails, accumulator)?,
        Gathered::by(taken.iter().map(|mail| text(mail.key))),
    );
    let (mut left, mut made) = (Vec::new(), Vec::new());
    mails.count_in(&tables);
    if mails.follows() {
        let named = taken.iter().filter_map(|mail| {
            let hashed = mail.email_hash.filter(|_| read(mail).is_some())?;
            Some((text(mail.site), text(hashed), mail.time_ms, text(mail.name)))
        });
        let Mails { names, outgoing, .. } = &mut *mails;
        names.learn(emails, outgoing, named)?;
    }
    for places in gathered.each() {
        let key = PyString::new(waiting.py(), text(taken[places[0] as usize].key));
        made.clear();
        if !waiting.contains(&key)? {
            made.extend(places.iter().map_while(|place| read(&taken[*place as usize])));
        }
        if made.len() < places.len() || !mails.message(&tables, &key, &mut made)? {
            left.extend_from_slice(places);
        }
    }
    mails.flush(&tables, accumulator)?;
    let mut taken: Vec<_> = taken.into_iter().map(Some).collect();
    Ok(left
        .into_iter()
        .filter_map(|place| taken[place as usize].take())
        .collect())
}

/// Folds the single ad events that wait in a store; none is left over.
pub fn fold_ads(
    store: &mut Store,
    lanes: &[Lane],
    ads: &mut Ads,
    of: &Bound<'_, PyAny>,
    accumulator: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let taken = std::mem::take(&mut store.ads);
    let (actions, types) = (
        words(lanes, Kind::Ad, "data.action")?,
        words(lanes, Kind::Ad, "data.channel_type")?,
    );
    let text = |text: Text| store.arena.get(text);
    ads.count_in(accumulator)?;
    for ad in &taken {
        let action = word(actions, ad.action);
        let is_spend = action == "spend";
        let named = [
            Some(text(ad.site)),
            Some(action),
            Some(text(ad.platform)),
            Some(text(ad.campaign_id)),
            ad.channel_type.map(|place| word(types, place)),
            ad.audience_type.map(text),
            ad.variant.map(text),
            ad.currency.map(text),
        ];
        // the rule of the kind has seen that a spend has its cost
        let amount = if is_spend {
            ad.cost_micros.unwrap_or_default()
        } else {
            ad.count_micros
        };
        let single = Ad {
            time_ms: ad.time_ms,
            named,
            amount,
            conversion_value: ad.conversion_value,
        };
        ads.fold(of, accumulator, &single)?;
    }
    ads.flush(of, accumulator)
}
