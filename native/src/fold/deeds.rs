//! Deeds: the difference that a form, or a key event, makes where it is a common case.

use std::borrow::Cow;

use pyo3::prelude::*;

use super::fact::{Fact, Form, FormAction, UNKNOWN};
use super::row::{Deeds, KeyEvent, Row, Session, Str};
use super::submissions::{self, submit};
use super::way::Way;

const BEGIN_FORM: (&str, &str) = ("first_view", "form_start");
const SEND_FORM: (&str, &str) = ("form_start", "form_submit");
const BECOME_LEAD: (&str, &str) = ("first_view", "lead");

/// What a key event says.
#[derive(Clone)]
pub struct Key<'a> {
    pub method: &'static str,
    pub action: Str<'a>,
    pub stage: Str<'a>,
    pub event: Option<Str<'a>>,
}

/// Folds a form event; tells whether it was a presence.
pub fn form<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, form: &Form<'a>) -> PyResult<bool> {
    if form.action == FormAction::Other {
        return Ok(true);
    }
    let (py, time_ms, at) = (way.py, fact.time_ms, way.pane(fact.time_ms));
    let landed = row.newest.landed();
    let deeds = row.newest.deeds.get_or_insert_with(Box::default);
    let label = way.labels.forms.of(py, Some(form.form))?;
    let times = deeds.times(&label);
    let (viewed, started) = (times[0], times[1]);
    let cells = way.site.form(py, way.changes, &label)?;
    if form.action == FormAction::View {
        if viewed == 0 {
            times[0] = time_ms;
            way.changes.up(cells.view, at);
        }
        deeds.idle += 1;
        return Ok(false);
    }
    if form.action == FormAction::Start {
        if started == 0 {
            times[1] = time_ms;
        }
    } else {
        times.push(time_ms);
    }
    if deeds.starts.is_empty() {
        // the first behind the landing; those behind it will never be that
        deeds.starts.push(time_ms);
        way.reached(BEGIN_FORM, landed, time_ms, 1)?;
    }
    if form.action == FormAction::Start {
        if started == 0 {
            let begun = way.step(SEND_FORM)?.begun;
            way.changes.up(cells.start, at);
            way.changes.up(begun, at);
        }
        return Ok(true);
    }
    if started != 0 {
        way.changes.up(cells.submit, way.changes.grid.pane(started));
        way.reached(SEND_FORM, started, time_ms, 1)?;
    } else {
        way.changes.up(cells.start, at);
        way.changes.up(cells.submit, at);
    }
    submitted(way, row, fact, form, label)?;
    Ok(true)
}

/// Counts a submit.
fn submitted<'a>(
    way: &mut Way<'_, '_>,
    row: &mut Row<'a>,
    fact: &Fact<'a>,
    form: &Form<'a>,
    label: String,
) -> PyResult<()> {
    let (py, time_ms, at) = (way.py, fact.time_ms, way.pane(fact.time_ms));
    let content = way.labels.contents.of(py, form.content)?;
    let extra = row.extra.get_or_insert_with(Box::default);
    let before = submissions::cells(way, &extra.submissions)?;
    let makes_lead = form
        .form_type
        .is_some_and(|of| way.options.words.key_forms.contains(of));
    submit(
        way.options,
        &mut extra.submissions,
        fact,
        form,
        label,
        content,
        makes_lead,
    );
    let after = submissions::cells(way, &extra.submissions)?;
    if before != after {
        submissions::put(way, &before, -1);
        submissions::put(way, &after, 1);
    }
    let site = [(&*way.site.site).into()];
    let (last_submit, last_chat) = (extra.last_submit, extra.last_chat);
    let pane = |time_ms: i64| way.changes.grid.pane(time_ms);
    let (old, chatted, both) = (pane(last_submit), pane(last_chat), pane(last_chat.min(last_submit)));
    if last_submit != 0 {
        way.changes.add(py, "form_person", &site, old, -1)?;
    }
    way.changes.add(py, "form_person", &site, at, 1)?;
    if last_chat != 0 {
        if last_submit != 0 {
            way.changes.add(py, "chat_form_person", &site, both, -1)?;
        }
        way.changes.add(py, "chat_form_person", &site, chatted, 1)?;
    }
    extra.last_submit = time_ms;
    if makes_lead {
        let key = key_of_submit(way, form)?;
        key_event(way, row, fact, key)?;
    }
    Ok(())
}

/// Gives the key event that a submit is.
pub fn key_of_submit<'a>(way: &mut Way<'_, '_>, form: &Form<'a>) -> PyResult<Key<'a>> {
    let event = match form.event {
        Some(event) => Some(Cow::Owned(way.labels.events.of(way.py, Some(event))?)),
        None => None,
    };
    Ok(Key {
        method: "form",
        action: Cow::Borrowed(form.form_type.unwrap_or(UNKNOWN)),
        stage: Cow::Borrowed(form.offer_stage.unwrap_or(UNKNOWN)),
        event,
    })
}

/// Converts a person with one session, once more or for the first time.
pub fn key_event<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, key: Key<'a>) -> PyResult<()> {
    let (py, time_ms) = (way.py, fact.time_ms);
    let name = row.short(fact);
    let session = &mut row.newest;
    let (landed, was_key, last) = (session.landed(), session.has_key(), session.last_key());
    let Key {
        method,
        action,
        stage,
        event,
    } = key.clone();
    convert(session, time_ms, name, key, way.options.numbers.times);
    converted(way, session, last, time_ms)?;
    if was_key {
        return Ok(());
    }
    let at = way.pane(time_ms);
    let (site, channel) = (&*way.site.site, session.channel_name());
    let paid = way.options.words.paid.contains(channel).then_some("paid");
    let lead = [
        site.into(),
        method.into(),
        channel.into(),
        "on_site".into(),
        paid.into(),
    ];
    way.changes.add(py, "lead", &lead, at, 1)?;
    let deed = [
        site.into(),
        (&*action).into(),
        (&*stage).into(),
        event.as_deref().into(),
    ];
    way.changes.add(py, "lead_deed", &deed, at, 1)?;
    way.reached(BECOME_LEAD, landed, time_ms, 1)?;
    if let Some(opened) = way.options.step_of_landing(channel) {
        way.reached((opened, "key_event"), landed, time_ms, 1)?;
    }
    Ok(())
}

/// Adds a key event, the newest event of its person, to a session.
pub fn convert<'a>(session: &mut Session<'a>, time_ms: i64, name: Str<'a>, key: Key<'a>, most: usize) {
    let landed_ms = session.landed();
    let deeds = session.deeds.get_or_insert_with(Box::default);
    deeds.last_key = deeds.last_key.max(time_ms);
    if deeds.first_key.is_some() {
        note_key(deeds, time_ms, landed_ms, most);
        return;
    }
    deeds.first_key = Some(KeyEvent {
        time_ms,
        name,
        method: Cow::Borrowed(key.method),
        action: key.action,
        stage: key.stage,
        event: key.event,
    });
}

/// Notes a key event that is not the first one, as far as it may become the first behind the landing.
fn note_key(deeds: &mut Deeds<'_>, time_ms: i64, landed_ms: i64, most: usize) {
    let first_ms = deeds.first_key.as_ref().map_or(0, |key| key.time_ms);
    let keys = &mut deeds.more_keys;
    keys.retain(|key| *key != first_ms);
    if time_ms != first_ms {
        let place = keys.partition_point(|key| *key < time_ms);
        if keys.get(place) != Some(&time_ms) {
            keys.insert(place, time_ms);
        }
    }
    if landed_ms != 0 {
        let kept = if first_ms >= landed_ms {
            0
        } else {
            keys.partition_point(|key| *key < landed_ms) + 1
        };
        keys.truncate(kept);
    }
    keys.truncate(most);
}

/// Moves a converted person, in every way their session counts them, from the last key event to this one.
fn converted(way: &mut Way<'_, '_>, session: &Session<'_>, last: i64, time_ms: i64) -> PyResult<()> {
    let (py, old, new) = (way.py, way.pane(last), way.pane(time_ms));
    if last != 0 && old == new {
        return Ok(());
    }
    let site = &*way.site.site;
    let social = session
        .channel
        .as_deref()
        .and_then(|channel| way.options.social(channel));
    let campaign = if session.channel.is_none() {
        Some(UNKNOWN)
    } else {
        session.campaign.as_deref()
    };
    let labels = [
        site.into(),
        session.channel_name().into(),
        campaign.into(),
        social.into(),
    ];
    let mut cells = vec![way.changes.number(py, "convert", &labels)?];
    if let Some(group) = session.group.as_deref() {
        let labels = [site.into(), group.into(), session.content.as_deref().into()];
        cells.push(way.changes.number(py, "landing_converted", &labels)?);
    }
    for name in session.names() {
        let mut labels = vec![site.into()];
        labels.extend(name.into_iter().map(super::changes::Label::from));
        cells.push(way.changes.number(py, "content_converted", &labels)?);
    }
    for cell in cells {
        way.changes.up(cell, new);
        if last != 0 {
            way.changes.down(cell, old);
        }
    }
    Ok(())
}
