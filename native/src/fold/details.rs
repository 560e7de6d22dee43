//! Details of a session: who was seen in it, and what was asked for (`stream/stages/visitors/details.py`).
//!
//! What was told of a company is Python's, and so is a session that it was told in.

use std::borrow::Cow;

use super::fact::{Id, UNIT};
use super::msgpack::{Read, Reader, Unusual, Writer};
use super::read::pair;
use super::row::{Mark, Str};
use super::write::pair as write_pair;

/// An id under which somebody was seen: by which event first, and by which last.
#[derive(Clone, Debug)]
pub struct Sight<'a> {
    pub id: Id,
    pub first: Mark<'a>,
    pub last: Mark<'a>,
}

/// The first submit of its kind.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub form_type: Str<'a>,
    pub offer_stage: Str<'a>,
    pub event: Str<'a>,
    pub first: Mark<'a>,
    pub offer_type: Str<'a>,
    pub offer: Str<'a>,
}

/// What the first key event says beside what is counted.
#[derive(Clone, Debug)]
pub struct KeyDetails<'a> {
    pub at: Mark<'a>,
    pub offer: Str<'a>,
    pub offer_type: Str<'a>,
    pub region: Str<'a>,
    pub product: Str<'a>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Details<'a> {
    pub sights: Vec<Sight<'a>>,
    pub asks: Vec<Ask<'a>>,
    pub key: Option<KeyDetails<'a>>,
    /// (time, name) of the touch and its campaign.id.
    pub campaign: Option<(i64, Str<'a>, Str<'a>)>,
}

/// Tells whether one event is before another; names are as a row of this source stores them.
pub fn is_before(a: &Mark<'_>, b: &Mark<'_>, source: &str) -> bool {
    a.0 < b.0 || (a.0 == b.0 && whole(&a.1, source) < whole(&b.1, source))
}

/// Gives a name with its source.
pub fn whole<'n>(name: &'n str, source: &str) -> Cow<'n, str> {
    if name.contains(UNIT) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("{source}{UNIT}{name}"))
    }
}

impl<'a> Details<'a> {
    /// Reads them; those of a session in which somebody told of a company are unusual.
    pub fn read(bytes: &'a [u8]) -> Read<Self> {
        let mut from = Reader::new(bytes);
        from.fields(5)?;
        let (sights, asks) = (from.list(sight)?, from.list(ask)?);
        if from.array()? != 0 {
            return Err(Unusual);
        }
        let key = from.perhaps(|from| {
            from.fields(5)?;
            Ok(KeyDetails {
                at: pair(from)?,
                offer: from.cow()?,
                offer_type: from.cow()?,
                region: from.cow()?,
                product: from.cow()?,
            })
        })?;
        let campaign = from.perhaps(|from| {
            from.fields(3)?;
            Ok((from.int()?, from.cow()?, from.cow()?))
        })?;
        from.end()?;
        Ok(Details {
            sights,
            asks,
            key,
            campaign,
        })
    }

    /// Encodes them.
    pub fn write(&self, to: &mut Writer) {
        to.array(5);
        to.array(self.sights.len());
        for one in &self.sights {
            to.array(3);
            one.id.write(to);
            write_pair(to, &one.first);
            write_pair(to, &one.last);
        }
        to.array(self.asks.len());
        for one in &self.asks {
            to.array(6);
            [&one.form_type, &one.offer_stage, &one.event]
                .iter()
                .for_each(|text| to.text(text));
            write_pair(to, &one.first);
            to.text(&one.offer_type);
            to.text(&one.offer);
        }
        to.array(0);
        match &self.key {
            None => to.nil(),
            Some(key) => {
                to.array(5);
                write_pair(to, &key.at);
                [&key.offer, &key.offer_type, &key.region, &key.product]
                    .iter()
                    .for_each(|text| to.text(text));
            }
        }
        match &self.campaign {
            None => to.nil(),
            Some((time_ms, name, id)) => {
                to.array(3);
                to.int(*time_ms);
                to.text(name);
                to.text(id);
            }
        }
    }

    /// Adds somebody who was seen by an event; there is room for them.
    pub fn see(&mut self, id: Id, at: &Mark<'a>, source: &str) {
        match self.sights.binary_search_by(|known| known.id.cmp(&id)) {
            Ok(place) => {
                let known = &mut self.sights[place];
                if is_before(at, &known.first, source) {
                    known.first = at.clone();
                }
                if is_before(&known.last, at, source) {
                    known.last = at.clone();
                }
            }
            Err(place) => {
                let (first, last) = (at.clone(), at.clone());
                self.sights.insert(place, Sight { id, first, last });
            }
        }
    }

    /// Adds a submit; there is room for it.
    pub fn ask(&mut self, one: Ask<'a>, source: &str) {
        fn kind<'k>(ask: &'k Ask<'_>) -> [&'k str; 3] {
            [&ask.form_type, &ask.offer_stage, &ask.event]
        }
        match self.asks.binary_search_by(|known| kind(known).cmp(&kind(&one))) {
            Ok(place) if is_before(&one.first, &self.asks[place].first, source) => self.asks[place] = one,
            Ok(_) => {}
            Err(place) => self.asks.insert(place, one),
        }
    }
}

fn sight<'a>(from: &mut Reader<'a>) -> Read<Sight<'a>> {
    from.fields(3)?;
    Ok(Sight {
        id: Id::read(from)?,
        first: pair(from)?,
        last: pair(from)?,
    })
}

fn ask<'a>(from: &mut Reader<'a>) -> Read<Ask<'a>> {
    from.fields(6)?;
    Ok(Ask {
        form_type: from.cow()?,
        offer_stage: from.cow()?,
        event: from.cow()?,
        first: pair(from)?,
        offer_type: from.cow()?,
        offer: from.cow()?,
    })
}
