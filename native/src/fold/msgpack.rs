//! MessagePack as rows are stored: the shortest form of everything, as msgspec writes it.
//!
//! What is not that is [`Unusual`]: whoever meets it leaves the row to Python.

use std::borrow::Cow;

/// Bytes that this reader does not take.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusual;

pub type Read<T> = Result<T, Unusual>;

/// Nesting that no row has.
const DEEPEST: usize = 32;
pub const NIL: u8 = 0xc0;

/// Reads values one behind the other, borrowing texts and bytes.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// Gives the bytes of the next `n`.
    fn take(&mut self, n: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(n).ok_or(Unusual)?;
        let found = self.bytes.get(self.at..end).ok_or(Unusual)?;
        self.at = end;
        Ok(found)
    }

    #[inline]
    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Unusual)?;
        self.at += 1;
        Ok(byte)
    }

    /// Reads a big-endian number of `n` bytes.
    #[inline]
    fn big(&mut self, n: usize) -> Read<u64> {
        Ok(self.take(n)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// Reads a nil, if one stands here.
    #[inline]
    pub fn nil(&mut self) -> bool {
        let is_nil = self.bytes.get(self.at) == Some(&NIL);
        self.at += usize::from(is_nil);
        is_nil
    }

    #[inline]
    pub fn int(&mut self) -> Read<i64> {
        let head = self.byte()?;
        Ok(match head {
            0..=0x7f => i64::from(head),
            0xe0..=0xff => i64::from(head as i8),
            0xcc => self.big(1)? as i64,
            0xcd => self.big(2)? as i64,
            0xce => self.big(4)? as i64,
            0xcf => i64::try_from(self.big(8)?).map_err(|_| Unusual)?,
            0xd0 => i64::from(self.big(1)? as u8 as i8),
            0xd1 => i64::from(self.big(2)? as u16 as i16),
            0xd2 => i64::from(self.big(4)? as u32 as i32),
            0xd3 => self.big(8)? as i64,
            _ => return Err(Unusual),
        })
    }

    /// Reads a number that may be as large as a hash.
    pub fn uint(&mut self) -> Read<u64> {
        if self.bytes.get(self.at) == Some(&0xcf) {
            self.at += 1;
            return self.big(8);
        }
        u64::try_from(self.int()?).map_err(|_| Unusual)
    }

    pub fn flag(&mut self) -> Read<bool> {
        match self.byte()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(Unusual),
        }
    }

    #[inline]
    pub fn text(&mut self) -> Read<&'a str> {
        let head = self.byte()?;
        let len = match head {
            0xa0..=0xbf => usize::from(head & 0x1f),
            0xd9 => self.big(1)? as usize,
            0xda => self.big(2)? as usize,
            0xdb => self.big(4)? as usize,
            _ => return Err(Unusual),
        };
        std::str::from_utf8(self.take(len)?).map_err(|_| Unusual)
    }

    pub fn cow(&mut self) -> Read<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    /// Reads a value or nil.
    #[inline]
    pub fn perhaps<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.nil() {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    pub fn bin(&mut self) -> Read<&'a [u8]> {
        let len = match self.byte()? {
            0xc4 => self.big(1)?,
            0xc5 => self.big(2)?,
            0xc6 => self.big(4)?,
            _ => return Err(Unusual),
        };
        self.take(len as usize)
    }

    /// Reads the head of an array.
    #[inline]
    pub fn array(&mut self) -> Read<usize> {
        let head = self.byte()?;
        match head {
            0x90..=0x9f => Ok(usize::from(head & 0x0f)),
            0xdc => Ok(self.big(2)? as usize),
            0xdd => Ok(self.big(4)? as usize),
            _ => Err(Unusual),
        }
    }

    /// Reads the head of a struct, which must have exactly so many fields; a former release may have written fewer.
    #[inline]
    pub fn fields(&mut self, n: usize) -> Read<()> {
        if self.array()? == n {
            Ok(())
        } else {
            Err(Unusual)
        }
    }

    /// Reads the head of a map.
    pub fn map(&mut self) -> Read<usize> {
        let head = self.byte()?;
        match head {
            0x80..=0x8f => Ok(usize::from(head & 0x0f)),
            0xde => Ok(self.big(2)? as usize),
            0xdf => Ok(self.big(4)? as usize),
            _ => Err(Unusual),
        }
    }

    /// Reads an array, each item by `read`.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let n = self.array()?;
        // each item takes a byte at least: what says more is no row, and must not cost memory
        if n > self.bytes.len() - self.at {
            return Err(Unusual);
        }
        (0..n).map(|_| read(self)).collect()
    }

    /// Gives the bytes of the next value, whatever it is.
    pub fn raw(&mut self) -> Read<&'a [u8]> {
        let start = self.at;
        self.skip(DEEPEST)?;
        Ok(&self.bytes[start..self.at])
    }

    fn skip(&mut self, deeper: usize) -> Read<()> {
        let deeper = deeper.checked_sub(1).ok_or(Unusual)?;
        let head = self.byte()?;
        let (len, items) = match head {
            0..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => (0, 0),
            0x80..=0x8f => (0, 2 * usize::from(head & 0x0f)),
            0x90..=0x9f => (0, usize::from(head & 0x0f)),
            0xa0..=0xbf => (usize::from(head & 0x1f), 0),
            0xc4 | 0xd9 => (self.big(1)? as usize, 0),
            0xc5 | 0xda => (self.big(2)? as usize, 0),
            0xc6 | 0xdb => (self.big(4)? as usize, 0),
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 => (2, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            0xdc => (0, self.big(2)? as usize),
            0xdd => (0, self.big(4)? as usize),
            0xde => (0, 2 * self.big(2)? as usize),
            0xdf => (0, 2 * self.big(4)? as usize),
            _ => return Err(Unusual),
        };
        self.take(len)?;
        for _ in 0..items {
            self.skip(deeper)?;
        }
        Ok(())
    }

    /// Asks that nothing is left.
    pub fn end(&self) -> Read<()> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Unusual)
        }
    }
}

/// Writes values one behind the other.
#[derive(Default)]
pub struct Writer {
    pub out: Vec<u8>,
}

impl Writer {
    #[inline]
    pub fn int(&mut self, n: i64) {
        let out = &mut self.out;
        match n {
            0..=0x7f => out.push(n as u8),
            0x80..=0xff => out.extend([0xcc, n as u8]),
            0x100..=0xffff => self.big(0xcd, &(n as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => self.big(0xce, &(n as u32).to_be_bytes()),
            0x1_0000_0000.. => self.big(0xcf, &n.to_be_bytes()),
            -32..=-1 => out.push(n as u8),
            -0x80..=-33 => out.extend([0xd0, n as u8]),
            -0x8000..=-0x81 => self.big(0xd1, &(n as i16).to_be_bytes()),
            -0x8000_0000..=-0x8001 => self.big(0xd2, &(n as i32).to_be_bytes()),
            _ => self.big(0xd3, &n.to_be_bytes()),
        }
    }

    /// Writes a number that may be as large as a hash.
    pub fn uint(&mut self, n: u64) {
        match i64::try_from(n) {
            Ok(n) => self.int(n),
            Err(_) => self.big(0xcf, &n.to_be_bytes()),
        }
    }

    #[inline]
    fn big(&mut self, head: u8, bytes: &[u8]) {
        self.out.push(head);
        self.out.extend_from_slice(bytes);
    }

    pub fn nil(&mut self) {
        self.out.push(NIL);
    }

    pub fn flag(&mut self, flag: bool) {
        self.out.push(if flag { 0xc3 } else { 0xc2 });
    }

    #[inline]
    pub fn text(&mut self, text: &str) {
        match text.len() {
            n @ 0..=31 => self.out.push(0xa0 | n as u8),
            n => self.head(n, 0xd9, true),
        }
        self.out.extend_from_slice(text.as_bytes());
    }

    pub fn bin(&mut self, bytes: &[u8]) {
        self.head(bytes.len(), 0xc4, true);
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    pub fn array(&mut self, n: usize) {
        match n {
            0..=15 => self.out.push(0x90 | n as u8),
            _ => self.head(n, 0xdc, false),
        }
    }

    pub fn map(&mut self, n: usize) {
        match n {
            0..=15 => self.out.push(0x80 | n as u8),
            _ => self.head(n, 0xde, false),
        }
    }

    /// Writes a length in the shortest form, of which `head` is the first; not all kinds have one of 8 bits.
    fn head(&mut self, n: usize, head: u8, has_short: bool) {
        let wide = head + u8::from(has_short);
        if has_short && n <= 0xff {
            self.out.extend([head, n as u8]);
        } else if n <= 0xffff {
            self.big(wide, &(n as u16).to_be_bytes());
        } else {
            self.big(wide + 1, &(n as u32).to_be_bytes());
        }
    }

    /// Writes what is already encoded.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    pub fn perhaps_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.nil(),
        }
    }

    pub fn ints(&mut self, ints: &[i64]) {
        self.array(ints.len());
        self.ints_inside(ints);
    }

    /// Writes numbers into an array that has begun.
    pub fn ints_inside(&mut self, ints: &[i64]) {
        for n in ints {
            self.int(*n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_in_their_shortest_form() {
        for (n, len) in [
            (0, 1),
            (127, 1),
            (128, 2),
            (255, 2),
            (256, 3),
            (65_535, 3),
            (65_536, 5),
            (u32::MAX as i64, 5),
            (1 << 32, 9),
            (i64::MAX, 9),
            (-1, 1),
            (-32, 1),
            (-33, 2),
            (-128, 2),
            (-129, 3),
            (-32_768, 3),
            (-32_769, 5),
            (i32::MIN as i64, 5),
            (i32::MIN as i64 - 1, 9),
            (i64::MIN, 9),
        ] {
            let mut writer = Writer::default();
            writer.int(n);
            assert_eq!(writer.out.len(), len, "{n}");
            let mut reader = Reader::new(&writer.out);
            assert_eq!(reader.int(), Ok(n));
            assert_eq!(reader.end(), Ok(()));
        }
        let mut writer = Writer::default();
        writer.uint(u64::MAX);
        writer.uint(7);
        let mut reader = Reader::new(&writer.out);
        assert_eq!((reader.uint(), reader.uint()), (Ok(u64::MAX), Ok(7)));
    }

    #[test]
    fn texts_and_lists_of_every_length_come_back() {
        for n in [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            let text = "x".repeat(n);
            let mut writer = Writer::default();
            writer.text(&text);
            writer.bin(text.as_bytes());
            writer.ints(&vec![1; n]);
            let mut reader = Reader::new(&writer.out);
            assert_eq!(reader.text(), Ok(text.as_str()));
            assert_eq!(reader.bin(), Ok(text.as_bytes()));
            assert_eq!(reader.list(Reader::int).map(|ints| ints.len()), Ok(n));
            let mut reader = Reader::new(&writer.out);
            assert!((0..3).all(|_| reader.raw().is_ok()) && reader.end().is_ok());
        }
    }

    #[test]
    fn what_is_cut_short_or_too_deep_is_unusual() {
        assert_eq!(
            Reader::new(&[0xdd, 0xff, 0xff, 0xff, 0xff]).list(Reader::int),
            Err(Unusual)
        );
        assert_eq!(Reader::new(&[0xa5, b'x']).text(), Err(Unusual));
        assert_eq!(Reader::new(&[0x91; 1_000]).raw(), Err(Unusual));
    }
}
