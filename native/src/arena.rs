//! Arena: the texts of all facts between decode and fold, in one owned buffer.

/// A piece of an arena's text; what it is of is known by who holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    at: u32,
    len: u32,
}

impl Text {
    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The first so many bytes of it.
    pub fn head(self, len: u32) -> Text {
        Text {
            at: self.at,
            len: len.min(self.len),
        }
    }

    /// What is behind the first so many bytes.
    pub fn behind(self, len: u32) -> Text {
        let len = len.min(self.len);
        Text {
            at: self.at + len,
            len: self.len - len,
        }
    }
}

/// One growing buffer of UTF-8; cleared when its facts were folded.
#[derive(Debug, Default)]
pub struct Arena {
    buffer: String,
}

/// What a buffer keeps of its room when it is cleared.
const KEPT_BYTES: usize = 1 << 20;

impl Arena {
    /// Put the parts behind each other as one text; None where the arena is full, which then keeps none of them.
    pub fn join(&mut self, parts: &[&str]) -> Option<Text> {
        let at = self.buffer.len();
        let len: usize = parts.iter().map(|part| part.len()).sum();
        u32::try_from(at + len).ok()?;
        for part in parts {
            self.buffer.push_str(part);
        }
        Some(Text {
            at: at as u32,
            len: len as u32,
        })
    }

    /// Put one text.
    pub fn put(&mut self, text: &str) -> Option<Text> {
        self.join(&[text])
    }

    /// Give a text back; "" for one that is not of this arena.
    pub fn get(&self, text: Text) -> &str {
        let at = text.at as usize;
        self.buffer.get(at..at + text.len as usize).unwrap_or("")
    }

    /// How many bytes are in use.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether no text is in it.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Forget all texts.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_cuts() {
        let mut arena = Arena::default();
        let text = arena.join(&["shop", "\x1f", "v1"]).unwrap_or_default();
        assert_eq!(arena.get(text), "shop\x1fv1");
        assert_eq!(arena.get(text.head(4)), "shop");
        assert_eq!(arena.get(text.behind(5)), "v1");
        arena.clear();
        assert_eq!(arena.get(text), "");
    }
}
