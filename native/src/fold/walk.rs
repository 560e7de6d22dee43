//! The walk through a person's sessions in order: what became of each life, and of each time they were unknown.
//!
//! As `Walk` in `stream/stages/visitors/people.py`, for people none of whose sessions were folded together.

use super::options::Options;
use super::row::{KeyEvent, Session};

/// A landing by an ad or e-mail: the step that it opens, when it was, and the key event behind it; 0 is none.
pub type Landing = (&'static str, i64, i64);

/// The first view of a life, and what was reached behind it; 0 is never.
#[derive(Clone, Copy)]
pub struct FirstView {
    pub at: i64,
    pub unknown: bool,
    pub start: i64,
    pub key: i64,
}

/// What was found on the way.
#[derive(Default)]
pub struct Walk<'s> {
    known: i64,
    end: i64,
    /// Newest presence while unknown, where nothing came of it so far.
    pub stranger: i64,
    /// Whether the newest life has a first view: the last of `views`.
    has_view: bool,
    pub newcomers: Vec<i64>,
    pub strangers: Vec<i64>,
    pub leads: Vec<(&'s KeyEvent<'s>, &'s str)>,
    pub views: Vec<FirstView>,
    pub landed: Vec<Landing>,
    /// Landings that no key event followed.
    landings: Vec<(&'static str, i64)>,
}

/// Gives the first of some times in order that is not before a moment; 0 is none.
fn at_or_after(times: &[i64], time_ms: i64) -> i64 {
    times
        .get(times.partition_point(|time| *time < time_ms))
        .copied()
        .unwrap_or(0)
}

impl<'s> Walk<'s> {
    /// Begins behind sessions that are forgotten, of which only the last key event is known.
    pub fn new(known: i64) -> Self {
        Walk {
            known,
            ..Walk::default()
        }
    }

    /// Goes on through a session.
    pub fn over(&mut self, options: &Options, session: &'s Session<'s>) {
        let numbers = &options.numbers;
        let landed = session.landed();
        let mut keys = Vec::new();
        let mut starts: &[i64] = &[];
        if let Some(deeds) = session.deeds.as_deref() {
            starts = &deeds.starts;
            if let Some(first) = &deeds.first_key {
                keys.push(first.time_ms);
                keys.extend(&deeds.more_keys);
            }
        }
        if self.end == 0 || session.start - self.end > numbers.life_ms {
            self.newcomers.push(session.start);
            self.has_view = false;
        }
        self.steps(starts, &keys);
        if landed != 0 {
            if !self.has_view {
                let before = keys.iter().rev().find(|key| **key < landed).copied();
                let known = before.unwrap_or(self.known);
                self.has_view = true;
                self.views.push(FirstView {
                    at: landed,
                    unknown: known == 0 || landed - known > numbers.known_ms,
                    start: at_or_after(starts, landed),
                    key: at_or_after(&keys, landed),
                });
            }
            if let Some(opened) = session.channel.as_deref().and_then(|of| options.step_of_landing(of)) {
                match at_or_after(&keys, landed) {
                    0 => self.landings.push((opened, landed)),
                    key => self.landed.push((opened, landed, key)),
                }
            }
        }
        self.knows(options, session);
        self.end = self.end.max(session.end);
    }

    /// Ends the walk: landings that nothing followed stand beside the others.
    pub fn ended(mut self) -> Self {
        let open = std::mem::take(&mut self.landings);
        self.landed
            .extend(open.into_iter().map(|(opened, landed)| (opened, landed, 0)));
        self
    }

    /// Lets steps that began in sessions before be taken in this one.
    fn steps(&mut self, starts: &[i64], keys: &[i64]) {
        if let Some(view) = self.views.last_mut().filter(|_| self.has_view) {
            if let Some(first) = starts.first().filter(|_| view.start == 0) {
                view.start = *first;
            }
            if let Some(first) = keys.first().filter(|_| view.key == 0) {
                view.key = *first;
            }
        }
        if let Some(first) = keys.first() {
            let open = self.landings.drain(..);
            self.landed
                .extend(open.map(|(opened, landed)| (opened, landed, *first)));
        }
    }

    fn knows(&mut self, options: &Options, session: &'s Session<'s>) {
        let known_ms = options.numbers.known_ms;
        let Some(first) = session.deeds.as_deref().and_then(|deeds| deeds.first_key.as_ref()) else {
            if self.known == 0 || session.end - self.known > known_ms {
                self.stranger = session.end;
            }
            return;
        };
        if self.known == 0 || first.time_ms - self.known > known_ms {
            self.leads.push((first, session.channel_name()));
            self.strangers.push(first.time_ms);
            self.stranger = 0;
        }
        self.known = self.known.max(session.last_key());
    }
}
