//! The row of a message whose copy has one recipient; all others are Python's (`stream/stages/emails/message.py`).

use super::copy::{Copy, Said};
use super::msgpack::{Read, Reader, Unusual, Writer};
use super::row::Mark;

const EMPTY_LIST: &[u8] = &[0x90];

/// A message id with at most one part, under the number of its recipient.
#[derive(Debug, Default)]
pub struct Message<'a> {
    pub last: i64,
    pub part: Option<(u64, Copy<'a>)>,
}

/// Reads an encoded row; one of several recipients, or of one with two names, is unusual.
pub fn read(bytes: &[u8]) -> Read<Message<'_>> {
    let mut from = Reader::new(bytes);
    from.fields(4)?;
    let last = from.int()?;
    let part = match from.map()? {
        0 => None,
        1 => Some((from.uint()?, copy(&mut from)?)),
        _ => return Err(Unusual),
    };
    if from.raw()? != EMPTY_LIST || from.flag()? {
        return Err(Unusual);
    }
    from.end()?;
    Ok(Message { last, part })
}

fn copy<'a>(from: &mut Reader<'a>) -> Read<Copy<'a>> {
    from.fields(13)?;
    Ok(Copy {
        last: from.int()?,
        first: from.int()?,
        sent: from.int()?,
        seen: from.int()?,
        word: from.int()?,
        opened: from.int()?,
        replied: from.int()?,
        clicked: from.int()?,
        clicks: from.list(Reader::uint)?,
        left: from.perhaps(mark)?,
        back: from.perhaps(mark)?,
        said: from.list(said)?,
        told: from.perhaps(Reader::raw)?,
        followed: None,
    })
}

fn mark<'a>(from: &mut Reader<'a>) -> Read<Mark<'a>> {
    from.fields(2)?;
    Ok((from.int()?, from.cow()?))
}

fn said<'a>(from: &mut Reader<'a>) -> Read<Said<'a>> {
    from.fields(6)?;
    let (time_ms, name) = (from.int()?, from.cow()?);
    let mut says = [None, None, None, None];
    for text in &mut says {
        *text = from.perhaps(Reader::cow)?;
    }
    Ok(Said { time_ms, name, says })
}

/// Encodes a row.
pub fn write(to: &mut Writer, message: &Message<'_>) {
    to.array(4);
    to.int(message.last);
    match &message.part {
        None => to.map(0),
        Some((who, part)) => {
            to.map(1);
            to.uint(*who);
            write_copy(to, part);
        }
    }
    to.array(0);
    to.flag(false);
}

fn write_copy(to: &mut Writer, one: &Copy<'_>) {
    to.array(13);
    for n in [
        one.last,
        one.first,
        one.sent,
        one.seen,
        one.word,
        one.opened,
        one.replied,
        one.clicked,
    ] {
        to.int(n);
    }
    to.array(one.clicks.len());
    one.clicks.iter().for_each(|click| to.uint(*click));
    for mark in [&one.left, &one.back] {
        match mark {
            None => to.nil(),
            Some((time_ms, name)) => {
                to.array(2);
                to.int(*time_ms);
                to.text(name);
            }
        }
    }
    to.array(one.said.len());
    for said in &one.said {
        to.array(6);
        to.int(said.time_ms);
        to.text(&said.name);
        for text in &said.says {
            to.perhaps_text(text.as_deref());
        }
    }
    match (&one.followed, one.told) {
        (Some(told), _) => told.write(to),
        (None, Some(raw)) => to.raw(raw),
        (None, None) => to.nil(),
    }
}
