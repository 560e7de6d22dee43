//! Facts: what the fold needs of a visitor's event, with labels made safe. They borrow from whoever read the events.

use super::msgpack::{Read, Reader, Unusual, Writer};

/// (channel, campaign, engine, domain) of an event that did not come directly.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    pub channel: &'a str,
    pub campaign: &'a str,
    pub engine: Option<&'a str>,
    pub domain: Option<&'a str>,
}

/// What every visitor's event says. Times are milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    pub time_ms: i64,
    pub source: &'a str,
    pub id: &'a str,
    pub touch: Option<Touch<'a>>,
    pub country: Option<&'a str>,
    pub deed: Deed<'a>,
    /// What it says beside what is counted, where that is kept here.
    pub said: Option<Said<'a>>,
    /// Its place among the facts of its person as they came, for whoever goes on with what is left over.
    pub place: usize,
}

/// An id of a person: type, hash, home; they sort as Python's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub kind: i64,
    pub hash: [u8; 16],
    pub home: i64,
}

impl Id {
    /// Reads one as rows and messages have it.
    pub fn read(from: &mut Reader<'_>) -> Read<Self> {
        from.fields(3)?;
        let (kind, hash, home) = (from.int()?, from.bin()?, from.int()?);
        let hash = hash.try_into().map_err(|_| Unusual)?;
        Ok(Id { kind, hash, home })
    }

    /// Encodes it.
    pub fn write(&self, to: &mut Writer) {
        to.array(3);
        to.int(self.kind);
        to.bin(&self.hash);
        to.int(self.home);
    }
}

/// What an event says of people who are followed, beside what is counted. Texts are labels, "" is nothing said.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The strong ids that it names, smallest first.
    pub ids: &'a [Id],
    /// It names somebody, be it by nothing that is an id.
    pub names_somebody: bool,
    /// It is a submit, or a key event in a chat.
    pub tells: bool,
    pub offer_type: &'a str,
    pub region: &'a str,
    pub product: &'a str,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    View(View<'a>),
    Form(Form<'a>),
    Chat(Chat<'a>),
}

/// A page view: what was seen, and for how long; `viewed` is group and content as they stand in what a session viewed.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub group: &'a str,
    pub content: &'a str,
    pub viewed: &'a str,
    pub engagement_ms: i64,
    pub has_offer: bool,
    pub is_download: bool,
}

/// What happened to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormAction {
    View,
    Start,
    Submit,
    /// An error, or leaving it: a presence, and nothing else.
    Other,
}

/// An event of a form on the site. Its ids are as the event has them: the fold makes labels of those that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    pub action: FormAction,
    pub form: &'a str,
    pub form_type: Option<&'a str>,
    pub submission: Option<&'a str>,
    pub content: Option<&'a str>,
    pub offer_stage: Option<&'a str>,
    /// Never empty.
    pub event: Option<&'a str>,
    pub has_offer: bool,
    /// Different fields asked, and of those the present ones.
    pub asked: i64,
    pub known: i64,
    /// Millionths of a currency.
    pub value: Option<(i64, &'a str)>,
}

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Visitor,
    /// The bot, or an agent.
    Ours,
    Nobody,
}

/// An event of the chatbot; `action` is its place among the actions as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Chat<'a> {
    pub action: u8,
    pub actor: Actor,
    pub thread: &'a str,
    /// As the event has it; never empty.
    pub bot: Option<&'a str>,
    /// It is about an order or an appointment.
    pub has_deal: bool,
    pub resolved: Option<bool>,
    /// −1: not said.
    pub duration_ms: i64,
    pub value: Option<(i64, &'a str)>,
}

impl<'a> Fact<'a> {
    /// Gives the page view, if it is one.
    #[inline]
    pub fn view(&self) -> Option<&View<'a>> {
        match &self.deed {
            Deed::View(view) => Some(view),
            _ => None,
        }
    }

    /// Names the event by source and id.
    pub fn name(&self) -> String {
        format!("{}{}{}", self.source, UNIT, self.id)
    }
}

/// Between the parts of a name; no id can hold it.
pub const UNIT: char = '\x1f';
/// Around each name of what a session viewed.
pub const MARK: char = '\x1e';
/// What a label says where nothing is known.
pub const UNKNOWN: &str = "unknown";
/// The channel of what came by none.
pub const DIRECT: &str = "direct";
