//! Values: what was read of one record, a slot a field.

/// What stands in a field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing: it is absent, null, or a text of white space.
    #[default]
    Absent,
    /// A text as it stands in the record.
    Said(Piece),
    /// A text that had to be written anew.
    Made(Piece),
    /// The place of a word in its list.
    Word(u16),
    /// A whole number, millionths or milliseconds.
    Int(i64),
    /// A number with parts.
    Float(f64),
    /// Yes or no.
    Flag(bool),
    /// A list: a stretch of `items`.
    List(Piece),
    /// An object is there; what is in it stands in slots of its own.
    Object,
}

/// Where something begins, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins.
    pub at: u32,
    /// How long it is.
    pub len: u32,
}

impl Piece {
    /// Cut it out of a text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.at as usize..(self.at + self.len) as usize).unwrap_or("")
    }
}

/// The values of one record; used again for the next.
#[derive(Debug, Default)]
pub struct Values {
    /// A value a slot.
    pub slots: Vec<Value>,
    /// Texts that were written anew.
    pub made: String,
    /// What stands in lists.
    pub items: Vec<Value>,
}

impl Values {
    /// Make room for another record.
    pub fn reset(&mut self, width: usize) {
        self.slots.clear();
        self.slots.resize(width, Value::Absent);
        self.made.clear();
        self.items.clear();
    }

    /// Give the text in a slot, None where there is none; `record` is what was read.
    #[inline]
    pub fn text<'a>(&'a self, slot: usize, record: &'a str) -> Option<&'a str> {
        self.text_of(self.slots[slot], record)
    }

    /// Give the text of a value.
    #[inline]
    pub fn text_of<'a>(&'a self, value: Value, record: &'a str) -> Option<&'a str> {
        match value {
            Value::Said(piece) => Some(piece.of(record)),
            Value::Made(piece) => Some(piece.of(&self.made)),
            _ => None,
        }
    }

    /// Give the word in a slot.
    #[inline]
    pub fn word(&self, slot: usize) -> Option<u16> {
        match self.slots[slot] {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Give the whole number in a slot.
    #[inline]
    pub fn int(&self, slot: usize) -> Option<i64> {
        match self.slots[slot] {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// Give the number with parts in a slot.
    #[inline]
    pub fn float(&self, slot: usize) -> Option<f64> {
        match self.slots[slot] {
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    /// Give the flag in a slot.
    #[inline]
    pub fn flag(&self, slot: usize) -> Option<bool> {
        match self.slots[slot] {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// Whether anything is there.
    #[inline]
    pub fn is_there(&self, slot: usize) -> bool {
        !matches!(self.slots[slot], Value::Absent)
    }

    /// Give what stands in a list.
    pub fn list(&self, slot: usize) -> &[Value] {
        match self.slots[slot] {
            Value::List(piece) => self
                .items
                .get(piece.at as usize..(piece.at + piece.len) as usize)
                .unwrap_or(&[]),
            _ => &[],
        }
    }
}
