//! Symbols: texts that many facts share, by number; the same text has the same number.

use rustc_hash::FxHashMap;

/// A shared text. Two are equal where their texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sym(pub u32);

/// All shared texts of one shard. They are labels that the shard's guard let in, so there are not many.
#[derive(Debug, Default)]
pub struct Symbols {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
}

impl Symbols {
    /// Give the symbol of a text.
    pub fn intern(&mut self, text: &str) -> Sym {
        if let Some(number) = self.numbers.get(text) {
            return Sym(*number);
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        Sym(number)
    }

    /// Give the text of a symbol.
    pub fn get(&self, sym: Sym) -> &str {
        self.texts.get(sym.0 as usize).map_or("", |text| text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_symbol() {
        let mut symbols = Symbols::default();
        let (a, b) = (symbols.intern("a"), symbols.intern("b"));
        assert_ne!(a, b);
        assert_eq!(symbols.intern("a"), a);
        assert_eq!(symbols.get(b), "b");
    }
}
