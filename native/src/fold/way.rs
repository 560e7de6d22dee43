//! What the incremental way works with while it folds one person.

use pyo3::prelude::*;

use super::changes::Changes;
use super::chats::Conversation;
use super::labels::Labels;
use super::numbers::{OriginCells, SiteNumbers, Step, StepCells};
use super::options::Options;
use super::row::Session;

pub struct Way<'c, 'py> {
    pub py: Python<'py>,
    pub options: &'c Options,
    pub changes: &'c mut Changes,
    pub site: &'c mut SiteNumbers,
    pub labels: &'c mut Labels,
    /// Thread → what it came to before the events of the batch.
    pub talked: Vec<(String, Option<Conversation>)>,
}

impl Way<'_, '_> {
    #[inline]
    pub fn pane(&self, time_ms: i64) -> i64 {
        self.changes.grid.pane(time_ms)
    }

    /// Gives the cells of a session by where it came from.
    pub fn origin(&mut self, session: &Session<'_>) -> PyResult<OriginCells> {
        let origin = (
            session.channel.as_deref(),
            session.campaign.as_deref(),
            session.engine.as_deref(),
            session.domain.as_deref(),
        );
        self.site.origin(self.py, self.changes, self.options, origin)
    }

    /// Gives the cells of a step.
    pub fn step(&mut self, step: Step) -> PyResult<StepCells> {
        self.site.step(self.py, self.changes, self.options, step)
    }

    /// Gives the cell of the steps that took about so long.
    pub fn seconds(&mut self, name: Step, took_ms: i64) -> PyResult<i64> {
        let bucket = self.options.buckets.of(took_ms);
        let site = &*self.site.site;
        let labels = [site.into(), name.0.into(), name.1.into(), bucket.into()];
        self.changes.number(self.py, "step_seconds", &labels)
    }

    /// Counts that a step was taken, or takes it back; none was where nothing began.
    pub fn reached(&mut self, name: Step, start_ms: i64, end_ms: i64, sign: i64) -> PyResult<()> {
        let took_ms = end_ms - start_ms;
        if start_ms == 0 || !(0..=self.options.numbers.horizon_ms).contains(&took_ms) {
            return Ok(());
        }
        let step = self.step(name)?;
        let (cohort, taken) = (self.pane(start_ms), self.pane(end_ms));
        let seconds = self.seconds(name, took_ms)?;
        self.changes.step(step.reached, cohort, sign);
        self.changes.step(seconds, taken, sign);
        self.changes.count(step.ms, taken, sign * took_ms);
        if took_ms <= step.target_ms {
            self.changes.step(step.in_time, cohort, sign);
        }
        Ok(())
    }
}
