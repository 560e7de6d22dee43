//! Kinds: which slot of which table holds what, and what one field of an event asks of another.
//!
//! In:  the tables that Python hands in; the values of one record.
//! Out: the record as facts need it. The rules are those of `Rule.suspects` and `Rule.faults` of each kind: what these
//!      would look at more closely goes back.

use pyo3::prelude::*;

use crate::odd::{odd, Odd, Why};
use crate::table::Table;
use crate::values::Values;

/// The kinds that there is a native way for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    PageView,
    Form,
    Chatbot,
    Email,
    Ad,
}

impl Kind {
    /// All of them, by the names that the contract has for them.
    pub const NAMED: [(&'static str, Kind); 5] = [
        ("page_view", Kind::PageView),
        ("form", Kind::Form),
        ("chatbot", Kind::Chatbot),
        ("email", Kind::Email),
        ("ad", Kind::Ad),
    ];

    /// Give its name.
    pub fn name(self) -> &'static str {
        let of_it = |(_, own): &&(&str, Kind)| *own == self;
        Kind::NAMED.iter().find(of_it).map_or("", |(name, _)| name)
    }

    /// Give the kind of a name.
    pub fn named(name: &str) -> Option<Kind> {
        let of_it = |(own, _): &&(&str, Kind)| *own == name;
        Kind::NAMED.iter().find(of_it).map(|(_, kind)| *kind)
    }
}

/// Slots that all kinds have.
#[allow(missing_docs)]
#[derive(Debug)]
pub struct Common {
    pub id: usize,
    pub source: usize,
    pub time: usize,
    pub site: usize,
    pub visitor: usize,
    pub lead: usize,
    pub user: usize,
    pub email_hash: usize,
    pub campaign: [usize; 6],
    pub clicks: Vec<usize>,
    pub referrer: usize,
    pub referrer_url: usize,
    pub referrer_domain: usize,
    pub country: usize,
    pub region: usize,
    pub product: usize,
    pub agent: usize,
    pub class: usize,
    pub human: u16,
    pub analytics: usize,
}

impl Common {
    fn new(table: &Table, clicks: &[String]) -> PyResult<Common> {
        let at = |path: &str| table.slot(path);
        let campaign = ["source", "medium", "name", "id", "term", "content"];
        let mut slots = [0; 6];
        for (slot, name) in slots.iter_mut().zip(campaign) {
            *slot = at(&format!("data.campaign.{name}"))?;
        }
        Ok(Common {
            id: at("id")?,
            source: at("source")?,
            time: at("time")?,
            site: at("data.site_id")?,
            visitor: at("data.visitor_id")?,
            lead: at("data.lead_id")?,
            user: at("data.user_id")?,
            email_hash: at("data.email_hash")?,
            campaign: slots,
            clicks: clicks
                .iter()
                .map(|name| at(&format!("data.click_ids.{name}")))
                .collect::<PyResult<_>>()?,
            referrer: at("data.referrer")?,
            referrer_url: at("data.referrer.url")?,
            referrer_domain: at("data.referrer.domain")?,
            country: at("data.geo.country")?,
            region: at("data.geo.region")?,
            product: at("data.product")?,
            agent: at("data.user_agent")?,
            class: at("data.traffic.class")?,
            human: table.word("data.traffic.class", "human")?,
            analytics: at("data.consent.analytics")?,
        })
    }
}

macro_rules! slots {
    ($name:ident { $($field:ident = $path:literal),* $(,)? }) => {
        /// Slots of one kind.
        #[allow(missing_docs)]
        #[derive(Debug)]
        pub struct $name { $(pub $field: usize,)* }
        impl $name {
            fn new(table: &Table) -> PyResult<$name> {
                Ok($name { $($field: table.slot(concat!("data.", $path))?,)* })
            }
        }
    };
}

slots!(OfPage {
    url = "page.url",
    group = "page.group",
    content = "page.content_id",
    content_type = "page.content_type",
    offer = "page.offer_id",
    engagement = "engagement_ms",
});
slots!(OfForm {
    action = "action",
    form_id = "form_id",
    form_type = "form_type",
    submission_id = "submission_id",
    content_id = "content_id",
    offer_id = "offer_id",
    offer_type = "offer_type",
    offer_stage = "offer_stage",
    event_id = "event_id",
    present = "fields_present",
    asked = "fields_asked",
    platform = "platform",
    company = "company",
    qualification = "qualification",
    known = "qualification.known",
    value = "value",
    currency = "currency",
});
slots!(OfChat {
    action = "action",
    conversation_id = "conversation_id",
    actor = "actor",
    bot_id = "bot_id",
    resolved = "resolved",
    duration_s = "duration_s",
    order_id = "order_id",
    appointment_id = "appointment_id",
    value = "value",
    currency = "currency",
});
slots!(OfMail {
    action = "action",
    message_id = "message_id",
    campaign_id = "campaign_id",
    purpose = "email_purpose",
    variant = "variant",
    bounce_type = "bounce_type",
    machine = "machine",
    link_path = "link_path",
    domain = "recipient_domain",
});
slots!(OfAd {
    action = "action",
    platform = "platform",
    campaign_id = "campaign_id",
    channel_type = "channel_type",
    variant = "variant",
    audience_type = "audience_type",
    count = "count",
    period_start = "period_start",
    period_end = "period_end",
    revision = "revision",
    cost = "cost_micros",
    conversion_value = "conversion_value",
    currency = "currency",
});

/// What one kind has beside the rest.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Of {
    Page(OfPage),
    Form(OfForm, u16),
    Chat(OfChat, Vec<(u16, usize)>),
    Mail(OfMail, u16),
    Ad(OfAd, u16),
}

/// One kind: its table, and where in it what stands.
pub struct Contract {
    /// Which one.
    pub kind: Kind,
    /// Its fields.
    pub table: Table,
    /// Slots that all kinds have.
    pub common: Common,
    /// Slots of its own.
    pub of: Of,
    /// Actions that tell more of people who are followed than what is counted.
    pub telling: Vec<u16>,
}

impl Contract {
    /// Find the slots of a table. `clicks` are the names of click ids, in the order in which they count; `telling` the
    /// actions that tell more of people who are followed; `needs` the field that an action cannot do without.
    pub fn new(
        kind: Kind,
        table: Table,
        clicks: &[String],
        telling: &[String],
        needs: &[(String, String)],
    ) -> PyResult<Contract> {
        let word = |word: &str| table.word("data.action", word);
        let telling: Vec<u16> = telling.iter().map(|action| word(action)).collect::<PyResult<_>>()?;
        let of = match kind {
            Kind::PageView => Of::Page(OfPage::new(&table)?),
            Kind::Form => Of::Form(OfForm::new(&table)?, table.word("data.platform", "site")?),
            Kind::Chatbot => {
                let mut needed = Vec::new();
                for (action, field) in needs {
                    needed.push((word(action)?, table.slot(&format!("data.{field}"))?));
                }
                Of::Chat(OfChat::new(&table)?, needed)
            }
            Kind::Email => Of::Mail(OfMail::new(&table)?, word("bounced")?),
            Kind::Ad => Of::Ad(OfAd::new(&table)?, word("spend")?),
        };
        Ok(Contract {
            kind,
            common: Common::new(&table, clicks)?,
            table,
            of,
            telling,
        })
    }

    /// Whether an event tells more of somebody who is followed than what is counted.
    pub fn tells(&self, values: &Values) -> bool {
        let action = match &self.of {
            Of::Form(slots, _) => values.word(slots.action),
            Of::Chat(slots, _) => values.word(slots.action),
            _ => None,
        };
        action.is_some_and(|action| self.telling.contains(&action))
    }

    /// Hold one field against another.
    pub fn rule(&self, values: &Values) -> Result<(), Odd> {
        let common = &self.common;
        match &self.of {
            Of::Page(_) => {}
            Of::Form(slots, site) => {
                // a form that is not on the site is another thing: it has no visit
                if values.word(slots.platform).is_some_and(|platform| platform != *site) {
                    return odd(Why::Seldom, slots.platform);
                }
                if !values.is_there(common.visitor) {
                    return odd(Why::Missing, common.visitor);
                }
                if !values.list(slots.known).is_empty() {
                    return odd(Why::Seldom, slots.known); // of which framework they are, Python knows
                }
            }
            Of::Chat(slots, needs) => {
                let action = values.word(slots.action);
                for (one, needed) in needs {
                    if Some(*one) == action && !values.is_there(*needed) {
                        return odd(Why::Missing, *needed);
                    }
                }
            }
            Of::Mail(slots, bounced) => {
                if !values.is_there(common.lead) && !values.is_there(common.email_hash) {
                    return odd(Why::Missing, common.lead);
                }
                if values.word(slots.action) == Some(*bounced) && !values.is_there(slots.bounce_type) {
                    return odd(Why::Missing, slots.bounce_type);
                }
            }
            Of::Ad(slots, spend) => {
                let is_total = values.is_there(slots.period_start) || values.is_there(slots.period_end);
                if is_total || values.int(slots.revision).is_some_and(|revision| revision != 0) {
                    return odd(Why::Seldom, slots.period_start);
                }
                if values.word(slots.action) == Some(*spend) {
                    for needed in [slots.cost, slots.currency] {
                        if !values.is_there(needed) {
                            return odd(Why::Missing, needed);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
