//! What a person counts for, as a whole and by one session: cells, each in the pane of a moment.
//!
//! As `people.py` and `contribution.py` have it, for people without offers, conversations and sessions folded together
//! among what changes. Whoever writes a difference lists what there was, and what there is.

use pyo3::prelude::*;

use super::changes::Label;
use super::numbers::Step;
use super::open::is_engaged;
use super::opening::ways;
use super::row::{Row, Session};
use super::submissions::{self, Cells};
use super::walk::Walk;
use super::way::Way;

/// Kinds of cells by which a person is counted, and by which one who converted is.
const CONVERTED: [(&str, &str); 5] = [
    ("person", "converted"),
    ("channel_person", "channel_converted"),
    ("campaign_person", "campaign_converted"),
    ("landing_person", "landing_converted"),
    ("social_person", "social_converted"),
];

/// Lists one of a cell of the site, in the pane of a moment.
fn list(way: &mut Way<'_, '_>, out: &mut Cells, kind: &str, labels: &[Label<'_>], at_ms: i64) -> PyResult<()> {
    let pane = way.pane(at_ms);
    submissions::list(way, out, kind, labels, pane, 1)
}

/// Lists a step of the funnel: who began it, whether its end was reached, in time, and after how long.
fn step(way: &mut Way<'_, '_>, out: &mut Cells, name: Step, start_ms: i64, end_ms: i64) -> PyResult<()> {
    let (cells, cohort) = (way.step(name)?, way.pane(start_ms));
    out.push((cells.begun, cohort, 1));
    if end_ms != 0 {
        out.extend(way.taken(name, start_ms, end_ms)?);
    }
    Ok(())
}

/// Lists what a person counts for as a whole.
pub fn of_person(way: &mut Way<'_, '_>, row: &Row<'_>, out: &mut Cells) -> PyResult<()> {
    let mut walk = Walk::new(row.extra.as_ref().map_or(0, |extra| extra.known));
    for session in row.all() {
        walk.over(way.options, session);
    }
    let walk = walk.ended();
    if row.older.is_empty() {
        of_one_session(way, &row.newest, walk.stranger != 0, out)?;
    } else {
        of_many_sessions(way, row, out)?;
        if walk.stranger != 0 {
            list(way, out, "stranger", &[], walk.stranger)?;
        }
    }
    for at in &walk.newcomers {
        list(way, out, "newcomer", &[], *at)?;
    }
    for at in &walk.strangers {
        list(way, out, "stranger", &[], *at)?;
    }
    for (key, channel) in &walk.leads {
        let paid = way.options.words.paid.contains(*channel).then_some("paid");
        let labels = [(&*key.method).into(), (*channel).into(), "on_site".into(), paid.into()];
        list(way, out, "lead", &labels, key.time_ms)?;
        let labels = [(&*key.action).into(), (&*key.stage).into(), key.event.as_deref().into()];
        list(way, out, "lead_deed", &labels, key.time_ms)?;
    }
    for view in &walk.views {
        step(way, out, ("first_view", "form_start"), view.at, view.start)?;
        if view.unknown {
            step(way, out, ("first_view", "lead"), view.at, view.key)?;
        }
    }
    for (opened, landed, key) in &walk.landed {
        step(way, out, (opened, "key_event"), *landed, *key)?;
    }
    let Some(extra) = &row.extra else { return Ok(()) };
    if extra.last_submit != 0 {
        list(way, out, "form_person", &[], extra.last_submit)?;
    }
    if extra.last_chat != 0 {
        list(way, out, "chat_person", &[], extra.last_chat)?;
        if extra.last_submit != 0 {
            list(
                way,
                out,
                "chat_form_person",
                &[],
                extra.last_chat.min(extra.last_submit),
            )?;
        }
    }
    Ok(())
}

/// Lists a person of one session, in each way that it counts them.
fn of_one_session(way: &mut Way<'_, '_>, session: &Session<'_>, is_stranger: bool, out: &mut Cells) -> PyResult<()> {
    let (channel, campaign) = (session.channel_name(), session.campaign_name());
    let social = way.options.social(channel);
    let landing = [session.group.as_deref().into(), session.content.as_deref().into()];
    let has_landed = session.group.is_some() && session.content.is_some();
    let visit = [
        channel.into(),
        campaign.into(),
        social.into(),
        is_stranger.then_some("stranger").into(),
    ];
    list(way, out, "visit", &visit, session.end)?;
    list(
        way,
        out,
        "country_person",
        &[session.country_name().into()],
        session.end,
    )?;
    if has_landed {
        list(way, out, "landing_person", &landing, session.end)?;
    }
    let key_ms = session.last_key();
    if key_ms != 0 {
        list(way, out, "convert", &visit[..3], key_ms)?;
        if has_landed {
            list(way, out, "landing_converted", &landing, key_ms)?;
        }
        for name in session.names() {
            let labels: Vec<_> = name.into_iter().map(Label::from).collect();
            list(way, out, "content_converted", &labels, key_ms)?;
        }
    }
    Ok(())
}

/// Lists a person of several sessions: in each way that they are counted one, in the pane of the latest.
fn of_many_sessions(way: &mut Way<'_, '_>, row: &Row<'_>, out: &mut Cells) -> PyResult<()> {
    let mut latest = Vec::new();
    for session in row.all() {
        let (end, key) = (session.end, session.last_key());
        for one in ways(way.options, session) {
            note(&mut latest, one, end, key);
        }
        if key != 0 {
            for name in session.names() {
                let content = [name.first().copied(), name.get(1).copied()];
                note(&mut latest, ("content", content), 0, key);
            }
        }
    }
    for ((kind, labels), (end, key)) in latest {
        let labels: Vec<_> = labels.into_iter().flatten().map(Label::Text).collect();
        if end != 0 {
            list(way, out, kind, &labels, end)?;
        }
        if key == 0 {
            continue;
        }
        if kind == "content" {
            list(way, out, "content_converted", &labels, key)?;
        } else if let Some((_, converted)) = CONVERTED.iter().find(|(of, _)| *of == kind) {
            list(way, out, converted, &labels, key)?;
        }
    }
    Ok(())
}

/// Notes when somebody was last seen in one way of counting, and last converted; 0 is never.
fn note<W: PartialEq>(latest: &mut Vec<(W, (i64, i64))>, way: W, end: i64, key: i64) {
    match latest.iter_mut().find(|(known, _)| *known == way) {
        Some((_, seen)) => *seen = (seen.0.max(end), seen.1.max(key)),
        None => latest.push((way, (end, key))),
    }
}

/// Lists what belongs to a session alone: itself, what kind it is, its page views and its forms.
pub fn of_session(way: &mut Way<'_, '_>, session: &Session<'_>, out: &mut Cells) -> PyResult<()> {
    let (origin, start, end) = (way.origin(session)?, way.pane(session.start), way.pane(session.end));
    out.push((origin.session, start, 1));
    if session.is_bounce() {
        out.push((origin.bounce, start, 1));
    }
    if is_engaged(session, way.options) {
        out.push((origin.engaged, start, 1));
    }
    if session.views != 0 {
        out.push((origin.session_view, start, session.views));
    }
    for (form, times) in session.deeds.iter().flat_map(|deeds| &deeds.forms) {
        let (viewed, started, submits) = (times[0], times[1], &times[2..]);
        let cells = way.site.form(way.py, way.changes, form)?;
        if viewed != 0 {
            out.push((cells.view, way.pane(viewed), 1));
        }
        let cohort_ms = if started != 0 {
            started
        } else {
            submits.first().copied().unwrap_or(0)
        };
        if cohort_ms == 0 {
            continue;
        }
        let cohort = way.pane(cohort_ms);
        out.push((cells.start, cohort, 1));
        out.push((cells.begun, end, 1));
        out.push(if submits.is_empty() {
            (cells.abandoned, end, 1)
        } else {
            (cells.submit, cohort, 1)
        });
        if started != 0 {
            let taken = submits.iter().copied().find(|at| *at >= started).unwrap_or(0);
            step(way, out, ("form_start", "form_submit"), started, taken)?;
        }
    }
    Ok(())
}
