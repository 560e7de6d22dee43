//! Touches: where visits came from. Python's rules say it once for each way of saying it that is new.
//!
//! In:  campaign fields, click ids, referrer and address of the page, as they were read.
//! Out: the touch with safe labels; None for a direct one. What is told apart here is only what is common and plain: a
//!      visit that says nothing, and a page behind another of the same host. All else is one key of a bounded cache.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyTraverseError, PyVisit};
use rustc_hash::FxHashMap;

use crate::facts::Touch;
use crate::symbols::{Sym, Symbols};

/// Ways of saying where a visit came from that are remembered.
const MOST: usize = 16_384;
/// Longer ways are asked for each time, so that the cache stays small whatever is sent.
const LONGEST: usize = 1_024;

/// What a record says of where its visit came from; texts of white space are absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// utm_source.
    pub source: Option<&'a str>,
    /// utm_medium.
    pub medium: Option<&'a str>,
    /// utm_campaign, or utm_id where there is none.
    pub name: Option<&'a str>,
    /// Whether any field of the campaign says anything.
    pub has_campaign: bool,
    /// Platform of the first click id, by its number.
    pub clicked: Option<u8>,
    /// Address of the page.
    pub page: Option<&'a str>,
    /// Referrer, if there is one: its address and domain.
    pub referrer: Option<(Option<&'a str>, Option<&'a str>)>,
    /// Site of the event.
    pub site: &'a str,
}

/// What can be said at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The touch; None: a direct one.
    Touch(Option<u32>),
    /// Nobody asked for it yet: the key is in `key`.
    Unknown,
}

/// Touches of one shard.
pub struct Touches {
    ask: Py<PyAny>,
    /// Parameter of an address → what it says: 0 source, 1 medium, 2 name, 3 id, 4 something else, 5 … a click id.
    parameters: Vec<(Box<str>, u8)>,
    platforms: Vec<Box<str>>,
    known: FxHashMap<Box<[u8]>, Option<u32>>,
    all: Vec<(Touch, Py<PyAny>)>,
    numbers: FxHashMap<(Sym, Sym, Option<Sym>, Option<Sym>), u32>,
    /// The key of the last question.
    pub(crate) key: Vec<u8>,
}

impl Touches {
    /// Show Python's collector what is held of its own.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.ask)
    }

    /// Take `ask`, which gives the safe touch of a record of a kind, or None, and whether that is remembered; it is told
    /// the key, too. `parameters` are
    /// those of addresses with what they say, `clicks` the platforms of click ids, the first that is there counting.
    pub fn new(ask: Py<PyAny>, parameters: Vec<(String, u8)>, platforms: Vec<String>) -> Touches {
        Touches {
            ask,
            parameters: parameters.into_iter().map(|(name, what)| (name.into(), what)).collect(),
            platforms: platforms.into_iter().map(Into::into).collect(),
            known: FxHashMap::default(),
            all: Vec::new(),
            numbers: FxHashMap::default(),
            key: Vec::new(),
        }
    }

    /// Give the touch of what is said, if that is plain or known.
    pub fn find(&mut self, said: &Said<'_>) -> Found {
        let mut said = *said;
        let mut tags = Tags::default();
        if let Some(url) = said.page.filter(|url| self.is_tagged(url)) {
            if !self.tags(url, &mut tags) {
                return self.look_up(&said, Some(url));
            }
            said.clicked = said.clicked.or(tags.clicked);
            if !said.has_campaign {
                (said.source, said.medium) = (tags.source, tags.medium);
                said.name = tags.name.or(tags.id);
            }
        }
        let is_tagged = said.source.is_some() || said.medium.is_some() || said.name.is_some();
        if !is_tagged && said.clicked.is_none() {
            let Some((url, _)) = said.referrer else {
                return Found::Touch(None);
            };
            if let (Some(home), Some(url)) = (said.page, url) {
                if is_next_page(home, url) {
                    return Found::Touch(None);
                }
            }
        }
        self.look_up(&said, None)
    }

    fn look_up(&mut self, said: &Said<'_>, whole: Option<&str>) -> Found {
        let (url, domain) = said.referrer.unwrap_or_default();
        let clicked = said
            .clicked
            .and_then(|number| self.platforms.get(usize::from(number)).cloned());
        let flags =
            u8::from(said.has_campaign) | u8::from(said.referrer.is_some()) << 1 | u8::from(said.page.is_some()) << 2;
        self.key.clear();
        self.key.push(flags);
        let home = if whole.is_some() {
            None
        } else {
            said.page.map(authority)
        };
        let parts = [
            said.source,
            said.medium,
            said.name,
            clicked.as_deref(),
            domain,
            url.map(before_query),
            home,
            whole,
            Some(said.site),
        ];
        for part in parts {
            match part {
                Some(text) => {
                    self.key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    self.key.extend_from_slice(text.as_bytes());
                }
                None => self.key.extend_from_slice(&u32::MAX.to_le_bytes()),
            }
        }
        self.known
            .get(self.key.as_slice())
            .map_or(Found::Unknown, |touch| Found::Touch(*touch))
    }

    /// Ask Python for the touch of a record, and remember it by the key that was made of it.
    pub fn ask(
        &mut self,
        symbols: &mut Symbols,
        kind: &str,
        value: &Bound<'_, PyAny>,
        key: &[u8],
    ) -> PyResult<Option<u32>> {
        if let Some(touch) = self.known.get(key) {
            return Ok(*touch);
        }
        let py = value.py();
        let answer = self.ask.bind(py).call1((kind, value, PyBytes::new(py, key)))?;
        let (touch, is_remembered): (Option<Bound<'_, PyAny>>, bool) = answer.extract()?;
        let number = match touch {
            None => None,
            Some(touch) => Some(self.number(symbols, touch)?),
        };
        if is_remembered && key.len() <= LONGEST {
            if self.known.len() >= MOST {
                self.known.clear();
            }
            self.known.insert(key.into(), number);
        }
        Ok(number)
    }

    fn number(&mut self, symbols: &mut Symbols, touch: Bound<'_, PyAny>) -> PyResult<u32> {
        let said: (String, String, Option<String>, Option<String>) = touch.extract()?;
        let engine = said.2.map(|text| symbols.intern(&text));
        let domain = said.3.map(|text| symbols.intern(&text));
        let of = (symbols.intern(&said.0), symbols.intern(&said.1), engine, domain);
        if let Some(number) = self.numbers.get(&of) {
            return Ok(*number);
        }
        let number = self.all.len() as u32;
        let made = Touch {
            channel: of.0,
            campaign: of.1,
            engine,
            domain,
            number,
        };
        self.all.push((made, touch.unbind()));
        self.numbers.insert(of, number);
        Ok(number)
    }

    /// Give a touch by its number.
    pub fn get(&self, number: u32) -> Option<Touch> {
        self.all.get(number as usize).map(|(touch, _)| *touch)
    }

    /// Give a touch as Python has it.
    pub fn object(&self, number: u32) -> Option<&Py<PyAny>> {
        self.all.get(number as usize).map(|(_, object)| object)
    }

    /// Tell whether an address has any of the parameters, before anybody takes it apart.
    pub fn is_tagged(&self, url: &str) -> bool {
        if !url.contains('?') {
            return false;
        }
        if !url.is_ascii() {
            return true; // letters whose other case is ASCII: Python looks
        }
        let bytes = url.as_bytes();
        memchr::memchr2_iter(b'?', b'&', bytes).any(|at| {
            let rest = &url[at + 1..];
            rest.find('=').is_some_and(|end| self.parameter(&rest[..end]).is_some())
        })
    }

    /// Tell whether an address may name a campaign by its id.
    pub fn names_campaign(&self, url: &str) -> bool {
        let mut tags = Tags::default();
        self.is_tagged(url) && (!self.tags(url, &mut tags) || tags.id.is_some())
    }

    fn parameter(&self, name: &str) -> Option<u8> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, what)| *what)
    }

    /// Read the query of an address; False where that is left to Python.
    fn tags<'a>(&self, url: &'a str, tags: &mut Tags<'a>) -> bool {
        if !url.is_ascii() {
            return false;
        }
        let before = url.split('#').next().unwrap_or("");
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let (mut seen, mut first_click) = (0u32, u8::MAX);
        for part in query.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let Some(what) = self.parameter(name) else { continue };
            if seen & 1 << what != 0 {
                continue; // of two the first
            }
            seen |= 1 << what;
            let value = Some(value).filter(|text| !text.is_empty());
            match what {
                0 => tags.source = value,
                1 => tags.medium = value,
                2 => tags.name = value,
                3 => tags.id = value,
                4 => {}
                click if value.is_some() => first_click = first_click.min(click - CLICKS),
                _ => {}
            }
        }
        tags.clicked = Some(first_click).filter(|click| *click != u8::MAX);
        true
    }
}

/// From here on parameters are click ids, in the order in which they count.
pub const CLICKS: u8 = 5;

#[derive(Default)]
struct Tags<'a> {
    source: Option<&'a str>,
    medium: Option<&'a str>,
    name: Option<&'a str>,
    id: Option<&'a str>,
    clicked: Option<u8>,
}

/// Whether both addresses are equal up to the first slash of the path.
fn is_next_page(home: &str, url: &str) -> bool {
    let (home, url) = (home.as_bytes(), url.as_bytes());
    // places of characters and of bytes are the same in ASCII only; what is before the ninth is ASCII in any scheme
    let Some(rest) = url.get(8..) else { return false };
    if !url[..8].is_ascii() {
        return false;
    }
    memchr::memchr(b'/', rest).is_some_and(|slash| home.starts_with(&url[..8 + slash + 1]))
}

/// Give as much of an address as its host depends on.
fn authority(url: &str) -> &str {
    let start = if url.starts_with("https://") {
        8
    } else if url.starts_with("http://") {
        7
    } else {
        return url;
    };
    url[start..].find('/').map_or(url, |end| &url[..start + end])
}

/// Give an address without query and fragment.
fn before_query(url: &str) -> &str {
    if url.starts_with("https://") || url.starts_with("http://") {
        url.find(['?', '#']).map_or(url, |end| &url[..end])
    } else {
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_after_another() {
        assert!(is_next_page("https://a.example/b", "https://a.example/"));
        assert!(!is_next_page("https://a.example/b", "https://a.example"));
        assert!(!is_next_page("https://b.example/b", "https://a.example/x"));
    }

    #[test]
    fn hosts_need_no_path() {
        assert_eq!(authority("https://a.example/b?c"), "https://a.example");
        assert_eq!(before_query("https://a.example/b?c#d"), "https://a.example/b");
        assert_eq!(before_query("app?x"), "app?x");
    }
}
