//! Chats: the events of one thread as a conversation, where they came in order and make one.
//!
//! What parts into several, or is about an order or an appointment, is left to Python (`chats.py`, `talks.py`).

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
fn is_presence(options: &Options, chat: &Chat<'_>) -> bool {
    let rule = rule(options, chat);
    if rule.is_message {
        return chat.actor == Actor::Visitor;
    }
    if rule.starts {
        return chat.actor != Actor::Ours;
    }
    rule.by_person
}

/// Tells whether the events of a thread make one conversation, and an event behind them goes on with it.
pub fn goes_on(options: &Options, talks: &[Talk<'_>], thread: &str, time_ms: i64) -> bool {
    let mut before_ms = None;
    let mut ended = false;
    let later = talks.iter().filter(|talk| talk.thread == thread);
    for (at, ends) in later
        .map(|talk| (talk.time_ms, rule_of(options, talk.code).ends))
        .chain([(time_ms, false)])
    {
        if ended || before_ms.is_some_and(|before| at <= before || at - before > options.numbers.silence_ms) {
            return false;
        }
        (before_ms, ended) = (Some(at), ends);
    }
    true
}

/// Gives the conversation that the events of a thread make; `goes_on` said that they make one.
fn of_thread(options: &Options, talks: &[Talk<'_>], thread: &str) -> Option<Conversation> {
    let mut thread = talks.iter().filter(|talk| talk.thread == thread).peekable();
    let first_ms = thread.peek()?.time_ms;
    let mut found = Conversation {
        first_ms,
        last_ms: first_ms,
        said_ms: -1,
        ..Conversation::default()
    };
    for talk in thread {
        let rule = rule_of(options, talk.code);
        let time_ms = talk.time_ms;
        found.last_ms = time_ms;
        if found.bot.is_none() {
            found.bot = talk.bot.as_deref().map(str::to_owned);
        }
        if !rule.closes {
            found.spoke = Some((found.spoke.map_or(time_ms, |spoke| spoke.0), time_ms));
        }
        let first = |known: i64| if known != 0 { known } else { time_ms };
        if rule.starts {
            found.started_ms = first(found.started_ms);
        } else if rule.is_lead {
            found.lead_ms = first(found.lead_ms);
            if found.started_ms != 0 {
                found.answered_ms = first(found.answered_ms);
            }
        } else if rule.hands_off {
            found.handoff = true;
        }
        found.engaged |= rule.engages || (rule.is_message && talk.code >= BY_VISITOR);
        if let Some(resolved) = talk.resolved {
            found.resolved = resolved;
        }
        found.said_ms = found.said_ms.max(talk.duration_ms);
    }
    Some(found)
}

/// Folds a chatbot event that is a common case; tells whether it was a presence.
pub fn chat<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, chat: &Chat<'a>) -> PyResult<bool> {
    let name = row.short(fact);
    let extra = row.extra.get_or_insert_with(Box::default);
    if way.talked.iter().all(|(thread, _)| thread != chat.thread) {
        way.talked.push((
            chat.thread.to_owned(),
            of_thread(way.options, &extra.talks, chat.thread),
        ));
    }
    let bot = match chat.bot {
        Some(bot) => Some(Cow::Owned(way.labels.bots.of(way.py, Some(bot))?)),
        None => None,
    };
    extra.talks.push(stored(way.options, fact, name, bot, chat));
    if !is_presence(way.options, chat) {
        let session = &mut row.newest;
        session.deeds.get_or_insert_with(Box::default).idle += 1;
        return Ok(false);
    }
    let last = std::mem::replace(&mut extra.last_chat, fact.time_ms);
    let submit = extra.last_submit;
    chatted(way, last, fact.time_ms, submit)?;
    if rule(way.options, chat).makes_lead {
        let action = way.options.words.chat_actions[usize::from(chat.action)].clone();
        let key = Key {
            method: "chatbot",
            action: Cow::Owned(action),
            stage: Cow::Borrowed(UNKNOWN),
            event: None,
        };
        key_event(way, row, fact, key)?;
    }
    Ok(true)
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
        for (one, sign) in [(before, -1), (after, 1)] {
            if let Some(one) = one {
                count(way, &one, sign)?;
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
