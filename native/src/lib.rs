//! The common way of leadpulse's records: from bytes to facts, and on to rows and changes of cells.
//!
//! Python is the reference and reads whatever is in any way unusual; a record or a person that this cannot vouch for is
//! handed back by its place. So each rare rule exists once. Nothing here borrows from Python, and nothing is unsafe.

pub mod arena;
pub mod batch;
pub mod core;
pub mod decode;
pub mod facts;
pub mod fold;
pub mod handback;
pub mod hashes;
pub mod json;
pub mod kinds;
pub mod labels;
pub mod leads;
pub mod named;
pub mod odd;
pub mod settle;
pub mod store;
pub mod symbols;
pub mod table;
pub mod times;
pub mod touches;
pub mod values;

use pyo3::prelude::*;

/// What the loader asks first: another number is another build than the Python beside it was made for.
pub const INTERFACE: u32 = 3;

/// The state of the sources that it was built from, as `native/build.py` names it; empty where nobody said.
pub const SOURCES: Option<&str> = option_env!("LEADPULSE_NATIVE_SOURCES");

/// The module that Python loads.
#[pymodule]
fn leadpulse_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add("SOURCES", SOURCES.unwrap_or_default())?;
    module.add("KINDS", kinds::Kind::NAMED.map(|(name, _)| name).to_vec())?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<core::Core>()?;
    module.add_class::<named::Named>()?;
    fold::register(module)?;
    leads::register(module)
}
