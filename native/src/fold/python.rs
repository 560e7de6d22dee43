//! Facts of Python as facts of the fold: for what was decoded there, and for the laws that hold both folds together.

use std::collections::HashSet;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList, PyString, PyTuple};

use super::fact::{Actor, Chat, Deed, Fact, Form, FormAction, Touch, View};

/// Texts of a fact, in the order in which they are asked for, held while the fact borrows from them.
type Texts<'py> = Vec<Option<Bound<'py, PyString>>>;

const COMMON: [&str; 3] = ["source", "id", "country"];
const OF_VIEW: [&str; 3] = ["group", "content", "viewed"];
const OF_FORM: [&str; 7] = [
    "form_id",
    "form_type",
    "submission_id",
    "content_id",
    "offer_stage",
    "event_id",
    "currency",
];
const OF_CHAT: [&str; 3] = ["conversation_id", "bot_id", "currency"];

/// What a fact is, and the values of it that are no texts.
enum Made {
    View {
        engagement_ms: i64,
        has_offer: bool,
        is_download: bool,
    },
    Form {
        action: FormAction,
        has_offer: bool,
        asked: i64,
        known: i64,
        value: Option<i64>,
    },
    Chat {
        action: u8,
        actor: Actor,
        has_deal: bool,
        resolved: Option<bool>,
        duration_ms: i64,
        value: Option<i64>,
    },
}

/// A fact of Python, read but for its texts.
pub struct Held<'py> {
    time_ms: i64,
    texts: Texts<'py>,
    has_touch: bool,
    made: Made,
}

/// The classes of facts, and the actions of the chatbot as rows number them.
pub struct Classes {
    pub view: Py<PyAny>,
    pub form: Py<PyAny>,
    pub chat_actions: Vec<String>,
}

impl Classes {
    /// Reads a fact; None where it holds what the fold does not take.
    pub fn held<'py>(&self, fact: &Bound<'py, PyAny>) -> PyResult<Option<Held<'py>>> {
        let py = fact.py();
        let mut texts = Texts::with_capacity(12);
        add(&mut texts, fact, &COMMON)?;
        let touch = fact.getattr(intern!(py, "touch"))?;
        let has_touch = !touch.is_none();
        for at in 0..4 {
            let part = if has_touch {
                Some(touch.downcast::<PyTuple>()?.get_item(at)?)
            } else {
                None
            };
            texts.push(text(part)?);
        }
        let made = if fact.get_type().is(&self.view) {
            add(&mut texts, fact, &OF_VIEW)?;
            Some(Made::View {
                engagement_ms: fact.getattr(intern!(py, "engagement_ms"))?.extract()?,
                has_offer: !fact.getattr(intern!(py, "offer"))?.is_none(),
                is_download: fact.getattr(intern!(py, "is_download"))?.is_truthy()?,
            })
        } else {
            let data = fact.getattr(intern!(py, "data"))?;
            if fact.get_type().is(&self.form) {
                add(&mut texts, &data, &OF_FORM)?;
                form(&data)?
            } else {
                add(&mut texts, &data, &OF_CHAT)?;
                self.chat(&data)?
            }
        };
        let time_ms = fact.getattr(intern!(py, "time_ms"))?.extract()?;
        Ok(made.map(|made| Held {
            time_ms,
            texts,
            has_touch,
            made,
        }))
    }

    fn chat(&self, data: &Bound<'_, PyAny>) -> PyResult<Option<Made>> {
        let action = data.getattr("action")?;
        let action = action.downcast::<PyString>()?.to_cow()?;
        let Some(place) = self.chat_actions.iter().position(|known| *known == *action) else {
            return Ok(None);
        };
        let actor = match text(Some(data.getattr("actor")?))? {
            None => Actor::Nobody,
            Some(actor) => match &*actor.to_cow()? {
                "visitor" => Actor::Visitor,
                "bot" | "agent" => Actor::Ours,
                _ => Actor::Nobody,
            },
        };
        let duration_s: Option<f64> = data.getattr("duration_s")?.extract()?;
        let Ok(value) = value(data) else { return Ok(None) };
        Ok(Some(Made::Chat {
            action: place as u8,
            actor,
            has_deal: data.getattr("order_id")?.is_truthy()? || data.getattr("appointment_id")?.is_truthy()?,
            resolved: data.getattr("resolved")?.extract()?,
            duration_ms: duration_s.map_or(-1, |seconds| (seconds * 1_000.0).round_ties_even() as i64),
            value,
        }))
    }
}

fn form(data: &Bound<'_, PyAny>) -> PyResult<Option<Made>> {
    let action = data.getattr("action")?;
    let action = match &*action.downcast::<PyString>()?.to_cow()? {
        "view" => FormAction::View,
        "start" => FormAction::Start,
        "submit" => FormAction::Submit,
        _ => FormAction::Other,
    };
    let asked: HashSet<String> = names(data, "fields_asked")?;
    let present: HashSet<String> = names(data, "fields_present")?;
    let Ok(value) = value(data) else { return Ok(None) };
    Ok(Some(Made::Form {
        action,
        has_offer: data.getattr("offer_id")?.is_truthy()?,
        asked: asked.len() as i64,
        known: asked.intersection(&present).count() as i64,
        value,
    }))
}

fn names(data: &Bound<'_, PyAny>, field: &str) -> PyResult<HashSet<String>> {
    let names = data.getattr(field)?;
    if names.is_none() {
        return Ok(HashSet::new());
    }
    names.downcast::<PyList>()?.iter().map(|name| name.extract()).collect()
}

/// Reads an amount in millionths; an error where it is one that the fold does not take.
fn value(data: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let value = data.getattr("value")?;
    if value.is_instance_of::<PyFloat>() {
        return Err(pyo3::exceptions::PyTypeError::new_err(
            "an amount is told in millionths",
        ));
    }
    value.extract()
}

fn text(found: Option<Bound<'_, PyAny>>) -> PyResult<Option<Bound<'_, PyString>>> {
    match found.filter(|found| !found.is_none()) {
        None => Ok(None),
        Some(found) => Ok(Some(found.downcast_into::<PyString>()?)),
    }
}

fn add<'py>(texts: &mut Texts<'py>, of: &Bound<'py, PyAny>, names: &[&str]) -> PyResult<()> {
    for name in names {
        texts.push(text(Some(of.getattr(*name)?))?);
    }
    Ok(())
}

impl<'py> Held<'py> {
    /// Makes the fact; None where a text of it cannot be read.
    pub fn fact(&self, place: usize) -> Option<Fact<'_>> {
        let mut read = Vec::with_capacity(self.texts.len());
        for text in &self.texts {
            read.push(match text {
                None => None,
                Some(text) => Some(text.to_str().ok()?),
            });
        }
        let needed = |at: usize| read.get(at).copied().flatten();
        let filled = |at: usize| needed(at).filter(|text| !text.is_empty());
        let touch = if self.has_touch {
            Some(Touch {
                channel: needed(3)?,
                campaign: needed(4)?,
                engine: needed(5),
                domain: needed(6),
            })
        } else {
            None
        };
        let deed = match self.made {
            Made::View {
                engagement_ms,
                has_offer,
                is_download,
            } => Deed::View(View {
                group: needed(7)?,
                content: needed(8)?,
                viewed: needed(9)?,
                engagement_ms,
                has_offer,
                is_download,
            }),
            Made::Form {
                action,
                has_offer,
                asked,
                known,
                value,
            } => Deed::Form(Form {
                action,
                form: needed(7)?,
                form_type: needed(8),
                submission: needed(9),
                content: needed(10),
                offer_stage: needed(11),
                event: filled(12),
                has_offer,
                asked,
                known,
                value: value.zip(needed(13)),
            }),
            Made::Chat {
                action,
                actor,
                has_deal,
                resolved,
                duration_ms,
                value,
            } => Deed::Chat(Chat {
                action,
                actor,
                thread: needed(7)?,
                bot: filled(8),
                has_deal,
                resolved,
                duration_ms,
                value: value.zip(needed(9)),
            }),
        };
        Some(Fact {
            time_ms: self.time_ms,
            source: needed(0)?,
            id: needed(1)?,
            touch,
            country: needed(2),
            deed,
            said: None, // Python keeps what its own facts say
            place,
        })
    }
}
