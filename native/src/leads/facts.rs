//! Facts of people who are alone at their home, read from their bytes (`stream/identity/facts.py`).

use crate::fold::msgpack::{Read, Reader, Unusual};

/// A session of a visitor who is known.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    pub visitor: &'a str,
    pub start_ms: i64,
    pub channel: &'a str,
    pub campaign: &'a str,
    pub campaign_id: &'a str,
    pub pricing_ms: i64,
    pub cart_ms: i64,
}

/// How somebody became a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture<'a> {
    pub time_ms: i64,
    pub id: &'a str,
    pub method: &'a str,
    pub channel: &'a str,
    pub campaign: &'a str,
    pub action: &'a str,
    pub offer_stage: &'a str,
    pub offer: &'a str,
    pub offer_type: &'a str,
    pub event: &'a str,
    pub country: &'a str,
    pub region: &'a str,
    pub product: &'a str,
    pub campaign_id: &'a str,
}

/// The first submit of a form of its type, stage and event in a session.
#[derive(Clone, Copy, Debug)]
pub struct Submitted<'a> {
    pub time_ms: i64,
    pub form_type: &'a str,
    pub offer_stage: &'a str,
    pub event: &'a str,
}

/// The first time that something became of a message.
#[derive(Clone, Copy, Debug)]
pub struct Mailed<'a> {
    pub what: &'a str,
    pub time_ms: i64,
    pub nurtures: bool,
}

/// What is known of somebody; records of a crm, deals, what was told of a company and the like are Python's.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    Visit(Visit<'a>),
    Evidence(Capture<'a>),
    /// By whom, and what was counted.
    Counted(&'a str, Capture<'a>),
    Submitted(Submitted<'a>),
    Mailed(Mailed<'a>),
}

/// Parts so many facts that lie one behind the other.
pub fn parted(n: usize, facts: &[u8]) -> Read<Vec<&[u8]>> {
    let mut from = Reader::new(facts);
    let out = (0..n.min(facts.len())).map(|_| from.raw()).collect::<Read<Vec<_>>>()?;
    from.end()?;
    if out.len() == n {
        Ok(out)
    } else {
        Err(Unusual)
    }
}

impl<'a> Fact<'a> {
    /// Reads one.
    pub fn read(bytes: &'a [u8]) -> Read<Self> {
        let mut from = Reader::new(bytes);
        let (fields, tag) = (from.array()?, from.text()?);
        let fact = match (tag, fields) {
            ("s", 12) => Fact::Visit(visit(&mut from)?),
            ("e", 16) => Fact::Evidence(capture(&mut from)?.1),
            ("k", 16) => {
                let (visitor, capture) = capture(&mut from)?;
                Fact::Counted(visitor, capture)
            }
            ("f", 8) => Fact::Submitted(submitted(&mut from)?),
            ("m", 5) => {
                from.text()?;
                let (what, time_ms, nurtures) = (from.text()?, from.int()?, from.flag()?);
                Fact::Mailed(Mailed {
                    what,
                    time_ms,
                    nurtures,
                })
            }
            _ => return Err(Unusual),
        };
        from.end()?;
        Ok(fact)
    }

    /// Gives when it was.
    pub fn moment_ms(&self) -> i64 {
        match self {
            Fact::Visit(visit) => visit.start_ms,
            Fact::Evidence(capture) | Fact::Counted(_, capture) => capture.time_ms,
            Fact::Submitted(form) => form.time_ms,
            Fact::Mailed(mail) => mail.time_ms,
        }
    }
}

fn visit<'a>(from: &mut Reader<'a>) -> Read<Visit<'a>> {
    let (visitor, start_ms) = (from.text()?, from.int()?);
    let (channel, campaign, campaign_id) = (from.text()?, from.text()?, from.text()?);
    for _ in 0..4 {
        from.text()?; // engine, country, page group, content
    }
    Ok(Visit {
        visitor,
        start_ms,
        channel,
        campaign,
        campaign_id,
        pricing_ms: from.int()?,
        cart_ms: from.int()?,
    })
}

fn capture<'a>(from: &mut Reader<'a>) -> Read<(&'a str, Capture<'a>)> {
    let visitor = from.text()?;
    let capture = Capture {
        time_ms: from.int()?,
        id: from.text()?,
        method: from.text()?,
        channel: from.text()?,
        campaign: from.text()?,
        action: from.text()?,
        offer_stage: from.text()?,
        offer: from.text()?,
        offer_type: from.text()?,
        event: from.text()?,
        country: from.text()?,
        region: from.text()?,
        product: from.text()?,
        campaign_id: from.text()?,
    };
    Ok((visitor, capture))
}

fn submitted<'a>(from: &mut Reader<'a>) -> Read<Submitted<'a>> {
    from.text()?;
    let (time_ms, form_type, offer_stage) = (from.int()?, from.text()?, from.text()?);
    from.text()?;
    from.text()?;
    Ok(Submitted {
        time_ms,
        form_type,
        offer_stage,
        event: from.text()?,
    })
}
