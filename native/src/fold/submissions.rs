//! Submissions: which one a submit belongs to, and what they count for (`forms.py`).

use std::borrow::Cow;

use pyo3::prelude::*;

use super::changes::Label;
use super::fact::{Fact, Form, UNKNOWN};
use super::options::Options;
use super::row::Submission;
use super::way::Way;

/// The type of forms whose submit is a download.
const DOWNLOAD: &str = "download";

/// (number of a cell, pane, amount).
pub type Cells = Vec<(i64, i64, i64)>;

/// Adds a submit, the newest event of its person, to the submission that it belongs to.
pub fn submit<'a>(
    options: &Options,
    submissions: &mut Vec<Submission<'a>>,
    fact: &Fact<'a>,
    form: &Form<'a>,
    label: String,
    content: String,
    makes_lead: bool,
) {
    let (time_ms, name, within) = (fact.time_ms, fact.name(), options.numbers.submission_ms);
    let id = match form.submission {
        Some(id) if !id.is_empty() => Cow::Borrowed(id),
        _ => Cow::Owned(name.clone()),
    };
    let at = || (time_ms, Cow::<'a, str>::Owned(name.clone()));
    let belongs = |held: &Submission<'_>| {
        held.form == label && held.id == id && held.first.0 - within <= time_ms && time_ms <= held.last.0 + within
    };
    let place = match submissions.iter().position(belongs) {
        Some(place) => place,
        None => {
            submissions.push(Submission {
                form: Cow::Owned(label),
                id,
                first: at(),
                last: at(),
                asked: form.asked,
                known: form.known,
                key: None,
                value: None,
                download: None,
            });
            submissions.len() - 1
        }
    };
    let held = &mut submissions[place];
    if at() < held.first {
        held.first = at();
    }
    if at() >= held.last {
        (held.last, held.asked, held.known) = (at(), form.asked, form.known);
    }
    let is_before = |known: (i64, &str)| (time_ms, name.as_str()) < known;
    if let Some((amount, currency)) = form.value {
        if held
            .value
            .as_ref()
            .is_none_or(|(then, by, ..)| (*then, &**by) < (time_ms, name.as_str()))
        {
            held.value = Some((time_ms, Cow::Owned(name.clone()), amount, Cow::Borrowed(currency)));
        }
    }
    if let Some(form_type) = form.form_type {
        if makes_lead && held.key.as_ref().is_none_or(|(then, by, _)| is_before((*then, by))) {
            held.key = Some((time_ms, Cow::Owned(name.clone()), Cow::Borrowed(form_type)));
        }
        if form_type == DOWNLOAD
            && held
                .download
                .as_ref()
                .is_none_or(|(then, by, _)| is_before((*then, by)))
        {
            let content = if content.is_empty() {
                UNKNOWN.to_owned()
            } else {
                content
            };
            held.download = Some((time_ms, Cow::Owned(name.clone()), Cow::Owned(content)));
        }
    }
}

/// Lists what submissions count for.
pub fn cells(way: &mut Way<'_, '_>, submissions: &[Submission<'_>]) -> PyResult<Cells> {
    let mut out = Cells::new();
    for one in submissions {
        let at = way.pane(one.first.0);
        list(way, &mut out, "submit", &[], at, 1)?;
        if submissions.iter().any(|other| repeats(way.options, one, other)) {
            list(way, &mut out, "repeat_submit", &[], at, 1)?;
        }
        if one.asked != 0 {
            list(way, &mut out, "field_asked", &[], at, one.asked)?;
            list(way, &mut out, "field_known", &[], at, one.known)?;
        }
        if let Some((time_ms, _, form_type)) = &one.key {
            let pane = way.pane(*time_ms);
            list(way, &mut out, "key_event", &[(&**form_type).into()], pane, 1)?;
        }
        if let Some((time_ms, _, content)) = &one.download {
            let pane = way.pane(*time_ms);
            list(
                way,
                &mut out,
                "content_download",
                &[UNKNOWN.into(), (&**content).into()],
                pane,
                1,
            )?;
        }
        if let Some((_, _, amount, currency)) = &one.value {
            list(
                way,
                &mut out,
                "submission_value",
                &[(&*one.form).into(), (&**currency).into()],
                at,
                *amount,
            )?;
        }
    }
    Ok(out)
}

/// Lists a cell of the site.
pub fn list(
    way: &mut Way<'_, '_>,
    out: &mut Cells,
    kind: &str,
    more: &[Label<'_>],
    pane: i64,
    amount: i64,
) -> PyResult<()> {
    let mut labels = vec![(&*way.site.site).into()];
    labels.extend_from_slice(more);
    out.push((way.changes.number(way.py, kind, &labels)?, pane, amount));
    Ok(())
}

/// Contributes what is listed.
pub fn put(way: &mut Way<'_, '_>, cells: &Cells, sign: i64) {
    for (number, pane, amount) in cells {
        way.changes.put(*number, *pane, sign * amount);
    }
}

/// Tells whether the form had been sent under another id within the time of a submission before.
fn repeats(options: &Options, one: &Submission<'_>, other: &Submission<'_>) -> bool {
    other.form == one.form
        && other.id != one.id
        && other.first < one.first
        && other.last.0 >= one.first.0 - options.numbers.submission_ms
}
