//! JSON: the bytes of a record as values of the contract, or a reason why Python has to look at them.
//!
//! In:  one record, the table of its kind.
//! Out: a value in the slot of each field that is there. What is taken here is taken by the fast lanes of
//!      `stream/adapters/cloudevents.py` or the liberal one with the very same values; what is in any way unusual goes
//!      back. Fields that the contract does not name are passed over, and looked at in every byte all the same.

use crate::odd::{odd, Odd, Why};
use crate::table::{Field, Shape, Table, Way};
use crate::times::{parse_ms, YEAR_2000_MS};
use crate::values::{Piece, Value, Values};

/// A JSON number is exact everywhere below it.
const INT_LIMIT: i64 = 1 << 53;
/// More digits than this before the point are no amount.
const MOST_DIGITS: usize = 12;
/// A number written longer than this is looked at by Python.
const LONGEST_NUMBER: usize = 40;

/// Bounds of a record.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a record at most.
    pub max_bytes: usize,
    /// Levels of objects and lists at most.
    pub max_depth: usize,
}

/// Which field of an object came behind which, last time: producers write them in one order.
#[derive(Debug, Default)]
pub struct Hints {
    shapes: Vec<Vec<u8>>,
}

impl Hints {
    /// Make hints for a table.
    pub fn new(table: &Table) -> Hints {
        let of = |shape: &Shape| (1..=shape.fields.len() as u8 + 1).map(|next| next - 1).collect();
        Hints {
            shapes: table.shapes.iter().map(of).collect(),
        }
    }
}

/// Read one record.
pub fn read(record: &str, table: &Table, bounds: Bounds, hints: &mut Hints, values: &mut Values) -> Result<(), Odd> {
    let bytes = record.as_bytes();
    if bytes.is_empty() || bytes.len() > bounds.max_bytes {
        return Err(Why::Size.into());
    }
    values.reset(table.width);
    let signs = signs(bytes);
    let mut reader = Reader {
        record,
        bytes,
        at: 0,
        table,
        values,
        hints,
        depth: 0,
        max_depth: bounds.max_depth,
        signs,
        seen: 0,
        escapes: false,
    };
    reader.space();
    reader.object(0)?;
    reader.space();
    if reader.at != bytes.len() {
        return Err(Why::Syntax.into());
    }
    if signs > 0 && (reader.seen != signs || reader.escapes) {
        return Err(Why::Address.into());
    }
    Ok(())
}

/// Count what may be the middle of an address: a sign behind what one ends in, and before something with a dot. This is
/// wider than the pattern of `stream/contract/fields.py`, so that nothing which that finds is missed.
fn signs(bytes: &[u8]) -> usize {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"._%+-".contains(&byte);
    let may_be = |at: usize, len: usize| {
        let is_behind = at.checked_sub(1).is_some_and(|before| is_part(bytes[before]));
        let rest = bytes.get(at + len..).unwrap_or(&[]);
        // an escape may write any letter, and a dot
        let mut host = rest.iter().take_while(|byte| is_part(**byte) || **byte == b'\\');
        is_behind && host.any(|byte| *byte == b'.' || *byte == b'\\' || !byte.is_ascii())
    };
    let sign_at = |at: usize| match bytes[at] {
        b'@' => may_be(at, 1),
        _ => bytes[at..].starts_with(b"%40") && may_be(at, 3),
    };
    memchr::memchr2_iter(b'@', b'%', bytes)
        .filter(|at| sign_at(*at))
        .count()
}

struct Reader<'a> {
    record: &'a str,
    bytes: &'a [u8],
    at: usize,
    table: &'a Table,
    values: &'a mut Values,
    hints: &'a mut Hints,
    depth: usize,
    max_depth: usize,
    /// Signs of an address in all of the record, and those where they may stand.
    signs: usize,
    seen: usize,
    /// Whether a character is written by its number.
    escapes: bool,
}

impl<'a> Reader<'a> {
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<(), Odd> {
        if self.peek() != byte {
            return Err(Why::Syntax.into());
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> bool {
        let is_it = self.bytes[self.at..].starts_with(word);
        if is_it {
            self.at += word.len();
        }
        is_it
    }

    fn deeper(&mut self) -> Result<(), Odd> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(Why::Size.into());
        }
        Ok(())
    }

    // objects ----------------------------------------------------------------------------------------------

    fn object(&mut self, number: usize) -> Result<(), Odd> {
        self.expect(b'{')?;
        self.deeper()?;
        let table = self.table;
        let shape = &table.shapes[number];
        let (mut came, mut last) = (0u64, 0usize);
        self.space();
        if self.peek() == b'}' {
            self.at += 1;
        } else {
            loop {
                let name = self.key()?;
                self.space();
                self.expect(b':')?;
                self.space();
                let hint = usize::from(self.hints.shapes[number][last]);
                match shape.find(name, hint) {
                    Some(at) => {
                        self.hints.shapes[number][last] = at as u8;
                        last = at + 1;
                        if came & (1 << at) != 0 {
                            return odd(Why::Syntax, shape.fields[at].slot);
                        }
                        came |= 1 << at;
                        self.field(&shape.fields[at])?;
                    }
                    None => self.skip()?,
                }
                self.space();
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        self.space();
                    }
                    b'}' => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(Why::Syntax.into()),
                }
            }
        }
        self.depth -= 1;
        for field in &shape.fields {
            if field.is_required && !self.values.is_there(field.slot) {
                let beside = field
                    .instead
                    .as_ref()
                    .and_then(|name| shape.find(name, 0))
                    .map(|at| shape.fields[at].slot);
                if !beside.is_some_and(|slot| self.values.is_there(slot)) {
                    return odd(Why::Missing, field.slot);
                }
            }
        }
        Ok(())
    }

    /// Read the name of a field; one with an escape is seldom enough.
    #[inline]
    fn key(&mut self) -> Result<&'a [u8], Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let end = self.run();
        if self.peek() != b'"' || end == self.bytes.len() {
            return Err(Why::Syntax.into());
        }
        self.at += 1;
        Ok(&self.bytes[start..end])
    }

    // values -----------------------------------------------------------------------------------------------

    fn field(&mut self, field: &'a Field) -> Result<(), Odd> {
        let wrong = Odd {
            why: Why::Value,
            slot: field.slot as u16,
        };
        let value = match self.peek() {
            b'"' => {
                let (value, has_control) = self.string()?;
                let text = self.values.text_of(value, self.record).unwrap_or("");
                if is_blank(text) {
                    Value::Absent
                } else {
                    self.said(field, value, has_control)?
                }
            }
            b'n' if self.literal(b"null") => Value::Absent,
            b't' if field.way == Way::Flag && self.literal(b"true") => Value::Flag(true),
            b'f' if field.way == Way::Flag && self.literal(b"false") => Value::Flag(false),
            b'{' if field.way == Way::Object => {
                self.object(field.shape)?;
                Value::Object
            }
            b'[' if field.way == Way::List => self.list(field)?,
            b'-' | b'0'..=b'9' => self.number(field)?,
            _ => return Err(wrong),
        };
        self.values.slots[field.slot] = value;
        Ok(())
    }

    /// Read a text as its field has it.
    fn said(&mut self, field: &Field, value: Value, has_control: bool) -> Result<Value, Odd> {
        let wrong = Odd {
            why: Why::Value,
            slot: field.slot as u16,
        };
        let text = self.values.text_of(value, self.record).unwrap_or("");
        if self.signs > 0 && field.may_hold_at {
            self.seen += signs(text.as_bytes());
        }
        match field.way {
            Way::Text | Way::Name | Way::Id | Way::MessageId => {
                if !fits(text, field.longest) || (has_control && matches!(field.way, Way::Id | Way::MessageId)) {
                    return Err(wrong);
                }
                if field.is_lower {
                    return self.lower(value).ok_or(wrong);
                }
                if field.way == Way::MessageId {
                    return bare(value, text).ok_or(wrong);
                }
                Ok(value)
            }
            Way::Word | Way::Code => field.word(text).map(Value::Word).ok_or(wrong),
            Way::Hash if is_hash(text) => Ok(value),
            Way::Time => match parse_ms(text) {
                Some(ms) if ms >= YEAR_2000_MS => Ok(Value::Int(ms)),
                _ => odd(Why::Time, field.slot),
            },
            _ => Err(wrong),
        }
    }

    /// Make a text lower case, without spaces around it; None beyond ASCII, where case is more than that.
    fn lower(&mut self, value: Value) -> Option<Value> {
        let text = self.values.text_of(value, self.record)?;
        if !text.is_ascii() {
            return None;
        }
        let plain = text.trim_matches(' ');
        if plain.len() == text.len() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Some(value);
        }
        let lower = plain.to_ascii_lowercase();
        let at = self.values.made.len() as u32;
        self.values.made.push_str(&lower);
        Some(Value::Made(Piece {
            at,
            len: lower.len() as u32,
        }))
    }

    fn list(&mut self, field: &Field) -> Result<Value, Odd> {
        let wrong = Odd {
            why: Why::Value,
            slot: field.slot as u16,
        };
        self.expect(b'[')?;
        self.deeper()?;
        let first = self.values.items.len();
        self.space();
        if self.peek() == b']' {
            self.at += 1;
        } else {
            loop {
                if self.peek() != b'"' {
                    return Err(wrong);
                }
                let (value, _) = self.string()?;
                let text = self.values.text_of(value, self.record).unwrap_or("");
                let item = if field.words.is_empty() {
                    value
                } else {
                    Value::Word(field.word(text).ok_or(wrong)?)
                };
                if is_blank(text) || !fits(text, field.longest) {
                    return Err(wrong);
                }
                self.values.items.push(item);
                self.space();
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        self.space();
                    }
                    b']' => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(Why::Syntax.into()),
                }
            }
        }
        self.depth -= 1;
        let len = (self.values.items.len() - first) as u32;
        Ok(Value::List(Piece { at: first as u32, len }))
    }

    // texts ------------------------------------------------------------------------------------------------

    /// Go on to the next quote, backslash or control character; give where it stands.
    #[inline(always)]
    fn run(&mut self) -> usize {
        const LOW: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let mut at = self.at;
        while let Some(word) = self.bytes.get(at..at + 8) {
            let word = u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]);
            let (quote, slash) = (word ^ (LOW * 0x22), word ^ (LOW * 0x5c));
            let found = (quote.wrapping_sub(LOW) & !quote)
                | (slash.wrapping_sub(LOW) & !slash)
                | (word.wrapping_sub(LOW * 0x20) & !word);
            let found = found & HIGH;
            if found != 0 {
                at += (found.trailing_zeros() / 8) as usize;
                self.at = at;
                return at;
            }
            at += 8;
        }
        while self
            .bytes
            .get(at)
            .is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))
        {
            at += 1;
        }
        self.at = at;
        at
    }

    /// Read a string; says whether a control character is in it.
    fn string(&mut self) -> Result<(Value, bool), Odd> {
        self.expect(b'"')?;
        let start = self.at;
        let end = self.run();
        match self.bytes.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok((
                    Value::Said(Piece {
                        at: start as u32,
                        len: (end - start) as u32,
                    }),
                    false,
                ))
            }
            Some(b'\\') => self.escaped(start),
            _ => Err(Why::Syntax.into()),
        }
    }

    /// Read a string that has escapes, from its first character on.
    fn escaped(&mut self, start: usize) -> Result<(Value, bool), Odd> {
        let first = self.values.made.len();
        let mut has_control = false;
        self.at = start;
        loop {
            let from = self.at;
            let to = self.run();
            let Some(plain) = self.record.get(from..to) else {
                return Err(Why::Syntax.into());
            };
            self.values.made.push_str(plain);
            match self.bytes.get(to) {
                Some(b'"') => {
                    self.at = to + 1;
                    let len = (self.values.made.len() - first) as u32;
                    return Ok((Value::Made(Piece { at: first as u32, len }), has_control));
                }
                Some(b'\\') => {
                    self.at = to + 1;
                    let made = self.escape()?;
                    has_control |= made < ' ';
                    self.values.made.push(made);
                }
                _ => return Err(Why::Syntax.into()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Odd> {
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.escapes = true;
                let unit = self.four()?;
                let code = match unit {
                    0xd800..=0xdbff => {
                        if !self.literal(b"\\u") {
                            return Err(Why::Syntax.into());
                        }
                        let low = self.four()?;
                        if !(0xdc00..=0xdfff).contains(&low) {
                            return Err(Why::Syntax.into());
                        }
                        0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    // a part of an address may be written so, and whoever writes plain letters so has a reason
                    0x20..=0x7f => return Err(Why::Address.into()),
                    _ => unit,
                };
                char::from_u32(code).ok_or(Odd::from(Why::Syntax))?
            }
            _ => return Err(Why::Syntax.into()),
        })
    }

    fn four(&mut self) -> Result<u32, Odd> {
        let Some(digits) = self.bytes.get(self.at..self.at + 4) else {
            return Err(Why::Syntax.into());
        };
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16).ok_or(Odd::from(Why::Syntax))?;
        }
        self.at += 4;
        Ok(code)
    }

    // numbers ----------------------------------------------------------------------------------------------

    /// Go over a number by the grammar of JSON; give where it ends, where its point is, and whether it is that plain.
    fn written(&mut self) -> Result<(&'a str, Option<usize>), Odd> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let first = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == first || (self.bytes[first] == b'0' && self.at - first > 1) {
            return Err(Why::Syntax.into());
        }
        let mut point = None;
        if self.peek() == b'.' {
            point = Some(self.at - start);
            self.at += 1;
            let fraction = self.at;
            while self.peek().is_ascii_digit() {
                self.at += 1;
            }
            if self.at == fraction {
                return Err(Why::Syntax.into());
            }
        }
        if matches!(self.peek(), b'e' | b'E') || self.at - start > LONGEST_NUMBER {
            return Err(Why::Value.into());
        }
        Ok((self.record.get(start..self.at).unwrap_or(""), point))
    }

    fn number(&mut self, field: &Field) -> Result<Value, Odd> {
        let wrong = Odd {
            why: Why::Value,
            slot: field.slot as u16,
        };
        let (text, point) = self.written()?;
        match field.way {
            Way::Whole | Way::Floor if point.is_none() => {
                let number: i64 = text.parse().map_err(|_| wrong)?;
                let least = field.least.unwrap_or(1 - INT_LIMIT);
                if number <= -INT_LIMIT || number >= INT_LIMIT || number < least {
                    return Err(wrong);
                }
                Ok(Value::Int(number))
            }
            Way::Number => {
                let number: f64 = text.parse().map_err(|_| wrong)?;
                // a zero with a sign is written by nobody, and no figure of ours has one
                let least = field.least.unwrap_or(1 - INT_LIMIT) as f64;
                if text.starts_with('-') || number < least || number >= INT_LIMIT as f64 {
                    return Err(wrong);
                }
                Ok(Value::Float(number))
            }
            Way::Millionths => millionths(text, point).map(Value::Int).ok_or(wrong),
            _ => Err(wrong),
        }
    }

    // what the contract does not name ----------------------------------------------------------------------

    /// Pass over a value, which must be JSON.
    fn skip(&mut self) -> Result<(), Odd> {
        match self.peek() {
            b'"' => {
                let made = self.values.made.len();
                self.string()?;
                self.values.made.truncate(made);
                Ok(())
            }
            b'{' => {
                self.at += 1;
                self.deeper()?;
                self.several(b'}', |reader| {
                    reader.key()?;
                    reader.space();
                    reader.expect(b':')?;
                    reader.space();
                    reader.skip()
                })
            }
            b'[' => {
                self.at += 1;
                self.deeper()?;
                self.several(b']', Reader::skip)
            }
            b'-' | b'0'..=b'9' => self.written().map(|_| ()),
            b't' if self.literal(b"true") => Ok(()),
            b'f' if self.literal(b"false") => Ok(()),
            b'n' if self.literal(b"null") => Ok(()),
            _ => Err(Why::Syntax.into()),
        }
    }

    fn several(&mut self, end: u8, mut each: impl FnMut(&mut Self) -> Result<(), Odd>) -> Result<(), Odd> {
        self.space();
        if self.peek() == end {
            self.at += 1;
        } else {
            loop {
                each(self)?;
                self.space();
                let next = self.peek();
                self.at += 1;
                if next == end {
                    break;
                }
                if next != b',' {
                    return Err(Why::Syntax.into());
                }
                self.space();
            }
        }
        self.depth -= 1;
        Ok(())
    }
}

/// Whether a text is nothing, or white space.
#[inline]
fn is_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        None => true,
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => text
            .chars()
            .all(|each| each.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&each)),
    }
}

/// Whether a text has so many characters at most.
#[inline]
fn fits(text: &str, longest: usize) -> bool {
    text.len() <= longest || text.chars().count() <= longest
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Take the angle brackets off a message id; None where more is odd about it.
fn bare(value: Value, text: &str) -> Option<Value> {
    let is_bracketed = text.len() > 1 && text.starts_with('<') && text.ends_with('>');
    let inner = if is_bracketed { &text[1..text.len() - 1] } else { text };
    let is_space = |each: char| each.is_whitespace() || each < ' ';
    if inner.is_empty() || inner.starts_with(is_space) || inner.ends_with(is_space) {
        return None;
    }
    let cut = |piece: Piece| {
        if is_bracketed {
            Piece {
                at: piece.at + 1,
                len: piece.len - 2,
            }
        } else {
            piece
        }
    };
    Some(match value {
        Value::Said(piece) => Value::Said(cut(piece)),
        Value::Made(piece) => Value::Made(cut(piece)),
        other => other,
    })
}

/// Give a number in millionths, rounded half to even.
fn millionths(text: &str, point: Option<usize>) -> Option<i64> {
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let (is_negative, whole) = match whole.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, whole),
    };
    if whole.len() > MOST_DIGITS {
        return None;
    }
    let digits = fraction.as_bytes();
    let mut sum = whole.parse::<i64>().ok()?;
    for place in 0..6 {
        sum = sum * 10 + i64::from(digits.get(place).map_or(0, |digit| digit - b'0'));
    }
    if let Some((next, rest)) = digits.get(6..).and_then(|rest| rest.split_first()) {
        let is_half = *next == b'5' && rest.iter().all(|digit| *digit == b'0');
        if *next > b'5' || (*next == b'5' && (!is_half || sum % 2 == 1)) {
            sum += 1;
        }
    }
    Some(if is_negative { -sum } else { sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let of = |text: &str| millionths(text, text.find('.'));
        assert_eq!(of("19.99"), Some(19_990_000));
        assert_eq!(of("-2"), Some(-2_000_000));
        assert_eq!(of("0.0000005"), Some(0));
        assert_eq!(of("0.0000015"), Some(2));
        assert_eq!(of("0.00000050001"), Some(1));
        assert_eq!(of("999999999999.9999999"), Some(1_000_000_000_000_000_000));
        assert_eq!(of("1000000000000"), None);
    }

    #[test]
    fn blank_is_what_python_strips() {
        assert!(is_blank("") && is_blank(" \u{3000}\u{1f}") && !is_blank(" a") && !is_blank("\u{200b}"));
    }

    #[test]
    fn a_pair_of_brackets_is_off() {
        let of = |text: &str| {
            bare(
                Value::Said(Piece {
                    at: 0,
                    len: text.len() as u32,
                }),
                text,
            )
        };
        assert_eq!(of("<a>"), Some(Value::Said(Piece { at: 1, len: 1 })));
        assert_eq!((of("<>"), of("a "), of("< a>")), (None, None, None));
        assert_eq!(of("<"), Some(Value::Said(Piece { at: 0, len: 1 })));
    }

    #[test]
    fn signs_of_addresses_are_counted() {
        assert_eq!(signs(b"a@b.c a%40b.c %41 100% /@b.c a@b"), 2);
    }
}
