//! Published: what is known of a visitor and whose it is (`stream/stages/visitors/published.py`), of a row of one life.
//!
//! Rows with what was folded together, with events that found no session, with orders or appointments are Python's.

use super::details::{whole, Details};
use super::fact::{Fact, Id, DIRECT, MARK, UNIT, UNKNOWN};
use super::msgpack::{Read, Writer};
use super::options::Options;
use super::row::{KeyEvent, Row, Session};

/// Pages of which it is told that somebody saw them.
const PRICING: &str = "pricing";
const CART: &str = "cart";

/// A fact: whose it is (None: the visitor's), its bytes, when it was.
pub type Told = (Option<Id>, Vec<u8>, i64);

/// Who somebody was in their only life.
struct Life<'a> {
    sights: Vec<(i64, Box<str>, Id)>,
    since_ms: Option<i64>,
    options: &'a Options,
}

impl Life<'_> {
    fn owner(&self, session: &Session<'_>) -> Option<Id> {
        let numbers = &self.options.numbers;
        let place = self
            .sights
            .partition_point(|sight| sight.0 <= session.end + numbers.gap_ms);
        if place > 0 {
            return Some(self.sights[place - 1].2);
        }
        let (first_ms, _, id) = self.sights.first()?;
        (session.start >= first_ms - numbers.life_ms).then_some(*id)
    }

    fn tells(&self, start_ms: i64) -> bool {
        self.since_ms
            .is_some_and(|since_ms| start_ms >= since_ms - self.options.numbers.life_ms)
    }
}

/// Tells whether there may be something to tell of a visitor.
pub fn is_known(row: &Row<'_>) -> bool {
    let is_known = |session: &Session<'_>| {
        session.has_key() || details_of(session).is_ok_and(|details| !details.sights.is_empty())
    };
    row.all().any(is_known)
}

/// Reads the details of a session; none are as good as empty ones.
pub fn details_of<'s>(session: &'s Session<'_>) -> Read<Details<'s>> {
    match session.deeds.as_ref().and_then(|deeds| deeds.details.as_deref()) {
        Some(bytes) => Details::read(bytes),
        None => Ok(Details::default()),
    }
}

/// Tells whether what is known of a visitor can be told here, before and after these facts, which come in order.
pub fn takes(options: &Options, row: Option<&Row<'_>>, facts: &[Fact<'_>]) -> bool {
    let (numbers, Some(newest)) = (&options.numbers, facts.last()) else {
        return false;
    };
    let said = facts.iter().filter_map(|fact| fact.said.as_ref());
    let (seen, asked) = said.fold((0, 0), |(seen, asked), said| {
        (
            seen + usize::from(!said.ids.is_empty()),
            asked + usize::from(said.tells),
        )
    });
    let has_room = |details: &Details<'_>| {
        details.sights.len() + seen <= numbers.sights && details.asks.len() + asked <= numbers.asks
    };
    let Some(row) = row else {
        return numbers.look_back_ms == 0
            && newest.time_ms - facts[0].time_ms <= numbers.life_ms
            && has_room(&Details::default());
    };
    let mut first_ms = row.all().map(|session| session.start).fold(facts[0].time_ms, i64::min);
    if let Some(extra) = &row.extra {
        if extra.folded.is_some() || !extra.loose_ms.is_empty() || extra.talks.iter().any(|talk| talk.deal.is_some()) {
            return false;
        }
        first_ms = extra.talks.iter().map(|talk| talk.time_ms).fold(first_ms, i64::min);
    }
    let last_ms = row.last.max(row.all().map(last_ms).fold(newest.time_ms, i64::max));
    numbers.look_back_ms == 0
        && last_ms - first_ms <= numbers.life_ms
        && !row.source.is_empty()
        && row
            .all()
            .all(|session| details_of(session).is_ok_and(|details| has_room(&details)))
}

/// Gives when something last happened in a session, be it by itself.
fn last_ms(session: &Session<'_>) -> i64 {
    match &session.deeds {
        Some(deeds) if deeds.idle != 0 => {
            let tick = session.ticks().max().unwrap_or(0) >> 1;
            session.end.max(session.start + i64::from(tick))
        }
        _ => session.end,
    }
}

/// Gives what is known of a visitor, in an order of its own, each fact once.
pub fn published(options: &Options, visitor: &str, row: &Row<'_>) -> Read<Vec<Told>> {
    let details = row.all().map(details_of).collect::<Read<Vec<_>>>()?;
    let life = life_of(options, row, &details);
    let mut key_ms = row.extra.as_ref().map_or(0, |extra| extra.known);
    let mut out = Vec::new();
    for (session, details) in row.all().zip(&details) {
        let first = session.deeds.as_ref().and_then(|deeds| deeds.first_key.as_ref());
        let is_counted = first.is_some_and(|first| key_ms == 0 || first.time_ms - key_ms > options.numbers.known_ms);
        key_ms = key_ms.max(session.last_key());
        if life.tells(session.start) {
            let owner = life.owner(session);
            let mut telling = Telling {
                visitor,
                source: &row.source,
                owner,
                out: &mut out,
            };
            telling.session(session, details, first, is_counted);
        }
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

fn life_of<'o>(options: &'o Options, row: &Row<'_>, details: &[Details<'_>]) -> Life<'o> {
    let mut sights = Vec::new();
    for sight in details.iter().flat_map(|details| &details.sights) {
        for (time_ms, name) in [&sight.first, &sight.last] {
            sights.push((*time_ms, whole(name, &row.source).into(), sight.id));
        }
    }
    sights.sort_unstable();
    let keys = row
        .all()
        .filter_map(|session| session.deeds.as_ref()?.first_key.as_ref());
    let since_ms = keys
        .map(|key| key.time_ms)
        .chain(sights.first().map(|sight| sight.0))
        .min();
    Life {
        sights,
        since_ms,
        options,
    }
}

/// Writes the facts of one session.
struct Telling<'a> {
    visitor: &'a str,
    source: &'a str,
    owner: Option<Id>,
    out: &'a mut Vec<Told>,
}

impl Telling<'_> {
    fn session(
        &mut self,
        session: &Session<'_>,
        details: &Details<'_>,
        first: Option<&KeyEvent<'_>>,
        is_counted: bool,
    ) {
        let channel = session
            .channel
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(DIRECT);
        let campaign = said(session.campaign.as_deref());
        let country = said(session.country.as_deref());
        let campaign_id = campaign_id_of(session, details);
        let when = |group: &str| if saw(session, group) { session.start } else { 0 };
        let mut to = self.begin(12, "s");
        to.int(session.start);
        for text in [
            channel,
            campaign,
            campaign_id,
            session.engine.as_deref().unwrap_or(""),
            country,
            said(session.group.as_deref()),
            said(session.content.as_deref()),
        ] {
            to.text(text);
        }
        to.int(when(PRICING));
        to.int(when(CART));
        self.put(to, session.start);
        for ask in &details.asks {
            let mut to = self.begin(8, "f");
            to.int(ask.first.0);
            [
                &ask.form_type,
                &ask.offer_stage,
                &ask.offer_type,
                &ask.offer,
                &ask.event,
            ]
            .iter()
            .for_each(|text| to.text(text));
            self.put(to, ask.first.0);
        }
        let Some(first) = first else { return };
        let more = details
            .key
            .as_ref()
            .filter(|key| key.at.0 == first.time_ms && key.at.1 == first.name);
        let [offer, offer_type, region, product] = match more {
            Some(more) => [&*more.offer, &*more.offer_type, &*more.region, &*more.product],
            None => [""; 4],
        };
        for tag in if is_counted { &["e", "k"][..] } else { &["e"] } {
            let mut to = self.begin(16, tag);
            to.int(first.time_ms);
            for text in [
                &*whole(&first.name, self.source),
                &*first.method,
                channel,
                campaign,
                &*first.action,
                &*first.stage,
                offer,
                offer_type,
                first.event.as_deref().unwrap_or(""),
                country,
                region,
                product,
                campaign_id,
            ] {
                to.text(text);
            }
            self.put(to, first.time_ms);
        }
    }

    fn begin(&self, fields: usize, tag: &str) -> Writer {
        let mut to = Writer::default();
        to.array(fields);
        to.text(tag);
        to.text(self.visitor);
        to
    }

    fn put(&mut self, fact: Writer, at_ms: i64) {
        self.out.push((self.owner, fact.out, at_ms));
    }
}

/// Gives the campaign.id of the touch of a session, as far as that is kept.
fn campaign_id_of<'s>(session: &'s Session<'_>, details: &'s Details<'_>) -> &'s str {
    let (Some(_), Some((time_ms, name, id))) = (&session.channel, &details.campaign) else {
        return "";
    };
    let is_touch = match session.said() {
        Some([touch, ..]) => touch.0 == *time_ms && touch.1 == *name,
        None => session.start == *time_ms && session.opened_by == *name,
    };
    if is_touch {
        id
    } else {
        ""
    }
}

fn saw(session: &Session<'_>, group: &str) -> bool {
    session
        .viewed
        .split(MARK)
        .any(|name| name.strip_prefix(group).is_some_and(|rest| rest.starts_with(UNIT)))
}

fn said(label: Option<&str>) -> &str {
    label.filter(|label| *label != UNKNOWN).unwrap_or("")
}
