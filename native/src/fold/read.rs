//! Reading a row: exactly the layout of today; rows of former releases are read by Python, which writes them anew.

use std::borrow::Cow;

use super::msgpack::{Read, Reader, Unusual};
use super::row::{Deeds, Extra, KeyEvent, Mark, Row, Session, Submission, Talk};

const EMPTY_MAP: &[u8] = &[0x80];
/// Fields of a stored chatbot event.
const TALK_FIELDS: usize = 10;

/// Reads an encoded row.
pub fn row(bytes: &[u8]) -> Read<Row<'_>> {
    let mut from = Reader::new(bytes);
    from.fields(4)?;
    let last = from.int()?;
    let mut older = from.list(session)?;
    let row = Row {
        last,
        newest: older.pop().ok_or(Unusual)?,
        older,
        source: from.cow()?,
        extra: from.perhaps(extra)?.map(Box::new),
    };
    from.end()?;
    Ok(row)
}

fn session<'a>(from: &mut Reader<'a>) -> Read<Session<'a>> {
    from.fields(16)?;
    Ok(Session {
        start: from.int()?,
        end: from.int()?,
        events: from.int()?,
        views: from.int()?,
        engaged: from.int()?,
        ticks: Cow::Borrowed(from.bin()?),
        opened_by: from.cow()?,
        channel: from.perhaps(Reader::cow)?,
        campaign: from.perhaps(Reader::cow)?,
        engine: from.perhaps(Reader::cow)?,
        domain: from.perhaps(Reader::cow)?,
        country: from.perhaps(Reader::cow)?,
        group: from.perhaps(Reader::cow)?,
        content: from.perhaps(Reader::cow)?,
        viewed: from.cow()?,
        deeds: from.perhaps(deeds)?.map(Box::new),
    })
}

fn mark<'a>(from: &mut Reader<'a>) -> Read<Mark<'a>> {
    Ok((from.int()?, from.cow()?))
}

fn deeds<'a>(from: &mut Reader<'a>) -> Read<Deeds<'a>> {
    from.fields(8)?;
    Ok(Deeds {
        first_key: from.perhaps(key_event)?,
        last_key: from.int()?,
        more_keys: from.list(Reader::int)?,
        starts: from.list(Reader::int)?,
        forms: forms(from)?,
        idle: from.int()?,
        said: from.perhaps(|from| {
            from.fields(6)?;
            Ok([mark(from)?, mark(from)?, mark(from)?])
        })?,
        details: from.perhaps(Reader::raw)?.map(Cow::Borrowed),
    })
}

fn forms<'a>(from: &mut Reader<'a>) -> Read<Vec<(Cow<'a, str>, Vec<i64>)>> {
    let n = from.map()?;
    let mut out = Vec::new();
    for _ in 0..n {
        let form = from.cow()?;
        let times = from.list(Reader::int)?;
        if times.len() < 2 {
            return Err(Unusual);
        }
        out.push((form, times));
    }
    Ok(out)
}

fn key_event<'a>(from: &mut Reader<'a>) -> Read<KeyEvent<'a>> {
    from.fields(6)?;
    Ok(KeyEvent {
        time_ms: from.int()?,
        name: from.cow()?,
        method: from.cow()?,
        action: from.cow()?,
        stage: from.cow()?,
        event: from.perhaps(Reader::cow)?,
    })
}

fn extra<'a>(from: &mut Reader<'a>) -> Read<Extra<'a>> {
    from.fields(9)?;
    let (last_submit, last_chat, known) = (from.int()?, from.int()?, from.int()?);
    let offers = Some(from.raw()?).filter(|raw| *raw != EMPTY_MAP);
    let talks = from.list(talk)?;
    let submissions = from.list(submission)?;
    let loose = from.raw()?;
    let loose_ms = Reader::new(loose).list(loose_ms)?;
    let loose = Some(loose).filter(|_| !loose_ms.is_empty());
    let folded = from.perhaps(Reader::raw)?;
    let followed = from.flag()?;
    Ok(Extra {
        last_submit,
        last_chat,
        known,
        offers,
        talks,
        submissions,
        loose_ms,
        loose,
        folded,
        followed,
    })
}

/// Reads when something that nobody caused happened.
fn loose_ms(from: &mut Reader<'_>) -> Read<i64> {
    let fields = from.array()?;
    let time_ms = from.int()?;
    for _ in 1..fields {
        from.raw()?;
    }
    Ok(time_ms)
}

fn talk<'a>(from: &mut Reader<'a>) -> Read<Talk<'a>> {
    let many = from.array()?;
    if !(4..=TALK_FIELDS).contains(&many) {
        return Err(Unusual);
    }
    let mut talk = Talk {
        many,
        time_ms: from.int()?,
        name: from.cow()?,
        thread: from.cow()?,
        code: from.int()?,
        bot: None,
        resolved: None,
        duration_ms: -1,
        deal: None,
        value: None,
        currency: None,
    };
    if many > 4 {
        talk.bot = from.perhaps(Reader::cow)?;
    }
    if many > 5 {
        talk.resolved = from.perhaps(Reader::flag)?;
    }
    if many > 6 {
        talk.duration_ms = from.int()?;
    }
    if many > 7 {
        talk.deal = from.perhaps(Reader::cow)?;
    }
    if many > 8 {
        talk.value = from.perhaps(Reader::int)?;
    }
    if many > 9 {
        talk.currency = from.perhaps(Reader::cow)?;
    }
    Ok(talk)
}

fn submission<'a>(from: &mut Reader<'a>) -> Read<Submission<'a>> {
    from.fields(9)?;
    Ok(Submission {
        form: from.cow()?,
        id: from.cow()?,
        first: pair(from)?,
        last: pair(from)?,
        asked: from.int()?,
        known: from.int()?,
        key: from.perhaps(triple)?,
        value: from.perhaps(|from| {
            from.fields(4)?;
            Ok((from.int()?, from.cow()?, from.int()?, from.cow()?))
        })?,
        download: from.perhaps(triple)?,
    })
}

/// Reads time and name of an event, as a value of their own.
pub fn pair<'a>(from: &mut Reader<'a>) -> Read<Mark<'a>> {
    from.fields(2)?;
    mark(from)
}

fn triple<'a>(from: &mut Reader<'a>) -> Read<(i64, Cow<'a, str>, Cow<'a, str>)> {
    from.fields(3)?;
    Ok((from.int()?, from.cow()?, from.cow()?))
}
