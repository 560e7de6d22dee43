//! The fold: facts of people into their rows, and the difference it makes into changes of cells.
//!
//! Python is the reference and takes everything that is not a common case; laws hold the two together.

mod ads;
pub(crate) mod ads_class;
pub(crate) mod changes;
mod chats;
mod copy;
mod counted;
pub(crate) mod decoded;
pub(crate) mod decoded_mails;
mod deeds;
mod details;
mod extend;
pub(crate) mod fact;
mod followed;
mod gathered;
mod labels;
mod later;
mod mails;
pub(crate) mod mails_class;
mod message;
pub(crate) mod msgpack;
mod names;
mod numbers;
mod open;
mod opening;
mod options;
pub(crate) mod outgoing;
mod people;
pub(crate) mod people_class;
mod published;
mod python;
mod read;
mod row;
mod submissions;
mod walk;
mod way;
mod write;

use pyo3::prelude::*;

/// Adds what Python calls.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<people_class::PeopleCore>()?;
    module.add_class::<mails_class::MailsCore>()?;
    module.add_class::<ads_class::AdsCore>()
}
