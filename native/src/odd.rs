//! Odd: why a record is not for the native way; Python reads it then, and says what it is.

/// A reason to hand a record back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// No JSON, or written in a way that is seldom.
    Syntax,
    /// Too large, too deep, or no bytes at all.
    Size,
    /// A value that its field does not take as it is.
    Value,
    /// A field that is needed is not there.
    Missing,
    /// An @ where it may belong to an address, or an escape that may write one.
    Address,
    /// One field does not go with another.
    Rule,
    /// A time that cannot be, or comes too late.
    Time,
    /// It may belong to another shard.
    Elsewhere,
    /// It does not count: a program, a test, no consent.
    Uncounted,
    /// What only Python keeps: totals of a period, forms on ad platforms, who is followed.
    Seldom,
    /// There is no room for more before the next fold.
    Room,
    /// A fault of our own.
    Fault,
}

impl Why {
    /// The reason in a word.
    pub fn word(self) -> &'static str {
        match self {
            Why::Syntax => "syntax",
            Why::Size => "size",
            Why::Value => "value",
            Why::Missing => "missing",
            Why::Address => "address",
            Why::Rule => "rule",
            Why::Time => "time",
            Why::Elsewhere => "elsewhere",
            Why::Uncounted => "uncounted",
            Why::Seldom => "seldom",
            Why::Room => "room",
            Why::Fault => "fault",
        }
    }
}

/// A reason, and the slot of the field it is about; `NOWHERE` without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Odd {
    /// Why.
    pub why: Why,
    /// Slot of a field.
    pub slot: u16,
}

/// No field.
pub const NOWHERE: u16 = u16::MAX;

impl From<Why> for Odd {
    fn from(why: Why) -> Odd {
        Odd { why, slot: NOWHERE }
    }
}

/// Say that a field is odd.
pub fn odd<T>(why: Why, slot: usize) -> Result<T, Odd> {
    Err(Odd { why, slot: slot as u16 })
}
