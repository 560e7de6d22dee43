//! Sessions that begin, and direct ones of which an event says where they came from.

use std::borrow::Cow;

use pyo3::prelude::*;

use super::changes::Label;
use super::fact::{Fact, Touch, View, DIRECT, UNKNOWN};
use super::numbers::OriginCells;
use super::open::{is_engaged, Open};
use super::options::Options;
use super::row::{Row, Session, Str};
use super::way::Way;

const FIRST_TICK: u32 = 1;

/// Gives channel, campaign, engine and domain of a touch as a session keeps them.
pub fn kept<'a>(touch: Option<Touch<'a>>) -> [Option<Str<'a>>; 4] {
    let text = |one: Option<&'a str>| one.map(Cow::Borrowed);
    match touch {
        None => [None, None, None, None],
        Some(touch) => [
            text(Some(touch.channel)),
            text(Some(touch.campaign)),
            text(touch.engine),
            text(touch.domain),
        ],
    }
}

/// Makes a session of one page view; `name` is as it is stored.
pub fn opened<'a>(options: &Options, fact: &Fact<'a>, view: &View<'a>, name: Str<'a>) -> Session<'a> {
    let [channel, campaign, engine, domain] = kept(fact.touch);
    Session {
        start: fact.time_ms,
        end: fact.time_ms,
        events: 1,
        views: 1,
        engaged: view.engagement_ms.min(options.numbers.engaged_ms),
        ticks: Cow::Owned(FIRST_TICK.to_ne_bytes().to_vec()),
        opened_by: name,
        channel,
        campaign,
        engine,
        domain,
        country: fact.country.map(Cow::Borrowed),
        group: Some(Cow::Borrowed(view.group)),
        content: Some(Cow::Borrowed(view.content)),
        viewed: Cow::Borrowed(view.viewed),
        deeds: None,
    }
}

/// A way of counting a person: the kind of its cell, and labels behind the site.
pub type WayOf<'s> = (&'static str, [Option<&'s str>; 2]);

/// Lists the ways in which a session counts its person.
pub fn ways<'s>(options: &Options, session: &'s Session<'_>) -> Vec<WayOf<'s>> {
    let mut out = vec![
        ("person", [None, None]),
        ("channel_person", [Some(session.channel_name()), None]),
        ("campaign_person", [Some(session.campaign_name()), None]),
        ("country_person", [Some(session.country_name()), None]),
    ];
    if let (Some(group), Some(content)) = (session.group.as_deref(), session.content.as_deref()) {
        out.push(("landing_person", [Some(group), Some(content)]));
    }
    if options.social(session.channel_name()).is_some() {
        out.push(("social_person", [None, None]));
    }
    out
}

/// Opens a later session of a person who is not known, and contributes the difference.
pub fn reopen<'a>(way: &mut Way<'_, '_>, row: &mut Row<'a>, fact: &Fact<'a>, view: &View<'a>) -> PyResult<()> {
    let py = way.py;
    let session = opened(way.options, fact, view, row.short(fact));
    let here = way.pane(session.start);
    let before: Vec<_> = row.all().map(|other| (other.end, ways(way.options, other))).collect();
    let site = &*way.site.site;
    for one in ways(way.options, &session) {
        let latest = before
            .iter()
            .filter(|(_, others)| others.contains(&one))
            .map(|(end, _)| *end)
            .max()
            .unwrap_or(0);
        let mut labels = vec![Label::Text(site)];
        labels.extend(one.1.into_iter().flatten().map(Label::Text));
        let cell = way.changes.number(py, one.0, &labels)?;
        if latest != 0 {
            way.changes.down(cell, way.changes.grid.pane(latest));
        }
        way.changes.up(cell, here);
    }
    let channel = session.channel_name();
    let last_end = way.changes.grid.pane(row.newest.end);
    way.changes.add(py, "stranger", &[site.into()], last_end, -1)?;
    way.changes.add(py, "stranger", &[site.into()], here, 1)?;
    if let Some(step) = way.options.step_of_landing(channel) {
        way.changes.add(
            py,
            "step_from",
            &[site.into(), step.into(), "key_event".into()],
            here,
            1,
        )?;
    }
    let by_channel: [Label<'_>; 2] = [site.into(), channel.into()];
    let whole = [
        site.into(),
        channel.into(),
        session.engine.as_deref().into(),
        session.domain.as_deref().into(),
    ];
    way.changes.add(py, "session", &whole, here, 1)?;
    way.changes.add(py, "bounce", &by_channel, here, 1)?;
    way.changes.add(py, "session_view", &by_channel, here, 1)?;
    if is_engaged(&session, way.options) {
        way.changes.add(py, "engaged", &by_channel, here, 1)?;
    }
    way.changes.add(py, "view", &by_channel, here, 1)?;
    let page = [site.into(), view.group.into(), view.content.into()];
    way.changes.add(py, "content_view", &page, here, 1)?;
    if view.is_download {
        way.changes.add(py, "content_download", &page, here, 1)?;
    }
    row.last = session.start;
    row.older.push(std::mem::replace(&mut row.newest, session));
    Ok(())
}

/// Moves to a channel what a direct session has counted by its own: it is all that its person has.
pub fn give_channel<'a>(
    way: &mut Way<'_, '_>,
    row: &mut Row<'a>,
    here: &mut Open,
    fact: &Fact<'a>,
) -> PyResult<OriginCells> {
    let name = row.short(fact);
    let session = &mut row.newest;
    let (start, before) = (way.pane(session.start), way.pane(here.before));
    let old = way.origin(session)?;
    [session.channel, session.campaign, session.engine, session.domain] = kept(fact.touch);
    let new = way.origin(session)?;
    way.changes.down(old.session, start);
    way.changes.up(new.session, start);
    if new.landed >= 0 {
        way.changes.up(new.landed, start);
    }
    if !here.fresh {
        way.changes.count(old.session_view, start, -here.views);
        way.changes.count(new.session_view, start, here.views);
        let mut moved = vec![(old.stranger, new.stranger, before)];
        if here.was_bounce {
            moved.push((old.bounce, new.bounce, start));
        }
        if here.was_engaged {
            moved.push((old.engaged, new.engaged, start));
        }
        for (was, now, at) in moved {
            way.changes.down(was, at);
            way.changes.up(now, at);
        }
    }
    move_views(way, session, session.ticks().chain(here.ticks.iter().copied()))?;
    let opener = std::mem::take(&mut session.opened_by);
    let (at, has_country) = (session.start, session.country.is_some());
    let country = if has_country {
        (at, opener.clone())
    } else {
        (0, Cow::Borrowed(""))
    };
    let deeds = session.deeds.get_or_insert_with(Box::default);
    deeds.said = Some([(fact.time_ms, name), country, (at, opener)]);
    here.after_ms = here.last.max(fact.time_ms);
    Ok(new)
}

/// Moves page views, of some ticks of a session that was a direct one, to the channel that it has now.
pub fn move_views(way: &mut Way<'_, '_>, session: &Session<'_>, ticks: impl Iterator<Item = u32>) -> PyResult<()> {
    let (py, site) = (way.py, &*way.site.site);
    let was = way.changes.number(py, "channel_view", &[site.into(), DIRECT.into()])?;
    let now = way
        .changes
        .number(py, "channel_view", &[site.into(), session.channel.as_deref().into()])?;
    for tick in ticks.filter(|tick| tick & 1 == 1) {
        let at = way.changes.grid.pane(session.start + i64::from(tick >> 1));
        way.changes.down(was, at);
        way.changes.up(now, at);
    }
    Ok(())
}

/// Names where a person is counted who has no country.
pub fn country_of<'s>(session: &'s Session<'_>) -> &'s str {
    session.country.as_deref().unwrap_or(UNKNOWN)
}
