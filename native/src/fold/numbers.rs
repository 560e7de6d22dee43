//! Numbers: which cells a site adds to most, looked up by one short key instead of all labels each time.
//!
//! Each entry stands for a cell; an accumulator that knows too many cells begins anew, and so does all that is here.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use rustc_hash::FxHashMap;

use super::changes::Changes;
use super::fact::{DIRECT, UNIT, UNKNOWN};
use super::options::Options;

/// Numbers of the cells that a session adds to by where it came from; `landed` is −1 where it opens no step.
#[derive(Clone, Copy)]
pub struct OriginCells {
    pub session: i64,
    pub visit: i64,
    pub stranger: i64,
    pub view: i64,
    pub session_view: i64,
    pub bounce: i64,
    pub engaged: i64,
    pub landed: i64,
}

#[derive(Clone, Copy)]
pub struct PageCells {
    pub view: i64,
    pub landing: i64,
}

#[derive(Clone, Copy)]
pub struct FormCells {
    pub view: i64,
    pub start: i64,
    pub submit: i64,
    pub begun: i64,
    pub abandoned: i64,
}

#[derive(Clone, Copy)]
pub struct StepCells {
    pub begun: i64,
    pub reached: i64,
    pub in_time: i64,
    pub ms: i64,
    pub target_ms: i64,
}

#[derive(Clone, Copy)]
pub struct ChatCells {
    pub conversation: i64,
    pub ms: i64,
    pub lead: i64,
    pub handoff: i64,
    pub resolved: i64,
    pub engaged: i64,
}

/// (channel, campaign, engine, domain); all None where a session came directly.
pub type Origin<'s> = (Option<&'s str>, Option<&'s str>, Option<&'s str>, Option<&'s str>);
/// A step of a funnel: (from, to).
pub type Step = (&'static str, &'static str);

/// The numbers of one site, and the panes in which people were new there since the last flush.
pub struct SiteNumbers {
    pub site: Box<str>,
    origins: FxHashMap<Box<str>, OriginCells>,
    pages: FxHashMap<Box<str>, PageCells>,
    countries: FxHashMap<Box<str>, i64>,
    forms: FxHashMap<Box<str>, FormCells>,
    steps: FxHashMap<Step, StepCells>,
    chats: FxHashMap<Box<str>, ChatCells>,
    pub newcomers: FxHashMap<i64, i64>,
    key: String,
}

impl SiteNumbers {
    pub fn new(site: &str) -> Self {
        SiteNumbers {
            site: site.into(),
            origins: FxHashMap::default(),
            pages: FxHashMap::default(),
            countries: FxHashMap::default(),
            forms: FxHashMap::default(),
            steps: FxHashMap::default(),
            chats: FxHashMap::default(),
            newcomers: FxHashMap::default(),
            key: String::new(),
        }
    }

    /// Gives the cells of an origin.
    pub fn origin(
        &mut self,
        py: Python<'_>,
        changes: &mut Changes,
        options: &Options,
        origin: Origin<'_>,
    ) -> PyResult<OriginCells> {
        let (channel, campaign, engine, domain) = origin;
        self.key.clear();
        for part in [channel, campaign, engine, domain] {
            // no label holds a control character
            self.key.push_str(part.unwrap_or("\0"));
            self.key.push(UNIT);
        }
        if let Some(cells) = self.origins.get(self.key.as_str()) {
            return Ok(*cells);
        }
        let (site, named) = (&*self.site, channel.unwrap_or(DIRECT));
        let (campaign, social) = match channel {
            None => (Some(UNKNOWN), None),
            Some(channel) => (campaign, options.social(channel)),
        };
        let step = channel.and_then(|channel| options.step_of_landing(channel));
        let visit = |changes: &mut Changes, stranger: Option<&str>| {
            let labels = [
                site.into(),
                named.into(),
                campaign.into(),
                social.into(),
                stranger.into(),
            ];
            changes.number(py, "visit", &labels)
        };
        let by_channel = [site.into(), named.into()];
        let cells = OriginCells {
            session: changes.number(
                py,
                "session",
                &[site.into(), named.into(), engine.into(), domain.into()],
            )?,
            visit: visit(changes, None)?,
            stranger: visit(changes, Some("stranger"))?,
            view: changes.number(py, "view", &by_channel)?,
            session_view: changes.number(py, "session_view", &by_channel)?,
            bounce: changes.number(py, "bounce", &by_channel)?,
            engaged: changes.number(py, "engaged", &by_channel)?,
            landed: match step {
                None => -1,
                Some(step) => changes.number(py, "step_from", &[site.into(), step.into(), "key_event".into()])?,
            },
        };
        self.origins.insert(self.key.as_str().into(), cells);
        Ok(cells)
    }

    /// Gives the cells of a page, by group and content as they stand in what a session viewed.
    #[inline]
    pub fn page(
        &mut self,
        py: Python<'_>,
        changes: &mut Changes,
        viewed: &str,
        group: &str,
        content: &str,
    ) -> PyResult<PageCells> {
        if let Some(cells) = self.pages.get(viewed) {
            return Ok(*cells);
        }
        let labels = [(&*self.site).into(), group.into(), content.into()];
        let cells = PageCells {
            view: changes.number(py, "content_view", &labels)?,
            landing: changes.number(py, "landing_person", &labels)?,
        };
        self.pages.insert(viewed.into(), cells);
        Ok(cells)
    }

    /// Gives the cell of the people of a country.
    pub fn country(&mut self, py: Python<'_>, changes: &mut Changes, country: &str) -> PyResult<i64> {
        if let Some(number) = self.countries.get(country) {
            return Ok(*number);
        }
        let number = changes.number(py, "country_person", &[(&*self.site).into(), country.into()])?;
        self.countries.insert(country.into(), number);
        Ok(number)
    }

    /// Gives the cells of a form.
    pub fn form(&mut self, py: Python<'_>, changes: &mut Changes, form: &str) -> PyResult<FormCells> {
        if let Some(cells) = self.forms.get(form) {
            return Ok(*cells);
        }
        let labels = [(&*self.site).into(), form.into()];
        let cells = FormCells {
            view: changes.number(py, "form_view", &labels)?,
            start: changes.number(py, "form_start", &labels)?,
            submit: changes.number(py, "form_submit", &labels)?,
            begun: changes.number(py, "form_begun", &labels)?,
            abandoned: changes.number(py, "form_abandoned", &labels)?,
        };
        self.forms.insert(form.into(), cells);
        Ok(cells)
    }

    /// Gives the cells of a step of a funnel, and the time within which it is taken in time.
    pub fn step(
        &mut self,
        py: Python<'_>,
        changes: &mut Changes,
        options: &Options,
        step: Step,
    ) -> PyResult<StepCells> {
        if let Some(cells) = self.steps.get(&step) {
            return Ok(*cells);
        }
        let labels = [(&*self.site).into(), step.0.into(), step.1.into()];
        let target_s = options.targets_s.get(&(step.0.to_owned(), step.1.to_owned()));
        let cells = StepCells {
            begun: changes.number(py, "step_from", &labels)?,
            reached: changes.number(py, "step_reached", &labels)?,
            in_time: changes.number(py, "step_in_time", &labels)?,
            ms: changes.number(py, "step_ms", &labels)?,
            target_ms: target_s.ok_or_else(|| PyKeyError::new_err(format!("{step:?} has no target")))? * 1_000,
        };
        self.steps.insert(step, cells);
        Ok(cells)
    }

    /// Gives the cells of conversations with a bot.
    pub fn chat(&mut self, py: Python<'_>, changes: &mut Changes, bot: &str) -> PyResult<ChatCells> {
        if let Some(cells) = self.chats.get(bot) {
            return Ok(*cells);
        }
        let labels = [(&*self.site).into(), bot.into()];
        let cells = ChatCells {
            conversation: changes.number(py, "conversation", &labels)?,
            ms: changes.number(py, "chat_ms", &labels)?,
            lead: changes.number(py, "chat_lead", &labels)?,
            handoff: changes.number(py, "chat_handoff", &labels)?,
            resolved: changes.number(py, "chat_resolved", &labels)?,
            engaged: changes.number(py, "chat_engaged", &labels)?,
        };
        self.chats.insert(bot.into(), cells);
        Ok(cells)
    }
}
