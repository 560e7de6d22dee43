//! What Python decides for leads: the ladder, points, limits (`stream/lifecycle/rules.py`, `plan.py`).

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;

use super::calm::Ease;

/// What one happening counts for: places of facts, and of rules that count each time.
pub type Hits = (Vec<usize>, Vec<usize>);
/// What happens, by the values of a family of facts, and what each counts for.
pub type Family = HashMap<String, Hits>;

/// Rules as tables; facts, stages and rules go by their places.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Rules {
    pub ladder: Vec<String>,
    pub implied: Vec<bool>,
    pub timed_pairs: Vec<(usize, usize)>,
    /// Whether leads are counted by thresholds.
    pub has_mql: bool,
    pub threshold: i64,
    /// Lowest first.
    pub thresholds: Vec<i64>,
    /// The highest first.
    pub bands: Vec<(String, i64)>,
    pub cold: String,
    pub forget_after_ms: i64,
    pub memory_ms: i64,
    /// How far back it is known what somebody did before becoming a lead.
    pub remembered_ms: i64,
    pub touch_ms: i64,
    pub most_touches: usize,
    pub most_facts: usize,
    /// By fact: it may lie before its lead.
    pub any_time: Vec<bool>,
    pub alone: Family,
    pub form: Family,
    pub form_stage: Family,
    pub page: Family,
    pub mail: Family,
    /// By fact: the stages that it is evidence of by itself.
    pub enters: Vec<Vec<usize>>,
    pub together: Vec<(usize, Vec<usize>)>,
    /// The fact that the score crosses the threshold; None: no rule names it.
    pub score: Option<usize>,
    /// By rule.
    pub names: Vec<String>,
    pub points: Vec<i64>,
    pub a_day: Vec<usize>,
    pub single: Vec<(usize, Vec<usize>)>,
    pub silences: Vec<(usize, i64, bool)>,
    pub ease: Ease,
    /// What a touch is worth by its age in hours.
    pub fading: Vec<i64>,
    pub paid: HashSet<String>,
    pub models: Vec<String>,
    /// Names of the types of ids, and which of them join.
    pub fields: Vec<String>,
    pub strong: usize,
    pub visitor: i64,
    pub segments: Vec<String>,
    /// What became of somebody who began something.
    pub reached: i64,
    pub waits: i64,
    pub log_gamma: f64,
    /// The version of the bytes of facts.
    pub version: i64,
    /// Letters of facts that may make a lead of somebody.
    pub evidence: Vec<u8>,
    /// Times that can be written.
    pub first_ms: i64,
    pub last_ms: i64,
}
