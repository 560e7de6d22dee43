//! What the incremental way works with while it folds one person.

use pyo3::prelude::*;

use super::changes::Changes;
use super::chats::Conversation;
use super::labels::Labels;
use super::numbers::{OriginCells, SiteNumbers, Step, StepCells};
use super::options::Options;
use super::row::Session;
use super::submissions::Cells;

pub struct Way<'c, 'py> {
    pub py: Python<'py>,
    pub options: &'c Options,
    pub changes: &'c mut Changes,
    pub site: &'c mut SiteNumbers,
    pub labels: &'c mut Labels,
    /// Thread → what it came to before the events of the batch.
    pub talked: Vec<(String, Vec<Conversation>)>,
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

    /// Counts that a step was taken, or takes it back; none was where nothing began.
    pub fn reached(&mut self, name: Step, start_ms: i64, end_ms: i64, sign: i64) -> PyResult<()> {
        if start_ms != 0 {
            for (number, pane, amount) in self.taken(name, start_ms, end_ms)? {
                self.changes.put(number, pane, sign * amount);
            }
        }
        Ok(())
    }

    /// Lists what a step that was taken counts for: nothing, where it took too long or its end came first.
    pub fn taken(&mut self, name: Step, start_ms: i64, end_ms: i64) -> PyResult<Cells> {
        let took_ms = end_ms - start_ms;
        if !(0..=self.options.numbers.horizon_ms).contains(&took_ms) {
            return Ok(Cells::new());
        }
        let step = self.step(name)?;
        let (cohort, taken) = (self.pane(start_ms), self.pane(end_ms));
        let bucket = self.options.buckets.of(took_ms);
        let site = &*self.site.site;
        let labels = [site.into(), name.0.into(), name.1.into(), bucket.into()];
        let seconds = self.changes.number(self.py, "step_seconds", &labels)?;
        let mut out = vec![
            (step.reached, cohort, 1),
            (seconds, taken, 1),
            (step.ms, taken, took_ms),
        ];
        if took_ms <= step.target_ms {
            out.push((step.in_time, cohort, 1));
        }
        Ok(out)
    }
}
