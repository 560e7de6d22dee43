//! Facts: what the fold needs of an event, its labels made safe already.
//!
//! Texts are pieces of the arena of the store, labels are symbols of the store. Words of a closed list of the contract
//! are their place in it, as the field table says them (`Word`).

use crate::arena::Text;
use crate::kinds::Kind;
use crate::symbols::Sym;

/// Where a visit came from, with safe labels; a direct one has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Touch {
    /// One of the channels.
    pub channel: Sym,
    /// Campaign, or the label of none.
    pub campaign: Sym,
    /// Engine of an organic search.
    pub engine: Option<Sym>,
    /// Domain of a referral.
    pub domain: Option<Sym>,
    /// The same as Python has it: a place in the touches of the store.
    pub number: u32,
}

/// The bytes of a record: which of the held buffers, and where in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Place among the held buffers.
    pub buffer: u32,
    /// Where the value begins.
    pub at: u32,
    /// How long it is.
    pub len: u32,
}

/// An event of a visitor, as `stream/stages/visitors/facts.py` has it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Site, UNIT, visitor: the key of the row.
    pub key: Text,
    /// The site as the event says it: the head of the key.
    pub site: Text,
    /// Label of the site.
    pub site_label: Sym,
    /// When it happened, in ms.
    pub time_ms: i64,
    /// When it arrived, in ms.
    pub arrival_ms: i64,
    /// Source, UNIT, id. No id holds a character below UNIT, so names stand in the order of (source, id).
    pub name: Text,
    /// How many bytes of the name are the source.
    pub source_len: u32,
    /// Where the visit came from; None: directly.
    pub touch: Option<Touch>,
    /// Label of the country, where it is said.
    pub country: Option<Sym>,
    /// The bytes it was read from.
    pub origin: Origin,
    /// What it says beside what is counted.
    pub said: Option<Box<Said>>,
    /// What happened.
    pub what: What,
}

impl Fact {
    /// The kind of event that it was.
    pub fn kind(&self) -> Kind {
        match self.what {
            What::View(_) => Kind::PageView,
            What::Form(_) => Kind::Form,
            What::Chat(_) => Kind::Chatbot,
        }
    }
}

/// What an event of a visitor says beside what is counted, where people are followed.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Said {
    pub email_hash: Option<Text>,
    pub lead_id: Option<Text>,
    pub user_id: Option<Text>,
    /// It is one of the actions of which more is told; what follows is said of these only, and is shown as it is.
    pub tells: bool,
    pub offer_type: Option<Text>,
    pub region: Option<Text>,
    pub product: Option<Text>,
}

impl Said {
    /// Whether it names somebody, by more than the visitor.
    pub fn names_somebody(&self) -> bool {
        self.email_hash.is_some() || self.lead_id.is_some() || self.user_id.is_some()
    }
}

/// What a visitor did.
#[derive(Clone, Debug)]
pub enum What {
    /// Saw a page.
    View(View),
    /// Did something to a form on the site.
    Form(Box<Form>),
    /// Did something in a chat.
    Chat(Box<Chat>),
}

/// A page view.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Label of the group of the page.
    pub group: Sym,
    /// Label of the content.
    pub content: Sym,
    /// Label of the offer, where there is one.
    pub offer: Option<Sym>,
    /// Time in the foreground; 0 where nothing is said.
    pub engagement_ms: i64,
    /// Whether it is one of an ungated file.
    pub is_download: bool,
}

/// The place of a word in its list of the contract.
pub type Word = u16;

/// An event of a form on the site; fields as in `stream/contract/form.py`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Form {
    pub action: Word,
    pub form_id: Text,
    pub form_type: Option<Word>,
    pub submission_id: Option<Text>,
    pub content_id: Option<Text>,
    pub offer_id: Option<Text>,
    pub offer_type: Option<Text>,
    pub offer_stage: Option<Word>,
    pub event_id: Option<Text>,
    pub fields_present: Vec<Text>,
    pub fields_asked: Vec<Text>,
    /// Millionths.
    pub value: Option<i64>,
    pub currency: Option<Text>,
}

/// An event of a chat; fields as in `stream/contract/chatbot.py`.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Chat {
    pub action: Word,
    pub conversation_id: Text,
    pub actor: Option<Word>,
    pub bot_id: Option<Text>,
    pub resolved: Option<bool>,
    pub duration_s: Option<f64>,
    pub order_id: Option<Text>,
    pub appointment_id: Option<Text>,
    /// Millionths.
    pub value: Option<i64>,
    pub currency: Option<Text>,
}

/// An event of a message; fields as in `stream/contract/email.py`, `machine` as `classify` leaves it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Mail {
    /// Site, UNIT, message id: the key of the row.
    pub key: Text,
    pub site: Text,
    pub time_ms: i64,
    pub name: Text,
    pub origin: Origin,
    pub action: Word,
    pub lead_id: Option<Text>,
    pub email_hash: Option<Text>,
    pub campaign_id: Option<Text>,
    pub email_purpose: Option<Word>,
    pub variant: Option<Text>,
    pub bounce_type: Option<Word>,
    pub machine: Option<bool>,
    pub link_path: Option<Text>,
    pub recipient_domain: Option<Text>,
}

/// A single ad event (totals of a period are Python's); fields as in `stream/contract/ad.py`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ad {
    pub site: Text,
    pub time_ms: i64,
    pub name: Text,
    pub origin: Origin,
    pub action: Word,
    pub platform: Text,
    pub campaign_id: Text,
    pub channel_type: Option<Word>,
    pub variant: Option<Text>,
    pub audience_type: Option<Text>,
    pub count_micros: i64,
    pub cost_micros: Option<i64>,
    /// Millionths.
    pub conversion_value: Option<i64>,
    pub currency: Option<Text>,
}
