//! The class by which Python folds messages whose events it read itself.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::changes::Grid;
use super::copy::{Mail, MailAction, Rules};
use super::mails::{Mails, Tables};

/// Texts of an event, in this order, behind its name.
const TEXTS: [&str; 8] = [
    "bounce_type",
    "link_path",
    "campaign_id",
    "email_purpose",
    "variant",
    "recipient_domain",
    "lead_id",
    "email_hash",
];

/// Folds the messages of one shard that have one recipient each.
#[pyclass(module = "leadpulse_native")]
pub struct MailsCore {
    pub(crate) mails: Mails,
}

/// An event of Python, read but for its texts.
struct Held<'py> {
    time_ms: i64,
    action: MailAction,
    is_machine: bool,
    name: Bound<'py, PyString>,
    texts: Vec<Option<Bound<'py, PyString>>>,
}

impl<'py> Held<'py> {
    /// Reads (time, name, data).
    fn new(told: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let told = told.downcast::<PyTuple>()?;
        let (py, data) = (told.py(), told.get_item(2)?);
        let action = data.getattr(intern!(py, "action"))?;
        let Some(action) = MailAction::named(&action.downcast::<PyString>()?.to_cow()?) else {
            return Ok(None);
        };
        let mut texts = Vec::with_capacity(TEXTS.len());
        for name in TEXTS {
            let text = data.getattr(name)?;
            texts.push(if text.is_none() {
                None
            } else {
                Some(text.downcast_into::<PyString>()?)
            });
        }
        Ok(Some(Held {
            time_ms: told.get_item(0)?.extract()?,
            action,
            is_machine: data.getattr(intern!(py, "machine"))?.is_truthy()?,
            name: told.get_item(1)?.downcast_into()?,
            texts,
        }))
    }

    fn mail(&self) -> Option<Mail<'_>> {
        let mut read = [None; TEXTS.len()];
        for (read, text) in read.iter_mut().zip(&self.texts) {
            if let Some(text) = text {
                *read = Some(text.to_str().ok()?);
            }
        }
        let [bounce, link, campaign, purpose, variant, domain, lead, email_hash] = read;
        Some(Mail {
            time_ms: self.time_ms,
            name: self.name.to_str().ok()?,
            action: self.action,
            is_machine: self.is_machine,
            bounce,
            link,
            says: [campaign, purpose, variant, domain],
            lead,
            email_hash,
        })
    }
}

#[pymethods]
impl MailsCore {
    /// Takes (pane_ms, origin_ms), and what the rules say.
    #[new]
    fn new(grid: (i64, i64), rules: Rules) -> Self {
        MailsCore {
            mails: Mails::new(
                rules,
                Grid {
                    pane_ms: grid.0,
                    origin_ms: grid.1,
                },
            ),
        }
    }

    /// Forgets who got mails.
    fn forget(&mut self) {
        self.mails.names.clear();
    }

    /// Folds (time, name, data) gathered by message into the rows of an `Emails`; gives those that are left over.
    fn fold<'py>(
        &mut self,
        messages: &Bound<'py, PyDict>,
        emails: &Bound<'py, PyAny>,
        accumulator: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (tables, left) = (Tables::of(emails, accumulator)?, PyDict::new(messages.py()));
        self.mails.count_in(&tables);
        for (key, told) in messages.iter() {
            let (key, told) = (key.downcast_into::<PyString>()?, told.downcast_into::<PyList>()?);
            let mut held = Vec::with_capacity(told.len());
            for one in told.iter() {
                held.extend(Held::new(&one)?);
            }
            let mut mails: Vec<_> = held.iter().map_while(Held::mail).collect();
            if mails.len() < told.len() || !self.mails.message(&tables, &key, &mut mails)? {
                left.set_item(key, told)?;
            }
        }
        self.mails.flush(&tables, accumulator)?;
        Ok(left)
    }
}
