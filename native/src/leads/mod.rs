//! Leads: the common way of what the homes of ids are told.
//!
//! Most of whom anything is told are alone at their home: a visitor, or an address, of whom sessions, mails and forms are
//! known. What they are told is put into their rows, counted and told here; everybody else is Python's. The rules stand in
//! Python (`stream/stages/leads`, `stream/lifecycle`) and are handed in; laws hold the two together.

mod calm;
pub mod class;
mod counts;
mod credit;
mod facts;
mod home;
mod json;
mod message;
mod results;
mod row;
mod rules;
mod score;
mod view;

use pyo3::prelude::*;

/// Adds what Python calls.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<class::LeadsCore>()
}
