//! Outgoing: what one fold tells the homes of ids, in as few messages as say the same
//! (`stream/identity/outgoing.py`, which takes the messages as they are).

use rustc_hash::FxHashMap;

use super::fact::Id;
use super::msgpack::Writer;

/// Facts in one message: of an address that many share there may be thousands, and a record is bounded.
const MOST: usize = 64;

/// The home of an id, its hash, and a message to it.
pub type Message = (i64, [u8; 16], Vec<u8>);

/// What an id is called, and by which event it was named.
struct Name {
    id: Id,
    site: Box<str>,
    text: Box<str>,
    seen_ms: i64,
    seen_id: Box<str>,
}

/// What is told of an id, in its order.
enum Told {
    /// Facts, one behind the other; `first` if nothing was told of the id before.
    Facts {
        first: bool,
        letters: Vec<u8>,
        facts: Vec<u8>,
        oldest_ms: i64,
        newest_ms: i64,
    },
    Gone(Vec<u8>),
}

/// What is gathered for the next flush.
#[derive(Default)]
pub struct Outgoing {
    told: Vec<(Id, Told)>,
    /// By hash of an id: the place of what can take one more fact, None where it must be gathered anew.
    open: FxHashMap<[u8; 16], Option<usize>>,
    names: FxHashMap<[u8; 16], Name>,
}

impl Outgoing {
    /// Tells a name; of several of one id the one by the earliest event.
    pub fn name(&mut self, id: Id, site: &str, text: &str, seen_ms: i64, seen_id: &str) {
        let is_known = |name: &Name| (name.seen_ms, &*name.seen_id) <= (seen_ms, seen_id);
        if !self.names.get(&id.hash).is_some_and(is_known) {
            let name = Name {
                id,
                site: site.into(),
                text: text.into(),
                seen_ms,
                seen_id: seen_id.into(),
            };
            self.names.insert(id.hash, name);
        }
    }

    /// Tells a fact that holds from now on; `at_ms` is when it was.
    pub fn put(&mut self, id: Id, fact: &[u8], at_ms: i64) {
        let known = self.open.get(&id.hash).copied();
        let place = match known.flatten() {
            Some(place) => place,
            None => {
                let facts = Told::Facts {
                    first: known.is_none(),
                    letters: Vec::new(),
                    facts: Vec::new(),
                    oldest_ms: at_ms,
                    newest_ms: at_ms,
                };
                self.told.push((id, facts));
                self.open.insert(id.hash, Some(self.told.len() - 1));
                self.told.len() - 1
            }
        };
        if let (
            _,
            Told::Facts {
                letters,
                facts,
                oldest_ms,
                newest_ms,
                ..
            },
        ) = &mut self.told[place]
        {
            *oldest_ms = at_ms.min(*oldest_ms);
            *newest_ms = at_ms.max(*newest_ms);
            letters.push(letter(fact));
            facts.extend_from_slice(fact);
            if letters.len() == MOST {
                self.open.insert(id.hash, None);
            }
        }
    }

    /// Tells a fact that no longer holds.
    pub fn drop(&mut self, id: Id, fact: &[u8]) {
        self.told.push((id, Told::Gone(fact.to_vec())));
        self.open.insert(id.hash, None);
    }

    /// Gives the messages, names that go with no facts ahead of all; `version` is that of the bytes of facts.
    pub fn take(&mut self, version: i64) -> Vec<Message> {
        let mut out = Vec::with_capacity(self.told.len());
        for (id, told) in self.told.drain(..) {
            let mut to = Writer::default();
            match told {
                Told::Facts {
                    first,
                    letters,
                    facts,
                    oldest_ms,
                    newest_ms,
                } => {
                    let name = if first { self.names.remove(&id.hash) } else { None };
                    to.array(12);
                    to.text("puts");
                    id.write(&mut to);
                    match &name {
                        Some(name) => write_name(&mut to, name),
                        None => {
                            to.text("");
                            to.text("");
                            to.int(0);
                            to.text("");
                        }
                    }
                    to.ints_inside(&[version, oldest_ms, newest_ms]);
                    to.bin(&letters);
                    to.bin(&facts);
                    to.nil();
                }
                Told::Gone(fact) => {
                    to.array(5);
                    to.text("drop");
                    id.write(&mut to);
                    id.write(&mut to);
                    to.raw(&fact);
                    to.nil();
                }
            }
            out.push((id.home, id.hash, to.out));
        }
        self.open.clear();
        let mut ahead: Vec<Message> = Vec::with_capacity(self.names.len());
        for (_, name) in self.names.drain() {
            let mut to = Writer::default();
            to.array(7);
            to.text("name");
            name.id.write(&mut to);
            name.id.write(&mut to);
            write_name(&mut to, &name);
            ahead.push((name.id.home, name.id.hash, to.out));
        }
        ahead.sort_unstable();
        ahead.append(&mut out);
        ahead
    }
}

fn write_name(to: &mut Writer, name: &Name) {
    to.text(&name.site);
    to.text(&name.text);
    to.int(name.seen_ms);
    to.text(&name.seen_id);
}

/// Gives the letter that tells what a fact is.
pub fn letter(fact: &[u8]) -> u8 {
    let at = if fact.first().is_some_and(|head| *head < 0xdc) {
        2
    } else {
        4
    };
    fact.get(at).copied().unwrap_or(0)
}
