//! The incremental way: the difference that a common case makes, written without looking at the whole row.
//!
//! As `stream/stages/visitors/incremental.py`, which says more of it; laws hold the two together.

use std::borrow::Cow;

use pyo3::prelude::*;

use super::chats;
use super::deeds;
use super::fact::{Deed, Fact, Touch, View};
use super::numbers::{Origin, OriginCells};
use super::open::{begun, is_engaged, is_first, is_full, Open};
use super::opening::{country_of, give_channel, opened, reopen};
use super::options::Options;
use super::row::{Row, Session};
use super::way::Way;

const LARGEST_TICK: u32 = u32::MAX - 1;

fn origin_of<'s>(touch: Option<Touch<'s>>) -> Origin<'s> {
    match touch {
        None => (None, None, None, None),
        Some(touch) => (Some(touch.channel), Some(touch.campaign), touch.engine, touch.domain),
    }
}

/// Makes the row of a new person; gives it and how many facts it holds. None where the first fact is no common case.
pub fn begin<'a>(way: &mut Way<'_, '_>, facts: &[Fact<'a>]) -> PyResult<Option<(Row<'a>, usize)>> {
    let fact = &facts[0];
    let Some(view) = fact.view().filter(|_| is_first(fact)) else {
        return Ok(None);
    };
    let py = way.py;
    let origin = way.site.origin(py, way.changes, way.options, origin_of(fact.touch))?;
    let page = way.site.page(py, way.changes, view.viewed, view.group, view.content)?;
    let session = opened(way.options, fact, view, Cow::Borrowed(fact.id));
    let start = way.pane(fact.time_ms);
    let mut row = Row {
        last: fact.time_ms,
        older: Vec::new(),
        newest: session,
        source: Cow::Borrowed(fact.source),
        extra: None,
    };
    *way.site.newcomers.entry(start).or_default() += 1;
    for cell in [origin.session, page.view, origin.view] {
        way.changes.up(cell, start);
    }
    if origin.landed >= 0 {
        way.changes.up(origin.landed, start);
    }
    if view.is_download {
        downloaded(way, view, start)?;
    }
    let mut done = 1;
    if facts.len() > 1 {
        let numbers = &way.options.numbers;
        let (latest_ms, most) = (
            fact.time_ms + numbers.longest_ms,
            numbers.flood_events.min(numbers.ticks),
        );
        let mut ticks = Vec::new();
        let room = Room {
            after_ms: fact.time_ms,
            latest_ms,
            most,
        };
        done = views(way, origin, &mut row, facts, 1, &mut ticks, room)?;
        let session = &mut row.newest;
        append(session, &ticks);
        row.last = session.end;
        if done < facts.len() {
            let here = Open::new(&row, way.options, true);
            let done = extend_from(way, &mut row, here, facts, done)?;
            return Ok(Some((row, done)));
        }
    }
    let session = &row.newest;
    let end = way.pane(session.end);
    for _ in 0..session.views {
        way.changes.up(origin.session_view, start);
    }
    if session.views == 1 {
        way.changes.up(origin.bounce, start);
    }
    if session.views > 1 || session.engaged >= way.options.numbers.engaged_ms {
        way.changes.up(origin.engaged, start);
    }
    let country = way.site.country(py, way.changes, country_of(session))?;
    for cell in [origin.stranger, country, page.landing] {
        way.changes.up(cell, end);
    }
    Ok(Some((row, done)))
}

/// Folds facts into a row that has a session; gives the place of the first one left over.
pub fn extend<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, facts: &[Fact<'a>]) -> PyResult<usize> {
    let here = Open::new(row, way.options, false);
    extend_from(way, row, here, facts, 0)
}

fn extend_from<'a>(
    way: &mut Way<'_, '_>,
    row: &mut Row<'a>,
    mut here: Open,
    facts: &[Fact<'a>],
    mut at: usize,
) -> PyResult<usize> {
    let mut origin = way.origin(&row.newest)?;
    while at < facts.len() {
        let fact = &facts[at];
        if fact.view().is_some() && here.most != 0 {
            let room = Room {
                after_ms: here.after_ms,
                latest_ms: here.latest_ms,
                most: here.most,
            };
            let mut ticks = std::mem::take(&mut here.ticks);
            let done = views(way, origin, row, facts, at, &mut ticks, room)?;
            here.ticks = ticks;
            if done > at {
                at = done;
                here.last = here.last.max(row.newest.end);
                continue;
            }
        }
        if !here.takes(way, row, fact)? {
            break;
        }
        at += 1;
        let time_ms = fact.time_ms;
        let opens = time_ms - row.newest.end > way.options.numbers.gap_ms;
        if !opens && row.newest.channel.is_none() && fact.touch.is_some() {
            origin = give_channel(way, row, &mut here, fact)?;
        }
        if let (true, Some(view)) = (opens, fact.view()) {
            close(way, row, &mut here, origin)?;
            reopen(way, row, fact, view)?;
            here = Open::new(row, way.options, false);
            origin = way.origin(&row.newest)?;
            continue;
        }
        let session = &mut row.newest;
        session.events += 1;
        here.last = here.last.max(time_ms);
        let tick = tick(session, time_ms);
        match &fact.deed {
            Deed::View(one) => {
                view(way, row, fact.time_ms, one, origin)?;
                here.ticks.push(tick + 1);
                let session = &mut row.newest;
                session.views += 1;
                session.end = session.end.max(time_ms);
                continue;
            }
            Deed::Form(form) => {
                here.ticks.push(tick);
                if !deeds::form(way, row, fact, form)? {
                    continue;
                }
            }
            Deed::Chat(chat) => {
                here.ticks.push(tick);
                if !chats::chat(way, row, fact, chat)? {
                    continue;
                }
            }
        }
        row.newest.end = time_ms;
    }
    close(way, row, &mut here, origin)?;
    Ok(at)
}

/// Gives the tick of an event that is no page view; the longest session is shorter than what ticks can tell.
pub fn tick(session: &Session<'_>, time_ms: i64) -> u32 {
    u32::try_from(2 * (time_ms - session.start)).unwrap_or(LARGEST_TICK)
}

/// For which page views a session has room: later than `after_ms`, up to `latest_ms`, `most` events in all.
#[derive(Clone, Copy)]
struct Room {
    after_ms: i64,
    latest_ms: i64,
    most: i64,
}

/// Counts page views that bring nothing but themselves, as most do; gives the place of the first other fact.
fn views<'a>(
    way: &mut Way<'_, '_>,
    origin: OriginCells,
    row: &mut Row<'a>,
    facts: &[Fact<'a>],
    at: usize,
    ticks: &mut Vec<u32>,
    room: Room,
) -> PyResult<usize> {
    let (rest, is_alone) = (&facts[at..], row.is_alone());
    let session = &mut row.newest;
    if rest[0].time_ms <= room.after_ms
        || rest[rest.len() - 1].time_ms > room.latest_ms
        || session.events + rest.len() as i64 > room.most
    {
        return Ok(at);
    }
    let (no_channel, no_country, converted) =
        (session.channel.is_none(), session.country.is_none(), session.last_key());
    let (gap_ms, most_viewed) = (way.options.numbers.gap_ms, way.options.numbers.viewed);
    let (mut engaged_ms, mut done) = (0i64, 0);
    for fact in rest {
        let Some(view) = fact.view() else { break };
        if view.has_offer
            || fact.time_ms - session.end > gap_ms
            || (no_channel && fact.touch.is_some())
            || (no_country && fact.country.is_some())
        {
            break;
        }
        if !session.viewed.contains(view.viewed) {
            if is_full(&session.viewed, most_viewed) || (converted != 0 && !is_alone) {
                break;
            }
            see(way, session, view, converted)?;
        }
        count(way, fact.time_ms, view, origin)?;
        session.end = session.end.max(fact.time_ms);
        engaged_ms = engaged_ms.saturating_add(view.engagement_ms);
        ticks.push(tick(session, fact.time_ms) + 1);
        done += 1;
    }
    session.events += done;
    session.views += done;
    if engaged_ms != 0 {
        session.engaged = session
            .engaged
            .saturating_add(engaged_ms)
            .min(way.options.numbers.engaged_ms);
    }
    Ok(at + done as usize)
}

/// Adds to what was viewed; of a converted person it counts.
pub fn see(way: &mut Way<'_, '_>, session: &mut Session<'_>, view: &View<'_>, converted: i64) -> PyResult<()> {
    if converted != 0 {
        let labels = [(&*way.site.site).into(), view.group.into(), view.content.into()];
        let pane = way.changes.grid.pane(converted);
        way.changes.add(way.py, "content_converted", &labels, pane, 1)?;
    }
    let viewed = session.viewed.to_mut();
    viewed.pop();
    viewed.push_str(view.viewed);
    Ok(())
}

/// Counts one page view, and of a converted person what they had not viewed before.
fn view(way: &mut Way<'_, '_>, row: &mut Row<'_>, time_ms: i64, view: &View<'_>, origin: OriginCells) -> PyResult<()> {
    let session = &mut row.newest;
    if !session.viewed.contains(view.viewed) {
        let converted = session.last_key();
        see(way, session, view, converted)?;
    }
    stay(session, view, way.options);
    count(way, time_ms, view, origin)
}

/// Adds for how long a page was in the foreground.
pub fn stay(session: &mut Session<'_>, view: &View<'_>, options: &Options) {
    let engaged = session.engaged.saturating_add(view.engagement_ms);
    session.engaged = engaged.min(options.numbers.engaged_ms);
}

/// Counts one page view when it happened, and what was taken home by it.
pub fn count(way: &mut Way<'_, '_>, time_ms: i64, view: &View<'_>, origin: OriginCells) -> PyResult<()> {
    let pane = way.pane(time_ms);
    let page = way
        .site
        .page(way.py, way.changes, view.viewed, view.group, view.content)?;
    way.changes.up(origin.view, pane);
    way.changes.up(page.view, pane);
    if view.is_download {
        downloaded(way, view, pane)?;
    }
    Ok(())
}

fn downloaded(way: &mut Way<'_, '_>, view: &View<'_>, pane: i64) -> PyResult<()> {
    let labels = [(&*way.site.site).into(), view.group.into(), view.content.into()];
    way.changes.add(way.py, "content_download", &labels, pane, 1)
}

pub fn append(session: &mut Session<'_>, ticks: &[u32]) {
    if !ticks.is_empty() {
        session
            .ticks
            .to_mut()
            .extend(ticks.iter().flat_map(|tick| tick.to_ne_bytes()));
    }
}

/// Counts what a session became, and moves its person, in every way it counts them, to a later pane.
fn close(way: &mut Way<'_, '_>, row: &mut Row<'_>, here: &mut Open, origin: OriginCells) -> PyResult<()> {
    let py = way.py;
    let session = &mut row.newest;
    if !here.ticks.is_empty() {
        append(session, &here.ticks);
        row.last = here.last;
    }
    let session = &row.newest;
    let start = way.pane(session.start);
    let more = session.views - here.views;
    if more != 0 {
        way.changes.put(origin.session_view, start, more);
    }
    if !here.was_engaged && is_engaged(session, way.options) {
        way.changes.up(origin.engaged, start);
    }
    let is_bounce = session.is_bounce();
    if is_bounce != here.was_bounce {
        way.changes.step(origin.bounce, start, if is_bounce { 1 } else { -1 });
    }
    let (old, new) = (way.pane(here.before), way.pane(session.end));
    let mut seen = if here.key != 0 { origin.visit } else { origin.stranger };
    chats::settle(way, row.extra.as_deref())?;
    if let Some(deeds) = &session.deeds {
        if !deeds.forms.is_empty() {
            move_forms(way, session, here, old, new)?;
        }
        if let Some(first) = deeds.first_key.as_ref().filter(|_| here.key == 0) {
            // known from now on
            let pane = way.pane(first.time_ms);
            way.changes.add(py, "stranger", &[(&*way.site.site).into()], pane, 1)?;
            if !here.fresh {
                way.changes.down(seen, old);
                way.changes.up(origin.visit, old);
            }
            seen = origin.visit;
        }
    }
    if old == new && !here.fresh {
        return Ok(());
    }
    let country = way.site.country(py, way.changes, country_of(session))?;
    let mut cells = vec![seen, country];
    if let Some(group) = session.group.as_deref() {
        let labels = [
            (&*way.site.site).into(),
            group.into(),
            session.content.as_deref().into(),
        ];
        cells.push(way.changes.number(py, "landing_person", &labels)?);
    }
    for cell in cells {
        way.changes.up(cell, new);
        if !here.fresh {
            way.changes.down(cell, old);
        }
    }
    Ok(())
}

/// Moves the forms of a session to where it ends now.
fn move_forms(way: &mut Way<'_, '_>, session: &Session<'_>, here: &Open, old: i64, new: i64) -> PyResult<()> {
    let after = begun(session);
    if here.forms == after && old == new {
        return Ok(());
    }
    for (forms, pane, sign) in [(&here.forms, old, -1), (&after, new, 1)] {
        for (form, is_left) in forms {
            let cells = way.site.form(way.py, way.changes, form)?;
            way.changes.step(cells.begun, pane, sign);
            if *is_left {
                way.changes.step(cells.abandoned, pane, sign);
            }
        }
    }
    Ok(())
}
