//! Writing a row, byte for byte as msgspec does.

use super::msgpack::Writer;
use super::row::{Deeds, Extra, KeyEvent, Mark, Row, Session, Str, Submission, Talk};

/// Encodes a row.
pub fn row(to: &mut Writer, row: &Row<'_>) {
    to.array(4);
    to.int(row.last);
    to.array(row.older.len() + 1);
    for one in &row.older {
        session(to, one);
    }
    session(to, &row.newest);
    to.text(&row.source);
    perhaps(to, row.extra.as_deref(), extra);
}

fn perhaps<T: ?Sized>(to: &mut Writer, one: Option<&T>, write: impl FnOnce(&mut Writer, &T)) {
    match one {
        Some(one) => write(to, one),
        None => to.nil(),
    }
}

fn session(to: &mut Writer, one: &Session<'_>) {
    to.array(16);
    for n in [one.start, one.end, one.events, one.views, one.engaged] {
        to.int(n);
    }
    to.bin(&one.ticks);
    to.text(&one.opened_by);
    for label in [
        &one.channel,
        &one.campaign,
        &one.engine,
        &one.domain,
        &one.country,
        &one.group,
        &one.content,
    ] {
        to.perhaps_text(label.as_deref());
    }
    to.text(&one.viewed);
    perhaps(to, one.deeds.as_deref(), deeds);
}

fn mark(to: &mut Writer, mark: &Mark<'_>) {
    to.int(mark.0);
    to.text(&mark.1);
}

/// Writes time and name of an event, as a value of their own.
pub fn pair(to: &mut Writer, at: &Mark<'_>) {
    to.array(2);
    mark(to, at);
}

fn deeds(to: &mut Writer, one: &Deeds<'_>) {
    to.array(8);
    perhaps(to, one.first_key.as_ref(), key_event);
    to.int(one.last_key);
    to.ints(&one.more_keys);
    to.ints(&one.starts);
    to.map(one.forms.len());
    for (form, times) in &one.forms {
        to.text(form);
        to.ints(times);
    }
    to.int(one.idle);
    perhaps(to, one.said.as_ref(), |to, said| {
        to.array(6);
        said.iter().for_each(|one| mark(to, one));
    });
    perhaps(to, one.details.as_deref(), Writer::raw);
}

fn key_event(to: &mut Writer, one: &KeyEvent<'_>) {
    to.array(6);
    to.int(one.time_ms);
    for text in [&one.name, &one.method, &one.action, &one.stage] {
        to.text(text);
    }
    to.perhaps_text(one.event.as_deref());
}

fn extra(to: &mut Writer, one: &Extra<'_>) {
    to.array(9);
    for n in [one.last_submit, one.last_chat, one.known] {
        to.int(n);
    }
    match one.offers {
        Some(raw) => to.raw(raw),
        None => to.map(0),
    }
    to.array(one.talks.len());
    one.talks.iter().for_each(|one| talk(to, one));
    to.array(one.submissions.len());
    one.submissions.iter().for_each(|one| submission(to, one));
    match one.loose {
        Some(raw) => to.raw(raw),
        None => to.array(0),
    }
    perhaps(to, one.folded, Writer::raw);
    to.flag(one.followed);
}

fn talk(to: &mut Writer, one: &Talk<'_>) {
    to.array(one.many);
    to.int(one.time_ms);
    to.text(&one.name);
    to.text(&one.thread);
    to.int(one.code);
    if one.many > 4 {
        to.perhaps_text(one.bot.as_deref());
    }
    if one.many > 5 {
        perhaps(to, one.resolved.as_ref(), |to, flag| to.flag(*flag));
    }
    if one.many > 6 {
        to.int(one.duration_ms);
    }
    if one.many > 7 {
        to.perhaps_text(one.deal.as_deref());
    }
    if one.many > 8 {
        perhaps(to, one.value.as_ref(), |to, n| to.int(*n));
    }
    if one.many > 9 {
        to.perhaps_text(one.currency.as_deref());
    }
}

fn submission(to: &mut Writer, one: &Submission<'_>) {
    to.array(9);
    to.text(&one.form);
    to.text(&one.id);
    pair(to, &one.first);
    pair(to, &one.last);
    to.int(one.asked);
    to.int(one.known);
    perhaps(to, one.key.as_ref(), triple);
    perhaps(to, one.value.as_ref(), |to, (time_ms, name, amount, currency)| {
        to.array(4);
        to.int(*time_ms);
        to.text(name);
        to.int(*amount);
        to.text(currency);
    });
    perhaps(to, one.download.as_ref(), triple);
}

fn triple(to: &mut Writer, (time_ms, name, what): &(i64, Str<'_>, Str<'_>)) {
    to.array(3);
    to.int(*time_ms);
    to.text(name);
    to.text(what);
}
