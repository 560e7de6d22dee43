//! Messages that are taken here: what a reader of events tells of one id; and whom the others are about.

use crate::fold::fact::Id;
use crate::fold::msgpack::{Read, Reader, Unusual};

/// The bytes of an id as keys have them: type, hash, home.
pub type IdKey = [u8; 19];

/// A message to the home of an id that is about that very id.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    Puts(Puts<'a>),
    Drop(&'a [u8]),
    Name(Named<'a>),
}

/// A name, and by which event it was named.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub site: &'a str,
    pub text: &'a str,
    pub seen_ms: i64,
    pub seen_id: &'a str,
}

/// A name ("" where none is told) and facts.
#[derive(Clone, Copy, Debug)]
pub struct Puts<'a> {
    pub named: Named<'a>,
    pub version: i64,
    pub oldest_ms: i64,
    pub newest_ms: i64,
    pub letters: &'a [u8],
    pub facts: &'a [u8],
}

/// Reads the key of an id.
fn id(from: &mut Reader<'_>) -> Read<IdKey> {
    let Id { kind, hash, home } = Id::read(from)?;
    let mut key = [0; 19];
    key[0] = u8::try_from(kind).map_err(|_| Unusual)?;
    key[1..17].copy_from_slice(&hash);
    key[17..].copy_from_slice(&u16::try_from(home).map_err(|_| Unusual)?.to_be_bytes());
    Ok(key)
}

impl<'a> Message<'a> {
    /// Reads one, and whose home it is for.
    pub fn read(bytes: &'a [u8]) -> Read<(IdKey, Self)> {
        let mut from = Reader::new(bytes);
        let (fields, tag) = (from.array()?, from.text()?);
        let at = id(&mut from)?;
        let message = match (tag, fields) {
            ("puts", 12) => {
                let (site, text) = (from.text()?, from.text()?);
                let (seen_ms, seen_id) = (from.int()?, from.text()?);
                let (version, oldest_ms, newest_ms) = (from.int()?, from.int()?, from.int()?);
                let (letters, facts) = (from.bin()?, from.bin()?);
                if from.perhaps(id)?.is_some_and(|about| about != at) {
                    return Err(Unusual);
                }
                Message::Puts(Puts {
                    named: Named {
                        site,
                        text,
                        seen_ms,
                        seen_id,
                    },
                    version,
                    oldest_ms,
                    newest_ms,
                    letters,
                    facts,
                })
            }
            ("drop", 5) => {
                let (about, fact) = (id(&mut from)?, from.raw()?);
                if about != at || !from.nil() {
                    return Err(Unusual);
                }
                Message::Drop(fact)
            }
            ("name", 7) => {
                let about = id(&mut from)?;
                let (site, text) = (from.text()?, from.text()?);
                let (seen_ms, seen_id) = (from.int()?, from.text()?);
                if about != at {
                    return Err(Unusual);
                }
                Message::Name(Named {
                    site,
                    text,
                    seen_ms,
                    seen_id,
                })
            }
            _ => return Err(Unusual),
        };
        from.end()?;
        Ok((at, message))
    }
}

/// Lists all ids that stand in a message, whatever it is.
pub fn ids_in(bytes: &[u8], out: &mut Vec<IdKey>) {
    out.extend(id(&mut Reader::new(bytes)));
    let mut from = Reader::new(bytes);
    let Ok(items) = from.array() else { return };
    for _ in 0..items {
        match from.raw() {
            Ok(item) => ids_in(item, out),
            Err(_) => return,
        }
    }
}
