//! Events in order that are no common case: they come behind all that their row knows, and move more than the end of
//! the open session. The rest of a person's batch is folded here, or not at all.
//!
//! Lists what the row counts for, changes it, and lists it again, as `stream/stages/visitors/reference_way.py` does for
//! events in any order, and leaves the same row. What must be forgotten, joined or remembered of offers, orders,
//! appointments and events that nobody caused is left to Python, before anything is changed.

use std::borrow::Cow;

use pyo3::prelude::*;

use super::chats;
use super::counted::{of_person, of_session};
use super::deeds::{convert, key_of_submit};
use super::details::Details;
use super::extend;
use super::fact::{Chat, Deed, Fact, Form, FormAction, View, MARK};
use super::msgpack::Writer;
use super::opening::{kept, move_views};
use super::options::Options;
use super::published::details_of;
use super::row::{Deeds, Row, Session, Str, Talk};
use super::submissions::{self, submit, Cells};
use super::way::Way;

/// Tells whether a form event is something that its visitor did; else it joins what runs.
fn is_presence(options: &Options, fact: &Fact<'_>) -> bool {
    match &fact.deed {
        Deed::View(_) => true,
        Deed::Form(form) => form.action != FormAction::View,
        Deed::Chat(chat) => chats::is_presence(options, chat),
    }
}

/// Tells whether all facts can be folded here, into a row that is there or, without one, into a new one.
pub fn takes(options: &Options, row: Option<&Row<'_>>, facts: &[Fact<'_>]) -> bool {
    let numbers = &options.numbers;
    let Some(newest) = facts.last().filter(|_| numbers.look_back_ms == 0) else {
        return false;
    };
    let oldest_ms = newest.time_ms - numbers.memory_ms;
    let (mut events, mut sessions, mut submits) = (facts.len() as i64, 0, 0);
    let mut talks: &[Talk<'_>] = &[];
    let (mut last_ms, mut open) = (i64::MIN, None);
    if let Some(row) = row {
        let is_old = |session: &Session<'_>| session.end < oldest_ms;
        if row.source.is_empty() || row.all().next().is_some_and(is_old) || details_of(&row.newest).is_err() {
            return false;
        }
        events += row.all().map(|session| session.events).sum::<i64>();
        sessions = row.older.len() + 1;
        (last_ms, open) = (row.last, Some((row.newest.start, row.newest.end)));
        if let Some(extra) = &row.extra {
            (submits, talks) = (extra.submissions.len(), &extra.talks);
            if !extra.loose_ms.is_empty()
                || extra.folded.is_some()
                || extra.offers.is_some()
                || extra.talks.iter().any(|talk| talk.time_ms < oldest_ms)
                || extra.submissions.iter().any(|one| one.last.0 < oldest_ms)
            {
                return false;
            }
        }
    }
    let (mut viewed, mut chats) = (row.map_or(0, |row| row.newest.names().count()), talks.len() as i64);
    for fact in facts {
        if fact.time_ms <= last_ms {
            return false;
        }
        last_ms = fact.time_ms;
        let running = open.filter(|(_, end)| fact.time_ms - end <= numbers.gap_ms);
        let start = running.map_or(fact.time_ms, |(start, _)| start);
        if !is_presence(options, fact) {
            if running.is_none() {
                return false; // it stands alone
            }
        } else {
            if running.is_none() {
                (sessions, viewed) = (sessions + 1, 0);
            }
            open = Some((start, fact.time_ms));
        }
        match &fact.deed {
            Deed::View(view) if !view.has_offer => viewed += 1,
            Deed::Form(form) if !form.has_offer => submits += usize::from(form.action == FormAction::Submit),
            Deed::Chat(chat) if !chat.has_deal && chats::are_in_order(talks, chat.thread, fact.time_ms) => chats += 1,
            _ => return false,
        }
        if fact.time_ms - start > numbers.longest_ms || viewed > numbers.viewed {
            return false;
        }
    }
    if chats > talks.len() as i64 && talks.iter().any(|talk| talk.deal.is_some()) {
        return false;
    }
    sessions <= numbers.sessions
        && submits <= numbers.submissions
        && chats <= numbers.chats.min(numbers.flood_chats)
        && events < numbers.flood_events.min(numbers.ticks)
}

/// Folds facts, all of which are taken, into a row.
pub fn fold<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, facts: &[Fact<'a>]) -> PyResult<()> {
    let touches = facts[0].time_ms - row.newest.end <= way.options.numbers.gap_ms;
    let was = row.newest.channel.is_some();
    let with_forms = facts.iter().any(|fact| matches!(fact.deed, Deed::Form(_)));
    let (newest, ticks) = (row.older.len(), row.newest.ticks().count());
    let known = newest + usize::from(!touches);
    let before = listed(way, row, known, with_forms)?;
    for fact in facts {
        one(way, row, fact)?;
    }
    finished(way, row, known, facts, before, with_forms)?;
    let session = row.all().nth(newest);
    match session.filter(|session| !was && session.channel.is_some()) {
        Some(session) => move_views(way, session, session.ticks().take(ticks)),
        None => Ok(()),
    }
}

/// Makes the row of a new person of facts, all of which are taken.
pub fn begin<'a>(way: &mut Way<'_, '_>, facts: &[Fact<'a>]) -> PyResult<Row<'a>> {
    let first = &facts[0];
    let mut row = Row {
        last: first.time_ms,
        older: Vec::new(),
        newest: empty(first.time_ms),
        source: Cow::Borrowed(first.source),
        extra: None,
    };
    extended(way, &mut row, first)?;
    for fact in &facts[1..] {
        one(way, &mut row, fact)?;
    }
    let with_forms = facts.iter().any(|fact| matches!(fact.deed, Deed::Form(_)));
    finished(way, &mut row, 0, facts, Cells::new(), with_forms)?;
    Ok(row)
}

/// Lists what a row counts for, of its sessions those from a place on.
fn listed(way: &mut Way<'_, '_>, row: &Row<'_>, from: usize, with_forms: bool) -> PyResult<Cells> {
    let mut out = match row.extra.as_ref().filter(|_| with_forms) {
        Some(extra) => submissions::cells(way, &extra.submissions)?,
        None => Cells::new(),
    };
    of_person(way, row, &mut out)?;
    for session in row.all().skip(from) {
        of_session(way, session, &mut out)?;
    }
    Ok(out)
}

/// Leaves sessions from a place on as they are stored, and writes the difference.
fn finished(
    way: &mut Way<'_, '_>,
    row: &mut Row<'_>,
    from: usize,
    facts: &[Fact<'_>],
    mut before: Cells,
    with_forms: bool,
) -> PyResult<()> {
    for session in row.older.iter_mut().chain([&mut row.newest]).skip(from) {
        in_order(session);
        prune(session);
    }
    for cell in listed(way, row, from, with_forms)? {
        match before.iter().position(|other| *other == cell) {
            Some(place) => {
                before.swap_remove(place);
            }
            None => way.changes.put(cell.0, cell.1, cell.2),
        }
    }
    submissions::put(way, &before, -1);
    for fact in facts {
        let Some(view) = fact.view() else { continue };
        let holds = |session: &&Session<'_>| session.start <= fact.time_ms;
        let Some(session) = row.all().filter(holds).last() else {
            continue;
        };
        let origin = way.origin(session)?;
        extend::count(way, fact.time_ms, view, origin)?;
    }
    chats::settle(way, row.extra.as_deref())
}

/// Puts what a session viewed in order, as that of a session that was worked on is stored.
fn in_order(session: &mut Session<'_>) {
    let inner = session.viewed.trim_matches(MARK);
    let mut names: Vec<&str> = inner.split(MARK).collect();
    if names.is_sorted() {
        return;
    }
    names.sort_unstable();
    session.viewed = Cow::Owned(format!("{MARK}{}{MARK}", names.join(MARK.encode_utf8(&mut [0; 4]))));
}

/// Leaves out details that are of no use any more, by the events that are touch and first key event of a session.
fn prune(session: &mut Session<'_>) {
    let Some(held) = session.deeds.as_mut().and_then(|deeds| deeds.details.take()) else {
        return;
    };
    let opened = (session.start, &session.opened_by);
    let touch = session.said().map_or(opened, |said| (said[0].0, &said[0].1));
    let has_touch = session.channel.is_some();
    let Some(deeds) = session.deeds.as_deref() else { return };
    let Ok(mut details) = Details::read(&held) else { return };
    let first = deeds.first_key.as_ref().map(|key| (key.time_ms, &key.name));
    let mut is_pruned = false;
    if details
        .campaign
        .as_ref()
        .is_some_and(|(at_ms, name, _)| !has_touch || (*at_ms, name) != touch)
    {
        (details.campaign, is_pruned) = (None, true);
    }
    if details
        .key
        .as_ref()
        .is_some_and(|key| first != Some((key.at.0, &key.at.1)))
    {
        (details.key, is_pruned) = (None, true);
    }
    let is_empty =
        details.sights.is_empty() && details.asks.is_empty() && details.key.is_none() && details.campaign.is_none();
    let left = if is_empty {
        None
    } else if is_pruned {
        let mut to = Writer::default();
        details.write(&mut to);
        Some(Cow::Owned(to.out))
    } else {
        Some(held.clone())
    };
    drop(details);
    let Some(deeds) = &mut session.deeds else { return };
    deeds.details = left;
    if deeds.details.is_none() && is_nothing(deeds) {
        session.deeds = None;
    }
}

/// Tells whether deeds say nothing at all.
fn is_nothing(deeds: &Deeds<'_>) -> bool {
    deeds.said.is_none() && deeds.first_key.is_none() && deeds.forms.is_empty() && deeds.idle == 0
}

/// Makes a session of which nothing is known yet.
fn empty<'a>(time_ms: i64) -> Session<'a> {
    Session {
        start: time_ms,
        end: time_ms,
        events: 0,
        views: 0,
        engaged: 0,
        ticks: Cow::Owned(Vec::new()),
        opened_by: Cow::Borrowed(""),
        channel: None,
        campaign: None,
        engine: None,
        domain: None,
        country: None,
        group: None,
        content: None,
        viewed: Cow::Borrowed(""),
        deeds: None,
    }
}

/// Folds one fact.
fn one<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>) -> PyResult<()> {
    if fact.time_ms - row.newest.end > way.options.numbers.gap_ms {
        let before = std::mem::replace(&mut row.newest, empty(fact.time_ms));
        row.older.push(before);
    }
    extended(way, row, fact)
}

/// Folds one fact into the newest session.
fn extended<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>) -> PyResult<()> {
    let name = row.short(fact);
    let (session, view) = (&mut row.newest, fact.view());
    row.last = row.last.max(fact.time_ms);
    session.events += 1;
    let tick = extend::tick(session, fact.time_ms) + u32::from(view.is_some());
    extend::append(session, &[tick]);
    if is_presence(way.options, fact) {
        session.end = session.end.max(fact.time_ms);
    } else {
        session.deeds.get_or_insert_with(Box::default).idle += 1;
    }
    say(session, fact, name);
    match &fact.deed {
        Deed::View(view) => see(way, session, view),
        Deed::Form(one) => form(way, row, fact, one),
        Deed::Chat(one) => chat(way, row, fact, one),
    }
}

/// Lets a session have what an event behind all others says of it, as far as nothing did.
fn say<'a>(session: &mut Session<'a>, fact: &Fact<'a>, name: Str<'a>) {
    let landing = fact.view().filter(|_| session.group.is_none());
    let gives_touch = session.channel.is_none() && fact.touch.is_some();
    let gives_country = session.country.is_none() && fact.country.is_some();
    if !gives_touch && !gives_country && landing.is_none() {
        return;
    }
    let opened = (session.start, session.opened_by.clone());
    let never = || (0, Cow::Borrowed(""));
    let known = |has: bool| if has { opened.clone() } else { never() };
    let mut said = match session.said() {
        Some(said) => said.clone(),
        None => [
            known(session.channel.is_some()),
            known(session.country.is_some()),
            known(session.group.is_some()),
        ],
    };
    let mark = (fact.time_ms, name);
    if gives_touch {
        [session.channel, session.campaign, session.engine, session.domain] = kept(fact.touch);
        said[0] = mark.clone();
    }
    if gives_country {
        session.country = fact.country.map(Cow::Borrowed);
        said[1] = mark.clone();
    }
    if let Some(view) = landing {
        session.group = Some(Cow::Borrowed(view.group));
        session.content = Some(Cow::Borrowed(view.content));
        said[2] = mark;
    }
    let mut given = said.iter().filter(|mark| **mark != never());
    let first = given.next().cloned().unwrap_or_else(never);
    if first.0 == session.start && given.all(|mark| *mark == first) {
        session.opened_by = first.1; // one event gave all of it
        return;
    }
    session.opened_by = Cow::Borrowed("");
    session.deeds.get_or_insert_with(Box::default).said = Some(said);
}

/// Notes a page view.
fn see(way: &mut Way<'_, '_>, session: &mut Session<'_>, view: &View<'_>) -> PyResult<()> {
    extend::stay(session, view, way.options);
    session.views += 1;
    if session.viewed.contains(view.viewed) {
        return Ok(());
    }
    extend::see(way, session, view, 0) // what it counts for is listed with the whole row
}

/// Notes what happened to a form.
fn form<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, form: &Form<'a>) -> PyResult<()> {
    if form.action == FormAction::Other {
        return Ok(());
    }
    let (time_ms, most) = (fact.time_ms, way.options.numbers.times);
    let landed_ms = row.newest.landed();
    let label = way.labels.forms.of(way.py, Some(form.form))?;
    let deeds = row.newest.deeds.get_or_insert_with(Box::default);
    let times = deeds.times(&label);
    match form.action {
        FormAction::View => {
            if times[0] == 0 {
                times[0] = time_ms;
            }
            return Ok(());
        }
        FormAction::Submit => {
            let started = times[1];
            let mut submits = times.split_off(2);
            note(&mut submits, time_ms, started, most);
            times.append(&mut submits);
        }
        _ if times[1] == 0 => times[1] = time_ms, // submits before it stay, and there are none behind
        _ => {}
    }
    note(&mut deeds.starts, time_ms, landed_ms, most);
    if form.action == FormAction::Submit {
        submitted(way, row, fact, form, label)?;
    }
    Ok(())
}

/// Notes what was sent, and that its person converted.
fn submitted<'a>(
    way: &mut Way<'_, '_>,
    row: &mut Row<'a>,
    fact: &Fact<'a>,
    form: &Form<'a>,
    label: String,
) -> PyResult<()> {
    let form_type = form.form_type;
    let makes_lead = form_type.is_some_and(|of| way.options.words.key_forms.contains(of));
    let content = way.labels.contents.of(way.py, form.content)?;
    let extra = row.extra.get_or_insert_with(Box::default);
    extra.last_submit = extra.last_submit.max(fact.time_ms);
    let held = &mut extra.submissions;
    submit(way.options, held, fact, form, label, content, makes_lead);
    if !makes_lead {
        return Ok(());
    }
    let (key, name) = (key_of_submit(way, form)?, row.short(fact));
    convert(&mut row.newest, fact.time_ms, name, key, way.options.numbers.times);
    Ok(())
}

/// Notes what happened in a chat; what conversations count for is no part of what is listed.
fn chat<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, chat: &Chat<'a>) -> PyResult<()> {
    chats::say(way, row, fact, chat)?;
    if is_presence(way.options, fact) {
        let extra = row.extra.get_or_insert_with(Box::default);
        extra.last_chat = extra.last_chat.max(fact.time_ms);
    }
    if let Some(key) = chats::key_of_chat(way.options, chat) {
        let name = row.short(fact);
        convert(&mut row.newest, fact.time_ms, name, key, way.options.numbers.times);
    }
    Ok(())
}

/// Notes the newest of some times, as far as it may become the first that is not before something.
fn note(times: &mut Vec<i64>, time_ms: i64, after_ms: i64, most: usize) {
    times.push(time_ms);
    if after_ms != 0 {
        times.truncate(times.partition_point(|time| *time < after_ms) + 1);
    }
    times.truncate(most);
}
