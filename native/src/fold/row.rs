//! The row of a person as it is stored: arrays by position, texts borrowed from the bytes of the row or from facts.
//!
//! What the incremental way never looks into stays as it is encoded. The layout is that of `stream/stages/visitors/row.py`.

use std::borrow::Cow;

use super::fact::{Fact, UNIT, UNKNOWN};

pub type Str<'a> = Cow<'a, str>;
/// (time, name).
pub type Mark<'a> = (i64, Str<'a>);

/// The key event that a session had first.
#[derive(Clone, Debug)]
pub struct KeyEvent<'a> {
    pub time_ms: i64,
    pub name: Str<'a>,
    pub method: Str<'a>,
    pub action: Str<'a>,
    pub stage: Str<'a>,
    pub event: Option<Str<'a>>,
}

/// What only some sessions have.
#[derive(Debug, Default)]
pub struct Deeds<'a> {
    pub first_key: Option<KeyEvent<'a>>,
    pub last_key: i64,
    pub more_keys: Vec<i64>,
    pub starts: Vec<i64>,
    /// Form → [first view, first start, submits…], in order of first sight.
    pub forms: Vec<(Str<'a>, Vec<i64>)>,
    pub idle: i64,
    /// (time, name) of the events that gave touch, country and landing.
    pub said: Option<[Mark<'a>; 3]>,
    /// Encoded; None is nil.
    pub details: Option<Cow<'a, [u8]>>,
}

/// A session as it is stored.
#[derive(Debug)]
pub struct Session<'a> {
    pub start: i64,
    pub end: i64,
    pub events: i64,
    pub views: i64,
    pub engaged: i64,
    pub ticks: Cow<'a, [u8]>,
    pub opened_by: Str<'a>,
    pub channel: Option<Str<'a>>,
    pub campaign: Option<Str<'a>>,
    pub engine: Option<Str<'a>>,
    pub domain: Option<Str<'a>>,
    pub country: Option<Str<'a>>,
    pub group: Option<Str<'a>>,
    pub content: Option<Str<'a>>,
    pub viewed: Str<'a>,
    pub deeds: Option<Box<Deeds<'a>>>,
}

/// A chatbot event as it is stored: a list that ends where nothing more is said, `many` fields long.
#[derive(Clone, Debug)]
pub struct Talk<'a> {
    pub many: usize,
    pub time_ms: i64,
    pub name: Str<'a>,
    pub thread: Str<'a>,
    pub code: i64,
    pub bot: Option<Str<'a>>,
    pub resolved: Option<bool>,
    pub duration_ms: i64,
    pub deal: Option<Str<'a>>,
    pub value: Option<i64>,
    pub currency: Option<Str<'a>>,
}

/// What was sent by a form, however often the button was pressed. Names are whole.
#[derive(Clone, Debug)]
pub struct Submission<'a> {
    pub form: Str<'a>,
    pub id: Str<'a>,
    pub first: Mark<'a>,
    pub last: Mark<'a>,
    pub asked: i64,
    pub known: i64,
    /// (time, name, form type).
    pub key: Option<(i64, Str<'a>, Str<'a>)>,
    /// (time, name, millionths, currency).
    pub value: Option<(i64, Str<'a>, i64, Str<'a>)>,
    /// (time, name, content).
    pub download: Option<(i64, Str<'a>, Str<'a>)>,
}

/// What only few people have.
#[derive(Debug, Default)]
pub struct Extra<'a> {
    pub last_submit: i64,
    pub last_chat: i64,
    pub known: i64,
    /// Encoded; None is an empty map.
    pub offers: Option<&'a [u8]>,
    pub talks: Vec<Talk<'a>>,
    pub submissions: Vec<Submission<'a>>,
    /// When each of the events that nobody caused and that found no session happened; the encoded list.
    pub loose_ms: Vec<i64>,
    pub loose: Option<&'a [u8]>,
    /// Encoded; None is nil.
    pub folded: Option<&'a [u8]>,
    pub followed: bool,
}

/// A person.
#[derive(Debug)]
pub struct Row<'a> {
    pub last: i64,
    /// Sessions before the newest one, by start.
    pub older: Vec<Session<'a>>,
    pub newest: Session<'a>,
    pub source: Str<'a>,
    pub extra: Option<Box<Extra<'a>>>,
}

impl<'a> Deeds<'a> {
    /// Gives the times of a form.
    pub fn times_of(&self, form: &str) -> Option<&Vec<i64>> {
        self.forms.iter().find(|(name, _)| name == form).map(|(_, times)| times)
    }

    /// Gives the times of a form, which is new where it is not known.
    pub fn times(&mut self, form: &str) -> &mut Vec<i64> {
        let place = match self.forms.iter().position(|(name, _)| name == form) {
            Some(place) => place,
            None => {
                self.forms.push((Cow::Owned(form.to_owned()), vec![0, 0]));
                self.forms.len() - 1
            }
        };
        &mut self.forms[place].1
    }
}

impl<'a> Session<'a> {
    /// Tells whether it is one presence, a page view.
    pub fn is_bounce(&self) -> bool {
        let idle = self.deeds.as_ref().map_or(0, |deeds| deeds.idle);
        self.views == 1 && (self.events == 1 || self.events - idle == 1)
    }

    /// Gives the time of the last key event; 0 is never.
    #[inline]
    pub fn last_key(&self) -> i64 {
        self.deeds.as_ref().map_or(0, |deeds| deeds.last_key)
    }

    /// Tells whether there was a key event.
    pub fn has_key(&self) -> bool {
        self.deeds.as_ref().is_some_and(|deeds| deeds.first_key.is_some())
    }

    /// Gives the events that gave touch, country and landing, where they are not the one that opened it.
    pub fn said(&self) -> Option<&[Mark<'a>; 3]> {
        self.deeds.as_ref().and_then(|deeds| deeds.said.as_ref())
    }

    /// Gives the time of the landing; 0 where there is none.
    pub fn landed(&self) -> i64 {
        match self.group {
            None => 0,
            Some(_) => self.said().map_or(self.start, |said| said[2].0),
        }
    }

    /// Gives its ticks as numbers.
    pub fn ticks(&self) -> impl Iterator<Item = u32> + '_ {
        self.ticks
            .chunks_exact(4)
            .map(|tick| u32::from_ne_bytes([tick[0], tick[1], tick[2], tick[3]]))
    }

    /// Gives what was viewed, each as (group, content).
    pub fn names(&self) -> impl Iterator<Item = Vec<&str>> {
        let inner = if self.viewed.is_empty() {
            None
        } else {
            Some(&self.viewed[1..self.viewed.len() - 1])
        };
        inner
            .into_iter()
            .flat_map(|inner| inner.split(super::fact::MARK))
            .map(|name| name.split(UNIT).collect())
    }

    pub fn channel_name(&self) -> &str {
        self.channel.as_deref().unwrap_or(super::fact::DIRECT)
    }

    pub fn campaign_name(&self) -> &str {
        self.campaign.as_deref().unwrap_or(UNKNOWN)
    }

    pub fn country_name(&self) -> &str {
        self.country.as_deref().unwrap_or(UNKNOWN)
    }
}

impl<'a> Row<'a> {
    /// Gives when the sessions last had a key event; 0 is never.
    pub fn last_key(&self) -> i64 {
        self.older
            .iter()
            .map(Session::last_key)
            .fold(self.newest.last_key(), i64::max)
    }

    /// Gives its sessions, by start.
    pub fn all(&self) -> impl Iterator<Item = &Session<'a>> {
        self.older.iter().chain([&self.newest])
    }

    /// Tells whether it has one session and nothing before it, so that a deed moves nothing else.
    pub fn is_alone(&self) -> bool {
        self.older.is_empty()
            && self
                .extra
                .as_ref()
                .is_none_or(|extra| extra.folded.is_none() && extra.known == 0)
    }

    /// Names an event as it is stored: without its source, where that is the row's.
    pub fn short(&self, fact: &Fact<'a>) -> Str<'a> {
        if fact.source == self.source {
            Cow::Borrowed(fact.id)
        } else {
            Cow::Owned(fact.name())
        }
    }
}
