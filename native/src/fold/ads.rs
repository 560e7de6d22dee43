//! Ads: single ad events into changes of cells. What a campaign is called, and in which grain it is told, Python knows.

use pyo3::intern;
use pyo3::prelude::*;
use rustc_hash::FxHashMap;

use super::changes::{Changes, Grid};

/// A single ad event. Amounts are millionths.
#[derive(Clone, Copy, Debug)]
pub struct Ad<'a> {
    pub time_ms: i64,
    /// Site, action, platform, campaign, type of channel, audience, variant, currency.
    pub named: [Option<&'a str>; 8],
    /// Of a spend its cost, else how many.
    pub amount: i64,
    pub conversion_value: Option<i64>,
}

/// What follows from an event's site, action and labels.
struct Known {
    python: Py<PyAny>,
    number: i64,
    value_number: Option<i64>,
    is_spend: bool,
    /// Hour of the newest single event that was marked, and the latest spend, as far as this fold has seen.
    hour: Option<i64>,
    spent_ms: Option<i64>,
}

/// The ads of one shard.
pub struct Ads {
    changes: Changes,
    hour_ms: i64,
    /// What Python remembers, too.
    kept: FxHashMap<Box<[u8]>, Known>,
    /// What it does not: forgotten with each fold.
    passing: FxHashMap<Box<[u8]>, Known>,
    key: Vec<u8>,
}

impl Ads {
    pub fn new(grid: Grid, hour_ms: i64) -> Self {
        Ads {
            changes: Changes::new(grid),
            hour_ms,
            kept: FxHashMap::default(),
            passing: FxHashMap::default(),
            key: Vec::new(),
        }
    }

    /// Counts in an accumulator from now on.
    pub fn count_in(&mut self, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.changes.count_in(&accumulator.getattr("ids")?) {
            self.kept = FxHashMap::default();
        }
        Ok(())
    }

    /// Counts an event; `of` is the `Ads` of Python.
    pub fn fold(&mut self, of: &Bound<'_, PyAny>, accumulator: &Bound<'_, PyAny>, ad: &Ad<'_>) -> PyResult<()> {
        self.name(ad);
        if !self.kept.contains_key(self.key.as_slice()) && !self.passing.contains_key(self.key.as_slice()) {
            self.ask(of, accumulator, ad)?;
        }
        let key = self.key.as_slice();
        let Some(known) = self.kept.get_mut(key).or_else(|| self.passing.get_mut(key)) else {
            return Ok(());
        };
        let pane = self.changes.grid.pane(ad.time_ms);
        self.changes.count(known.number, pane, ad.amount);
        if let (Some(number), Some(value)) = (known.value_number, ad.conversion_value) {
            self.changes.count(number, pane, value);
        }
        if known.is_spend {
            known.spent_ms = known.spent_ms.max(Some(ad.time_ms));
        }
        let (py, hour) = (of.py(), ad.time_ms.div_euclid(self.hour_ms));
        let python = known.python.bind(py);
        let before = match known.hour {
            Some(hour) => hour,
            None => python.getattr(intern!(py, "hour"))?.extract()?,
        };
        known.hour = Some(hour);
        if hour != before {
            of.call_method1(intern!(py, "single"), (python, ad.time_ms))?;
        }
        Ok(())
    }

    /// Tells Python what rose, and hands what was counted to the accumulator.
    pub fn flush(&mut self, of: &Bound<'_, PyAny>, accumulator: &Bound<'_, PyAny>) -> PyResult<()> {
        for known in self.kept.values_mut().chain(self.passing.values_mut()) {
            known.hour = None;
            if let Some(spent_ms) = known.spent_ms.take() {
                of.call_method1("spent", (&known.python, spent_ms))?;
            }
        }
        self.passing.clear();
        self.changes.give(accumulator)
    }

    /// Writes what an event is called into the key.
    fn name(&mut self, ad: &Ad<'_>) {
        self.key.clear();
        for text in ad.named {
            // a text may hold anything: its length tells where it ends
            let len = text.map_or(u64::MAX, |text| text.len() as u64);
            self.key.extend(len.to_ne_bytes());
            self.key.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }

    /// Asks Python what follows from a name that is not known yet.
    fn ask(&mut self, of: &Bound<'_, PyAny>, accumulator: &Bound<'_, PyAny>, ad: &Ad<'_>) -> PyResult<()> {
        let [site, action, platform, campaign, channel_type, audience, variant, currency] = ad.named;
        let named = (
            site,
            action,
            platform,
            campaign,
            channel_type,
            audience,
            variant,
            currency,
        );
        let (python, is_kept): (Py<PyAny>, bool) = of.call_method1("known_of", (named,))?.extract()?;
        let (ids, found) = (accumulator.getattr("ids")?, python.bind(of.py()));
        let value_cell = found.getattr("value_cell")?;
        let value_number = if value_cell.is_none() {
            None
        } else {
            Some(ids.get_item(value_cell)?.extract()?)
        };
        let number = ids.get_item(found.getattr("cell")?)?.extract()?;
        let is_spend = action == Some("spend");
        let known = Known {
            python,
            number,
            value_number,
            is_spend,
            hour: None,
            spent_ms: None,
        };
        let names = if is_kept { &mut self.kept } else { &mut self.passing };
        names.insert(self.key.as_slice().into(), known);
        Ok(())
    }
}
