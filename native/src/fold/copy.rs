//! The copy of a message for its only recipient: its facts, and what became of it (`stream/stages/emails/copy.py`).

use std::borrow::Cow;

use pyo3::prelude::*;
use xxhash_rust::xxh32::xxh32;

use super::fact::Id;
use super::msgpack::{Read, Reader, Unusual, Writer};
use super::names::Naming;
use super::row::{Mark, Str};

/// What can become of a copy, as it is told of people.
pub const WHAT: [&str; 5] = ["delivered", "opened", "clicked", "replied", "unsubscribed"];
/// When each of it was first, and whether what was then nurtures.
pub type Became = [Option<(i64, bool)>; WHAT.len()];

/// (time, name, [campaign, purpose, variant, domain]): what an event said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<'a> {
    pub time_ms: i64,
    pub name: Str<'a>,
    pub says: [Option<Str<'a>>; 4],
}

/// What only those who follow people need of a copy, whose events name one id or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub to: Option<Id>,
    pub delivered: i64,
    pub opened: i64,
    pub unsubscribed: i64,
}

impl Told {
    /// Reads it; of several ids it is unusual.
    pub fn read(bytes: &[u8]) -> Read<Self> {
        let mut from = Reader::new(bytes);
        from.fields(4)?;
        let to = match from.array()? {
            0 => None,
            1 => Some(Id::read(&mut from)?),
            _ => return Err(Unusual),
        };
        let (delivered, opened, unsubscribed) = (from.int()?, from.int()?, from.int()?);
        from.end()?;
        Ok(Told {
            to,
            delivered,
            opened,
            unsubscribed,
        })
    }

    /// Encodes it.
    pub fn write(&self, to: &mut Writer) {
        to.array(4);
        to.array(usize::from(self.to.is_some()));
        if let Some(id) = self.to {
            id.write(to);
        }
        to.ints_inside(&[self.delivered, self.opened, self.unsubscribed]);
    }

    /// Adds an event.
    pub fn take(&mut self, mail: &Mail<'_>) {
        let at = match mail.action {
            MailAction::Delivered => &mut self.delivered,
            MailAction::Opened if !mail.is_machine => &mut self.opened,
            MailAction::Unsubscribed => &mut self.unsubscribed,
            _ => return,
        };
        *at = least(*at, mail.time_ms);
    }
}

/// The facts of a copy; 0 stands for never, −1 for no word.
#[derive(Debug, Default)]
pub struct Copy<'a> {
    pub last: i64,
    pub first: i64,
    pub sent: i64,
    pub seen: i64,
    pub word: i64,
    pub opened: i64,
    pub replied: i64,
    pub clicked: i64,
    pub clicks: Vec<u64>,
    pub left: Option<Mark<'a>>,
    pub back: Option<Mark<'a>>,
    pub said: Vec<Said<'a>>,
    /// Encoded; None is nil.
    pub told: Option<&'a [u8]>,
    /// In its place, where people are followed.
    pub followed: Option<Told>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailAction {
    Sent,
    Deferred,
    Delivered,
    Bounced,
    Dropped,
    Opened,
    Clicked,
    Replied,
    Unsubscribed,
    Resubscribed,
    Complained,
}

impl MailAction {
    /// Gives the action of a name; None where it is not known.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sent" => Self::Sent,
            "deferred" => Self::Deferred,
            "delivered" => Self::Delivered,
            "bounced" => Self::Bounced,
            "dropped" => Self::Dropped,
            "opened" => Self::Opened,
            "clicked" => Self::Clicked,
            "replied" => Self::Replied,
            "unsubscribed" => Self::Unsubscribed,
            "resubscribed" => Self::Resubscribed,
            "spam_complaint" => Self::Complained,
            _ => return None,
        })
    }
}

/// An event of a message.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    pub time_ms: i64,
    /// Source and id.
    pub name: &'a str,
    pub action: MailAction,
    pub is_machine: bool,
    pub bounce: Option<&'a str>,
    pub link: Option<&'a str>,
    /// Campaign, purpose, variant, domain.
    pub says: [Option<&'a str>; 4],
    pub lead: Option<&'a str>,
    pub email_hash: Option<&'a str>,
}

/// Bits of a fate by their names, and those of what a copy has seen.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Bits {
    pub sent: i64,
    pub delivered: i64,
    pub bounced: i64,
    pub dropped: i64,
    pub opened: i64,
    pub clicked: i64,
    pub replied: i64,
    pub unsubscribed: i64,
    pub complained: i64,
    pub machine_opened: i64,
    pub machine_clicked: i64,
    pub opened_in_time: i64,
    pub clicked_in_time: i64,
    pub replied_in_time: i64,
    pub left: i64,
    pub sign: i64,
}

/// What the rules say: times in milliseconds; the last words of a copy in the order in which they outrank another.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Rules {
    pub bits: Bits,
    pub memory_ms: i64,
    pub open_in_time_ms: i64,
    pub click_in_time_ms: i64,
    pub reply_in_time_ms: i64,
    pub most_clicks: usize,
    pub most_names: usize,
    pub words: Vec<String>,
    pub words_a_second: i64,
    /// Whether people are followed; the purpose whose mails do not nurture.
    pub follows: bool,
    pub welcome: String,
    pub naming: Naming,
}

impl Rules {
    /// Gives the rank of a word; that of the first for one that is not known.
    fn rank(&self, word: &str) -> i64 {
        self.words.iter().position(|known| known == word).unwrap_or(0) as i64
    }

    /// Gives the word that a copy ended with.
    pub fn word_of(&self, copy: &Copy<'_>) -> &str {
        let rank = copy.word.rem_euclid(self.words_a_second) as usize;
        self.words.get(rank).map_or("", String::as_str)
    }
}

fn least(a: i64, b: i64) -> i64 {
    if a != 0 && b != 0 {
        a.min(b)
    } else {
        a | b
    }
}

impl<'a> Copy<'a> {
    /// Begins one.
    pub fn new(first_ms: i64) -> Self {
        Copy {
            first: first_ms,
            word: -1,
            ..Copy::default()
        }
    }

    /// Adds an event.
    pub fn take(&mut self, rules: &Rules, mail: &Mail<'a>) {
        let (bits, time_ms) = (&rules.bits, mail.time_ms);
        self.first = self.first.min(time_ms);
        self.last = self.last.max(time_ms);
        match mail.action {
            MailAction::Sent => {
                self.seen |= bits.sign;
                self.sent = least(self.sent, time_ms);
            }
            MailAction::Delivered => self.word(rules, time_ms, rules.rank("delivered")),
            MailAction::Opened if mail.is_machine => self.seen |= bits.machine_opened,
            MailAction::Opened => {
                self.seen |= bits.opened;
                self.opened = least(self.opened, time_ms);
            }
            MailAction::Clicked if mail.is_machine => self.seen |= bits.machine_clicked,
            MailAction::Clicked => self.click(rules, time_ms, mail.link),
            MailAction::Bounced => self.word(rules, time_ms, mail.bounce.map_or(0, |word| rules.rank(word))),
            MailAction::Dropped => self.seen |= bits.sign | bits.dropped,
            MailAction::Deferred => self.seen |= bits.sign,
            MailAction::Replied => {
                self.seen |= bits.replied;
                self.replied = least(self.replied, time_ms);
            }
            MailAction::Complained => self.seen |= bits.complained,
            MailAction::Unsubscribed => {
                self.seen |= bits.left;
                later(&mut self.left, mail);
            }
            MailAction::Resubscribed => later(&mut self.back, mail),
        }
        self.say(mail);
    }

    fn word(&mut self, rules: &Rules, time_ms: i64, rank: i64) {
        self.seen |= rules.bits.sign;
        self.word = self.word.max(time_ms.div_euclid(1_000) * rules.words_a_second + rank);
    }

    fn click(&mut self, rules: &Rules, time_ms: i64, link: Option<&str>) {
        self.seen |= rules.bits.clicked | rules.bits.opened;
        self.clicked = least(self.clicked, time_ms);
        self.opened = least(self.opened, time_ms);
        let hash = link
            .filter(|link| !link.is_empty())
            .map_or(0, |link| xxh32(link.as_bytes(), 0));
        let click = (time_ms.div_euclid(1_000) as u64) << 32 | u64::from(hash);
        if let Err(place) = self.clicks.binary_search(&click) {
            if self.clicks.len() < rules.most_clicks {
                self.clicks.insert(place, click);
            }
        }
    }

    /// Keeps what an event says, where it is the earliest to say it; mostly the first says all that later ones repeat.
    fn say(&mut self, mail: &Mail<'a>) {
        if let [known] = self.said.as_slice() {
            let is_later = (known.time_ms, &*known.name) < (mail.time_ms, mail.name);
            let is_new = known
                .says
                .iter()
                .zip(&mail.says)
                .any(|(known, says)| known.is_none() && says.is_some());
            if is_later && !is_new {
                return;
            }
        }
        if mail.says.iter().all(Option::is_none) {
            return;
        }
        self.said.push(Said {
            time_ms: mail.time_ms,
            name: Cow::Borrowed(mail.name),
            says: mail.says.map(|text| text.map(Cow::Borrowed)),
        });
        if self.said.len() > 1 {
            self.said
                .sort_by(|one, other| (one.time_ms, &one.name).cmp(&(other.time_ms, &other.name)));
            let mut wanted = [true; 4];
            self.said.retain(|one| {
                let mut keeps = false;
                for (wanted, says) in wanted.iter_mut().zip(&one.says) {
                    if *wanted && says.is_some() {
                        (*wanted, keeps) = (false, true);
                    }
                }
                keeps
            });
        }
    }

    /// Gives when it was sent; its first event where that was not seen.
    pub fn sent_ms(&self) -> i64 {
        if self.sent != 0 {
            self.sent
        } else {
            self.first
        }
    }

    /// Gives campaign, purpose, variant and domain, each as the earliest event has it that says it.
    pub fn labels(&self) -> [Option<&str>; 4] {
        let mut found = [None; 4];
        for one in &self.said {
            for (found, says) in found.iter_mut().zip(&one.says) {
                *found = found.or(says.as_deref());
            }
        }
        found
    }

    /// Tells whether its recipient unsubscribed, and did not take it back.
    fn has_left(&self) -> bool {
        self.left.is_some() && self.left > self.back
    }

    /// Says what became of it as it is told of its recipient: nothing, where it has none or may not have been sent.
    pub fn became(&self, rules: &Rules) -> Became {
        let Some(told) = self.followed.filter(|told| told.to.is_some()) else {
            return Became::default();
        };
        if self.seen & rules.bits.sign == 0 {
            return Became::default();
        }
        let once = |at_ms: i64, nurtures: bool| (at_ms != 0).then_some((at_ms, nurtures));
        let purpose = self.said.iter().find_map(|one| one.says[1].as_deref());
        [
            once(told.delivered, purpose != Some(&*rules.welcome)),
            once(told.opened, false),
            once(self.clicked, false),
            once(self.replied, false),
            once(if self.has_left() { told.unsubscribed } else { 0 }, false),
        ]
    }

    /// Says what became of it, as bits; 0 where nothing shows yet that it was sent.
    pub fn fate(&self, rules: &Rules) -> i64 {
        let (bits, seen) = (&rules.bits, self.seen);
        if seen & bits.sign == 0 {
            return 0;
        }
        let by_people = bits.opened | bits.clicked | bits.replied | bits.complained;
        let mut out = bits.sent | (seen & (by_people | bits.machine_opened | bits.machine_clicked));
        if self.has_left() {
            out |= bits.unsubscribed;
        }
        if seen & (by_people | bits.left) != 0 {
            out |= bits.delivered;
            let sent = self.sent_ms();
            for (at, within, bit) in [
                (self.opened, rules.open_in_time_ms, bits.opened_in_time),
                (self.clicked, rules.click_in_time_ms, bits.clicked_in_time),
                (self.replied, rules.reply_in_time_ms, bits.replied_in_time),
            ] {
                if at != 0 && at - sent <= within {
                    out |= bit;
                }
            }
            return out;
        }
        if self.word >= 0 {
            let is_delivered = rules.word_of(self) == "delivered";
            return out | if is_delivered { bits.delivered } else { bits.bounced };
        }
        out | (seen & bits.dropped)
    }
}

fn later<'a>(known: &mut Option<Mark<'a>>, mail: &Mail<'a>) {
    let told = (mail.time_ms, Cow::Borrowed(mail.name));
    if known.as_ref().is_none_or(|known| told > *known) {
        *known = Some(told);
    }
}
