//! Chats: the events of one thread as conversations, where they came in order.
//!
//! What did not, or is about an order or an appointment, is left to Python (`chats.py`, `talks.py`).

use std::borrow::Cow;

use pyo3::prelude::*;

use super::deeds::{key_event, Key};
use super::fact::{Actor, Chat, Fact, UNKNOWN};
use super::options::{ChatRule, Options};
use super::row::{Extra, Row, Talk};
use super::way::Way;

const LEAVE_ADDRESS: (&str, &str) = ("conversation_started", "chat_lead");
/// Added to the code of an action that is a message of the visitor.
const BY_VISITOR: i64 = 16;

/// One conversation; 0 stands for never.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    first_ms: i64,
    last_ms: i64,
    started_ms: i64,
    lead_ms: i64,
    answered_ms: i64,
    bot: Option<String>,
    handoff: bool,
    resolved: bool,
    engaged: bool,
    said_ms: i64,
    spoke: Option<(i64, i64)>,
}

/// Gives the rule of an event's action.
pub fn rule(options: &Options, chat: &Chat<'_>) -> ChatRule {
    options.chats.get(usize::from(chat.action)).copied().unwrap_or_default()
}

fn rule_of(options: &Options, code: i64) -> ChatRule {
    usize::try_from(code & (BY_VISITOR - 1))
        .ok()
        .and_then(|at| options.chats.get(at))
        .copied()
        .unwrap_or_default()
}

/// Tells whether the person caused an event: a bot that greets and a system that closes are nobody.
pub fn is_presence(options: &Options, chat: &Chat<'_>) -> bool {
    let rule = rule(options, chat);
    if rule.is_message {
        return chat.actor == Actor::Visitor;
    }
    if rule.starts {
        return chat.actor != Actor::Ours;
    }
    rule.by_person
}

/// Tells whether the events of a thread came in order, and one more would.
pub fn are_in_order(talks: &[Talk<'_>], thread: &str, time_ms: i64) -> bool {
    let thread = talks.iter().filter(|talk| talk.thread == thread);
    thread
        .map(|talk| talk.time_ms)
        .chain([time_ms])
        .is_sorted_by(|one, other| one < other)
}

/// Gives the conversations that the events of a thread, which came in order, make.
///
/// Who begins to talk when the last one ended, or after a day of silence, begins one; all else belongs to the last.
fn of_thread(options: &Options, talks: &[Talk<'_>], thread: &str) -> Vec<Conversation> {
    let numbers = &options.numbers;
    let mut all: Vec<Conversation> = Vec::new();
    let mut is_over = true;
    for talk in talks.iter().filter(|talk| talk.thread == thread) {
        let rule = rule_of(options, talk.code);
        let silent_ms = all.last().map_or(i64::MAX, |last| talk.time_ms - last.last_ms);
        is_over |= silent_ms > numbers.silence_ms;
        if silent_ms > numbers.forgotten_ms || (is_over && (rule.starts || rule.is_message)) {
            all.push(Conversation::begun(talk.time_ms));
            is_over = false;
        }
        if let Some(last) = all.last_mut() {
            last.add(rule, talk);
        }
        is_over |= rule.ends;
    }
    all
}

impl Conversation {
    fn begun(time_ms: i64) -> Self {
        Conversation {
            first_ms: time_ms,
            last_ms: time_ms,
            said_ms: -1,
            ..Conversation::default()
        }
    }

    /// Adds an event, told in order.
    fn add(&mut self, rule: ChatRule, talk: &Talk<'_>) {
        let time_ms = talk.time_ms;
        self.last_ms = time_ms;
        if self.bot.is_none() {
            self.bot = talk.bot.as_deref().map(str::to_owned);
        }
        if !rule.closes {
            self.spoke = Some((self.spoke.map_or(time_ms, |spoke| spoke.0), time_ms));
        }
        let first = |known: i64| if known != 0 { known } else { time_ms };
        if rule.starts {
            self.started_ms = first(self.started_ms);
        } else if rule.is_lead {
            self.lead_ms = first(self.lead_ms);
            if self.started_ms != 0 {
                self.answered_ms = first(self.answered_ms);
            }
        } else if rule.hands_off {
            self.handoff = true;
        }
        self.engaged |= rule.engages || (rule.is_message && talk.code >= BY_VISITOR);
        if let Some(resolved) = talk.resolved {
            self.resolved = resolved;
        }
        self.said_ms = self.said_ms.max(talk.duration_ms);
    }
}

/// Folds a chatbot event that is a common case; tells whether it was a presence.
pub fn chat<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, chat: &Chat<'a>) -> PyResult<bool> {
    say(way, row, fact, chat)?;
    let extra = row.extra.get_or_insert_with(Box::default);
    if !is_presence(way.options, chat) {
        let session = &mut row.newest;
        session.deeds.get_or_insert_with(Box::default).idle += 1;
        return Ok(false);
    }
    let last = std::mem::replace(&mut extra.last_chat, fact.time_ms);
    let submit = extra.last_submit;
    chatted(way, last, fact.time_ms, submit)?;
    if let Some(key) = key_of_chat(way.options, chat) {
        key_event(way, row, fact, key)?;
    }
    Ok(true)
}

/// Adds what was said to what is kept; `settle` counts it.
pub fn say<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, chat: &Chat<'a>) -> PyResult<()> {
    let name = row.short(fact);
    let extra = row.extra.get_or_insert_with(Box::default);
    if way.talked.iter().all(|(thread, _)| thread != chat.thread) {
        let before = of_thread(way.options, &extra.talks, chat.thread);
        way.talked.push((chat.thread.to_owned(), before));
    }
    let bot = match chat.bot {
        Some(bot) => Some(Cow::Owned(way.labels.bots.of(way.py, Some(bot))?)),
        None => None,
    };
    extra.talks.push(stored(way.options, fact, name, bot, chat));
    Ok(())
}

/// Gives the key event that a chatbot event is, if it is one.
pub fn key_of_chat<'a>(options: &Options, chat: &Chat<'_>) -> Option<Key<'a>> {
    rule(options, chat).makes_lead.then(|| Key {
        method: "chatbot",
        action: Cow::Owned(options.words.chat_actions[usize::from(chat.action)].clone()),
        stage: Cow::Borrowed(UNKNOWN),
        event: None,
    })
}

/// Makes what is stored of an event.
fn stored<'a>(
    options: &Options,
    fact: &Fact<'a>,
    name: Cow<'a, str>,
    bot: Option<Cow<'a, str>>,
    chat: &Chat<'a>,
) -> Talk<'a> {
    let by_visitor = rule(options, chat).is_message && chat.actor == Actor::Visitor;
    let (value, currency) = match chat.value {
        Some((value, currency)) => (Some(value), Some(Cow::Borrowed(currency))),
        None => (None, None),
    };
    let many = if currency.is_some() {
        10
    } else if chat.duration_ms >= 0 {
        7
    } else if chat.resolved.is_some() {
        6
    } else {
        4 + usize::from(bot.is_some())
    };
    Talk {
        many,
        time_ms: fact.time_ms,
        name,
        thread: Cow::Borrowed(chat.thread),
        code: i64::from(chat.action) + if by_visitor { BY_VISITOR } else { 0 },
        bot,
        resolved: chat.resolved,
        duration_ms: chat.duration_ms,
        deal: None,
        value,
        currency,
    }
}

/// Moves who chats from their last chat to this one; `submit` is when they last submitted a form.
fn chatted(way: &mut Way<'_, '_>, last: i64, time_ms: i64, submit: i64) -> PyResult<()> {
    let (old, new, either) = (way.pane(last), way.pane(time_ms), way.pane(time_ms.min(submit)));
    let site = [(&*way.site.site).into()];
    if last == 0 || old != new {
        way.changes.add(way.py, "chat_person", &site, new, 1)?;
        if last != 0 {
            way.changes.add(way.py, "chat_person", &site, old, -1)?;
        }
    }
    if submit != 0 && last < submit {
        if last != 0 {
            way.changes.add(way.py, "chat_form_person", &site, old, -1)?;
        }
        way.changes.add(way.py, "chat_form_person", &site, either, 1)?;
    }
    Ok(())
}

/// Counts the conversations that events were added to, once for all events of the batch.
pub fn settle(way: &mut Way<'_, '_>, extra: Option<&Extra<'_>>) -> PyResult<()> {
    let Some(extra) = extra.filter(|_| !way.talked.is_empty()) else {
        return Ok(());
    };
    for (thread, before) in std::mem::take(&mut way.talked) {
        let after = of_thread(way.options, &extra.talks, &thread);
        if before == after {
            continue;
        }
        for (some, sign) in [(before, -1), (after, 1)] {
            for one in &some {
                count(way, one, sign)?;
            }
        }
    }
    Ok(())
}

/// Counts a conversation, or takes it back.
fn count(way: &mut Way<'_, '_>, chat: &Conversation, sign: i64) -> PyResult<()> {
    let py = way.py;
    let bot = chat.bot.as_deref().unwrap_or(UNKNOWN);
    let cells = way.site.chat(py, way.changes, bot)?;
    let at = way.pane(if chat.started_ms != 0 {
        chat.started_ms
    } else {
        chat.first_ms
    });
    let took_ms = if chat.said_ms >= 0 {
        chat.said_ms.min(way.options.numbers.longest_chat_ms)
    } else {
        chat.spoke.map_or(0, |spoke| spoke.1 - spoke.0)
    };
    let bucket = way.options.buckets.of(took_ms);
    let labels = [(&*way.site.site).into(), bot.into(), bucket.into()];
    let seconds = way.changes.number(py, "chat_seconds", &labels)?;
    way.changes.step(cells.conversation, at, sign);
    way.changes.step(seconds, at, sign);
    way.changes.count(cells.ms, at, sign * took_ms);
    for (told, cell) in [
        (chat.engaged, cells.engaged),
        (chat.handoff, cells.handoff),
        (chat.resolved, cells.resolved),
    ] {
        if told {
            way.changes.step(cell, at, sign);
        }
    }
    if chat.lead_ms != 0 {
        way.changes.step(cells.lead, at, sign);
        let pane = way.pane(chat.lead_ms);
        way.changes.add(
            py,
            "key_event",
            &[(&*way.site.site).into(), "lead_captured".into()],
            pane,
            sign,
        )?;
    }
    if chat.started_ms != 0 {
        let begun = way.step(LEAVE_ADDRESS)?.begun;
        way.changes.step(begun, way.changes.grid.pane(chat.started_ms), sign);
        if chat.answered_ms != 0 {
            way.reached(LEAVE_ADDRESS, chat.started_ms, chat.answered_ms, sign)?;
        }
    }
    Ok(())
}
