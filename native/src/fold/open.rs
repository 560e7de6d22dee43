//! The newest session of a person while facts are added to it, and which facts are common cases of it.
//!
//! Declining is never wrong, only slower: Python takes the fact and all behind it. The reasons are those of
//! `stream/stages/visitors/admissible.py`, where each has its sentence.

use pyo3::prelude::*;

use super::chats;
use super::fact::{Deed, Fact, FormAction, MARK};
use super::options::Options;
use super::row::{Row, Session};
use super::way::Way;

/// Forms of a session that were begun, and whether they were left.
pub type Begun = Vec<(String, bool)>;

/// What is remembered while facts are added; the fields are those of `Open` in Python.
pub struct Open {
    pub before: i64,
    pub last: i64,
    pub after_ms: i64,
    pub latest_ms: i64,
    pub most: i64,
    pub most_events: i64,
    pub views: i64,
    pub was_bounce: bool,
    pub was_engaged: bool,
    pub fresh: bool,
    pub key: i64,
    pub ticks: Vec<u32>,
    pub forms: Begun,
}

/// Tells whether somebody stayed for ten seconds, looked at two pages or had a key event.
pub fn is_engaged(session: &Session<'_>, options: &Options) -> bool {
    let engaged_ms = options.numbers.engaged_ms;
    session.views > 1 || session.engaged >= engaged_ms || session.end - session.start >= engaged_ms || session.has_key()
}

/// Lists the forms of a session that were begun, and whether they were left.
pub fn begun(session: &Session<'_>) -> Begun {
    let forms = session.deeds.iter().flat_map(|deeds| &deeds.forms);
    forms
        .filter(|(_, times)| times.len() > 2 || times[1] != 0)
        .map(|(form, times)| (form.to_string(), times.len() == 2))
        .collect()
}

impl Open {
    /// Begins with the newest session of a row; a `fresh` one has not been counted at all beside its opening.
    pub fn new(row: &Row<'_>, options: &Options, fresh: bool) -> Self {
        let numbers = &options.numbers;
        let session = &row.newest;
        // an hour can hold events of two sessions at most, since half an hour lies between them
        let most_events = numbers.flood_events - row.older.last().map_or(0, |other| other.events);
        let mut open = Open {
            before: session.end,
            last: row.last,
            after_ms: if session.said().is_none() {
                session.start
            } else {
                row.last
            },
            latest_ms: session.start + numbers.longest_ms,
            most: if session.group.is_some() {
                most_events.min(numbers.ticks)
            } else {
                0
            },
            most_events,
            views: if fresh { 0 } else { session.views },
            was_bounce: !fresh && session.is_bounce(),
            was_engaged: !fresh && is_engaged(session, options),
            fresh,
            key: 0,
            ticks: Vec::new(),
            forms: begun(session),
        };
        if let Some(extra) = &row.extra {
            open.key = extra.known.max(row.last_key());
            if open.key != 0 {
                open.latest_ms = open.latest_ms.min(open.key + numbers.known_ms);
            }
            if !extra.loose_ms.is_empty() || session.end > open.latest_ms {
                open.most = 0;
            }
        }
        open
    }

    /// Tells whether a fact is a common case for its person.
    pub fn takes(&self, way: &mut Way<'_, '_>, row: &Row<'_>, fact: &Fact<'_>) -> PyResult<bool> {
        let (numbers, session, time_ms) = (&way.options.numbers, &row.newest, fact.time_ms);
        let view = fact.view();
        if view.is_none()
            && self.last < time_ms
            && time_ms <= self.latest_ms
            && time_ms - session.end <= numbers.gap_ms
            && session.events < self.most
            && (fact.touch.is_none() || session.channel.is_some())
            && (fact.country.is_none() || session.country.is_some())
        {
            return self.takes_deed(way, row, fact); // its place in the session is as common as that of a page view
        }
        if numbers.look_back_ms != 0 && session.channel.is_none() {
            let has_folded = row.extra.as_ref().is_some_and(|extra| extra.folded.is_some());
            if !row.older.is_empty() || has_folded {
                return Ok(false);
            }
        }
        if time_ms <= self.last && (view.is_none() || time_ms <= session.start || session.said().is_some()) {
            return Ok(false);
        }
        if time_ms - session.end > numbers.gap_ms {
            return Ok(opens(way.options, row, fact));
        }
        if (session.channel.is_none() && fact.touch.is_some() && !self.may_move(row))
            || (session.country.is_none() && fact.country.is_some())
            || session.events >= self.most_events
            || session.events >= numbers.ticks
            || time_ms - session.start > numbers.longest_ms
        {
            return Ok(false);
        }
        if let Some(extra) = &row.extra {
            if extra.loose_ms.iter().any(|at| *at >= session.start - numbers.gap_ms)
                || (self.key != 0 && time_ms.max(session.end) - self.key > numbers.known_ms)
            {
                return Ok(false);
            }
        }
        let Some(view) = view else {
            return self.takes_deed(way, row, fact);
        };
        if view.has_offer || session.group.is_none() {
            return Ok(false);
        }
        if session.viewed.contains(view.viewed) {
            return Ok(true);
        }
        Ok(!is_full(&session.viewed, numbers.viewed) && (session.last_key() == 0 || row.is_alone()))
    }

    /// Tells whether a direct session alone tells where its person, who is not known, came from.
    fn may_move(&self, row: &Row<'_>) -> bool {
        let session = &row.newest;
        self.key == 0
            && session.last_key() == 0
            && session.group.is_some()
            && row.is_alone()
            && !row.extra.as_ref().is_some_and(|extra| extra.followed)
            && session.said().is_none()
    }

    /// Tells whether a form or chat is a common case, whose time and place in the session are.
    fn takes_deed(&self, way: &mut Way<'_, '_>, row: &Row<'_>, fact: &Fact<'_>) -> PyResult<bool> {
        let (numbers, extra) = (&way.options.numbers, row.extra.as_deref());
        match &fact.deed {
            Deed::View(_) => Ok(false),
            Deed::Chat(chat) => {
                if chat.has_deal || (chats::rule(way.options, chat).makes_lead && !row.is_alone()) {
                    return Ok(false);
                }
                Ok(extra.is_none_or(|extra| {
                    (extra.talks.len() as i64) < numbers.flood_chats.min(numbers.chats)
                        && extra.talks.iter().all(|talk| talk.deal.is_none())
                        && chats::are_in_order(&extra.talks, chat.thread, fact.time_ms)
                }))
            }
            Deed::Form(form) => {
                if form.has_offer {
                    return Ok(false);
                }
                if !matches!(form.action, FormAction::Start | FormAction::Submit) {
                    return Ok(true);
                }
                let session = &row.newest;
                if !row.is_alone() || session.landed() != session.start {
                    return Ok(false);
                }
                if let Some(deeds) = session.deeds.as_ref().filter(|deeds| !deeds.forms.is_empty()) {
                    let label = way.labels.forms.of(way.py, Some(form.form))?;
                    if deeds.times_of(&label).is_some_and(|times| times.len() > 2) {
                        return Ok(false);
                    }
                }
                Ok(form.action != FormAction::Submit
                    || extra.is_none_or(|extra| extra.submissions.len() < numbers.submissions))
            }
        }
    }
}

/// Tells whether the first event of a new person is a common case.
pub fn is_first(fact: &Fact<'_>) -> bool {
    fact.view().is_some_and(|view| !view.has_offer)
}

/// Tells whether a session has viewed as much as it may remember: n names stand between n + 1 marks.
pub fn is_full(viewed: &str, most: usize) -> bool {
    viewed.len() > most && viewed.matches(MARK).count() > most
}

/// Tells whether a fact opens a later session in a common way.
fn opens(options: &Options, row: &Row<'_>, fact: &Fact<'_>) -> bool {
    let (numbers, last) = (&options.numbers, &row.newest);
    if numbers.look_back_ms != 0 && (fact.touch.is_none() || row.all().skip(1).any(|session| session.channel.is_none()))
    {
        return false;
    }
    is_first(fact)
        && row.extra.is_none()
        && row.older.len() + 1 < numbers.sessions
        && last.group.is_some()
        && fact.time_ms - last.end <= numbers.life_ms
        && last.events < numbers.flood_events
}
