//! The row of an id that is alone at its home, as it is stored (`stream/stages/leads/rows.py`).

use std::borrow::Cow;

use super::calm::Calm;
use crate::fold::msgpack::{Read, Reader, Unusual, Writer};

/// Fields of a whole row, and of one of which so little is known that it ends with the id's own part.
const WHOLE: usize = 25;
const QUIET: usize = 15;
const NO_LIST: &[u8] = &[0x90];

/// What is known about the id: so many facts, one behind the other.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub site: &'a str,
    pub text: &'a str,
    pub first_ms: i64,
    pub first_id: &'a str,
    pub n: usize,
    pub facts: Cow<'a, [u8]>,
    pub evident: bool,
}

/// A touch as it is said: when, channel, campaign.
pub type Touched<'a> = (i64, Cow<'a, str>, Cow<'a, str>);

/// What the topic of leads says of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    pub score: i64,
    pub parts: Vec<(Cow<'a, str>, i64, i64)>,
    pub last: Option<Touched<'a>>,
    pub rest: Cow<'a, [u8]>,
}

/// What of the lead stands in the topics of results.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    pub kind: i64,
    pub text: &'a str,
    pub site: &'a str,
    pub version: i64,
    pub band: Cow<'a, str>,
    pub changes: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
    pub said: Option<Said<'a>>,
}

/// The row of somebody who is alone.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub newest_ms: i64,
    pub due_ms: i64,
    pub counted_ms: i64,
    pub rules: i64,
    pub leads: i64,
    pub largest: i64,
    pub site: &'a str,
    pub oldest_ms: i64,
    /// Encoded: ids that it was named with, visitors seen under it, deals told with it.
    pub near: &'a [u8],
    pub visitors: &'a [u8],
    pub deals: &'a [u8],
    pub own: Option<Part<'a>>,
    pub told: Option<Told<'a>>,
    pub settled_ms: i64,
    pub calm: Option<Calm<'a>>,
}

impl<'a> Row<'a> {
    /// Gives the row of somebody of whom nothing is known.
    pub fn new() -> Self {
        Row {
            newest_ms: 0,
            due_ms: 0,
            counted_ms: 0,
            rules: 0,
            leads: 0,
            largest: 0,
            site: "",
            oldest_ms: 0,
            near: NO_LIST,
            visitors: NO_LIST,
            deals: NO_LIST,
            own: None,
            told: None,
            settled_ms: 0,
            calm: None,
        }
    }

    /// Reads a row, and whether it is a quiet one; whoever is not alone is unusual.
    pub fn read(bytes: &'a [u8], version: i64) -> Read<(Self, bool)> {
        let mut from = Reader::new(bytes);
        let fields = from.array()?;
        if fields != WHOLE && fields != QUIET {
            return Err(Unusual);
        }
        let mut row = Row {
            newest_ms: from.int()?,
            due_ms: from.int()?,
            counted_ms: from.int()?,
            rules: from.int()?,
            leads: from.int()?,
            largest: from.int()?,
            site: from.text()?,
            oldest_ms: from.int()?,
            ..Row::new()
        };
        if !from.nil() || from.flag()? {
            return Err(Unusual); // it has a parent, or is shared
        }
        (row.near, row.visitors, row.deals) = (from.raw()?, from.raw()?, from.raw()?);
        if from.int()? != version {
            return Err(Unusual);
        }
        row.own = from.perhaps(part)?;
        if fields == WHOLE {
            for _ in 0..3 {
                nothing(&mut from)?; // members, edges, shared ids
            }
            let mut told = from.list(told)?;
            if told.len() > 1 {
                return Err(Unusual);
            }
            row.told = told.pop();
            row.settled_ms = from.int()?;
            if from.int()? != 0 {
                return Err(Unusual); // parts are on their way
            }
            row.calm = from.perhaps(calm)?;
            if from.flag()? {
                return Err(Unusual); // it is full
            }
            nothing(&mut from)?;
            nothing(&mut from)?; // children, and ids that were forgotten
        }
        from.end()?;
        Ok((row, fields == QUIET))
    }

    /// Encodes it.
    pub fn write(&self, to: &mut Writer, version: i64, is_quiet: bool) {
        to.array(if is_quiet { QUIET } else { WHOLE });
        to.ints_inside(&[
            self.newest_ms,
            self.due_ms,
            self.counted_ms,
            self.rules,
            self.leads,
            self.largest,
        ]);
        to.text(self.site);
        to.int(self.oldest_ms);
        to.nil();
        to.flag(false);
        [self.near, self.visitors, self.deals]
            .iter()
            .for_each(|raw| to.raw(raw));
        to.int(version);
        match &self.own {
            Some(part) => write_part(to, part),
            None => to.nil(),
        }
        if is_quiet {
            return;
        }
        (0..3).for_each(|_| to.array(0));
        to.array(usize::from(self.told.is_some()));
        if let Some(told) = &self.told {
            write_told(to, told);
        }
        to.int(self.settled_ms);
        to.int(0);
        match &self.calm {
            Some(calm) => write_calm(to, calm),
            None => to.nil(),
        }
        to.flag(false);
        to.array(0);
        to.array(0);
    }

    /// Tells whether it was named with others, or visitors were seen under it.
    pub fn has_company(&self) -> bool {
        self.near != NO_LIST || self.visitors != NO_LIST
    }
}

fn nothing(from: &mut Reader<'_>) -> Read<()> {
    if from.array()? == 0 {
        Ok(())
    } else {
        Err(Unusual)
    }
}

fn part<'a>(from: &mut Reader<'a>) -> Read<Part<'a>> {
    from.fields(8)?;
    let part = Part {
        site: from.text()?,
        text: from.text()?,
        first_ms: from.int()?,
        first_id: from.text()?,
        n: usize::try_from(from.int()?).map_err(|_| Unusual)?,
        facts: Cow::Borrowed(from.bin()?),
        evident: from.flag()?,
    };
    nothing(from)?; // facts that came by the way of a shared id
    Ok(part)
}

fn write_part(to: &mut Writer, part: &Part<'_>) {
    to.array(8);
    to.text(part.site);
    to.text(part.text);
    to.int(part.first_ms);
    to.text(part.first_id);
    to.int(part.n as i64);
    to.bin(&part.facts);
    to.flag(part.evident);
    to.array(0);
}

fn told<'a>(from: &mut Reader<'a>) -> Read<Told<'a>> {
    from.fields(7)?;
    let (kind, text, site, version) = (from.int()?, from.text()?, from.text()?, from.int()?);
    let band = from.cow()?;
    let mut changes = Vec::new();
    for _ in 0..from.map()? {
        changes.push((from.cow()?, Cow::Borrowed(from.bin()?)));
    }
    let said = from.perhaps(|from| {
        from.fields(4)?;
        Ok(Said {
            score: from.int()?,
            parts: from.list(|from| {
                from.fields(3)?;
                Ok((from.cow()?, from.int()?, from.int()?))
            })?,
            last: from.perhaps(|from| {
                from.fields(3)?;
                Ok((from.int()?, from.cow()?, from.cow()?))
            })?,
            rest: Cow::Borrowed(from.bin()?),
        })
    })?;
    Ok(Told {
        kind,
        text,
        site,
        version,
        band,
        changes,
        said,
    })
}

fn write_told(to: &mut Writer, told: &Told<'_>) {
    to.array(7);
    to.int(told.kind);
    to.text(told.text);
    to.text(told.site);
    to.int(told.version);
    to.text(&told.band);
    to.map(told.changes.len());
    for (name, change) in &told.changes {
        to.text(name);
        to.bin(change);
    }
    let Some(said) = &told.said else {
        to.nil();
        return;
    };
    to.array(4);
    to.int(said.score);
    to.array(said.parts.len());
    for (rule, points, times) in &said.parts {
        to.array(3);
        to.text(rule);
        to.int(*points);
        to.int(*times);
    }
    match &said.last {
        Some((at_ms, channel, campaign)) => {
            to.array(3);
            to.int(*at_ms);
            to.text(channel);
            to.text(campaign);
        }
        None => to.nil(),
    }
    to.bin(&said.rest);
}

fn calm<'a>(from: &mut Reader<'a>) -> Read<Calm<'a>> {
    from.fields(9)?;
    Ok(Calm {
        newest_ms: from.int()?,
        active_ms: from.int()?,
        stage: from.cow()?,
        open: from.flag()?,
        waits: from.flag()?,
        nurtured: from.flag()?,
        opened: from.int()?,
        low: from.int()?,
        high: from.int()?,
    })
}

fn write_calm(to: &mut Writer, calm: &Calm<'_>) {
    to.array(9);
    to.int(calm.newest_ms);
    to.int(calm.active_ms);
    to.text(&calm.stage);
    [calm.open, calm.waits, calm.nurtured]
        .iter()
        .for_each(|flag| to.flag(*flag));
    to.ints_inside(&[calm.opened, calm.low, calm.high]);
}
