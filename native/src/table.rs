//! Table: the fields of a kind as the contract says them; Python hands it in, nothing of it is written here.
//!
//! In:  `stream/ingest/native.py` flattens `stream/contract/table.py`: one line a field, objects before what is inside.
//! Out: shapes of objects, whose fields are found by name; a slot for the value of each field.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rustc_hash::FxHashMap;

/// How a field is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Way {
    Text,
    Name,
    Id,
    MessageId,
    Hash,
    Word,
    Time,
    Whole,
    Floor,
    Number,
    Millionths,
    Flag,
    Code,
    List,
    Object,
}

impl Way {
    fn named(name: &str) -> Option<Way> {
        Some(match name {
            "text" => Way::Text,
            "name" => Way::Name,
            "id" => Way::Id,
            "message_id" => Way::MessageId,
            "hash" => Way::Hash,
            "enum" => Way::Word,
            "time" => Way::Time,
            "whole" => Way::Whole,
            "floor" => Way::Floor,
            "number" => Way::Number,
            "millionths" => Way::Millionths,
            "flag" | "agreement" => Way::Flag,
            "country" | "currency" => Way::Code,
            "list" => Way::List,
            "object" => Way::Object,
            _ => return None,
        })
    }
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Name on the wire.
    pub name: Box<[u8]>,
    /// The whole path, for people.
    pub path: String,
    /// How it is read.
    pub way: Way,
    /// Whether an event cannot do without.
    pub is_required: bool,
    /// The field beside it that will do in its place.
    pub instead: Option<Box<[u8]>>,
    /// Characters at most, of a text or of an item.
    pub longest: usize,
    /// The least number.
    pub least: Option<i64>,
    /// Whether it is lower case, whatever was sent.
    pub is_lower: bool,
    /// Words of a closed list.
    pub words: Vec<Box<str>>,
    codes: FxHashMap<Box<str>, u16>,
    /// Where its value is put.
    pub slot: usize,
    /// Its shape, if it is an object.
    pub shape: usize,
    /// Whether something in it may look like an address and is none.
    pub may_hold_at: bool,
}

impl Field {
    /// Give the place of a word in its list.
    #[inline]
    pub fn word(&self, text: &str) -> Option<u16> {
        if self.codes.is_empty() {
            return self.words.iter().position(|word| **word == *text).map(|at| at as u16);
        }
        self.codes.get(text).copied()
    }
}

/// The fields of one object.
#[derive(Debug, Default)]
pub struct Shape {
    /// In the order of the contract.
    pub fields: Vec<Field>,
    by_name: FxHashMap<Box<[u8]>, u16>,
}

impl Shape {
    /// Find a field by its name; `hint` is where it is looked for first.
    #[inline]
    pub fn find(&self, name: &[u8], hint: usize) -> Option<usize> {
        if self.fields.get(hint).is_some_and(|field| *field.name == *name) {
            return Some(hint);
        }
        self.by_name.get(name).map(|at| usize::from(*at))
    }
}

/// All shapes of one kind; the first is the whole event.
#[derive(Debug, Default)]
pub struct Table {
    /// Name of the kind.
    pub kind: String,
    /// The shapes.
    pub shapes: Vec<Shape>,
    slots: FxHashMap<String, usize>,
    /// Shape and place in it, by slot.
    places: Vec<(usize, usize)>,
    /// How many slots there are.
    pub width: usize,
}

/// A list of words is looked through up to here; a longer one is hashed.
const FEW_WORDS: usize = 16;
/// Bits that say which fields of an object came already.
const MOST_FIELDS: usize = 64;

impl Table {
    /// Read what Python hands in: a dict a field, with `path`, `parent` (number of a shape), and so on.
    pub fn new(kind: &str, lines: &[Bound<'_, PyDict>]) -> PyResult<Table> {
        let mut table = Table {
            kind: kind.to_owned(),
            shapes: vec![Shape::default()],
            ..Table::default()
        };
        for line in lines {
            let field = table.field(line)?;
            let parent: usize = item(line, "parent")?;
            let shape = table
                .shapes
                .get_mut(parent)
                .ok_or_else(|| PyValueError::new_err("no such shape"))?;
            if shape.fields.len() == MOST_FIELDS {
                return Err(PyValueError::new_err(format!("{kind}: an object has too many fields")));
            }
            table.places.push((parent, shape.fields.len()));
            shape.by_name.insert(field.name.clone(), shape.fields.len() as u16);
            shape.fields.push(field);
        }
        Ok(table)
    }

    fn field(&mut self, line: &Bound<'_, PyDict>) -> PyResult<Field> {
        let (path, name, reads): (String, String, String) =
            (item(line, "path")?, item(line, "name")?, item(line, "reads")?);
        let way = Way::named(&reads).ok_or_else(|| PyValueError::new_err(format!("{path}: no way to read {reads}")))?;
        let words: Vec<String> = item(line, "words")?;
        let codes = if words.len() > FEW_WORDS {
            words
                .iter()
                .enumerate()
                .map(|(at, word)| (word.as_str().into(), at as u16))
                .collect()
        } else {
            FxHashMap::default()
        };
        let mut shape = 0;
        if way == Way::Object {
            shape = self.shapes.len();
            self.shapes.push(Shape::default());
        }
        let slot = self.width;
        self.width += 1;
        self.slots.insert(path.clone(), slot);
        Ok(Field {
            name: name.into_bytes().into(),
            way,
            is_required: item(line, "required")?,
            instead: Some(item::<String>(line, "instead")?)
                .filter(|name| !name.is_empty())
                .map(|name| name.into_bytes().into()),
            longest: item(line, "longest")?,
            least: item(line, "least")?,
            is_lower: item(line, "lower")?,
            words: words.iter().map(|word| word.as_str().into()).collect(),
            codes,
            slot,
            shape,
            may_hold_at: item(line, "may_hold_at")?,
            path,
        })
    }

    /// Give the slot of a field; an error names what the contract does not have.
    pub fn slot(&self, path: &str) -> PyResult<usize> {
        let missing = || PyValueError::new_err(format!("{}: the contract has no field {path}", self.kind));
        self.slots.get(path).copied().ok_or_else(missing)
    }

    /// Give the field of a path.
    pub fn at(&self, path: &str) -> PyResult<&Field> {
        let slot = self.slot(path)?;
        let mut all = self.shapes.iter().flat_map(|shape| &shape.fields);
        all.find(|field| field.slot == slot)
            .ok_or_else(|| PyValueError::new_err(path.to_owned()))
    }

    /// Give the word of a slot by its place.
    pub fn word_at(&self, slot: usize, word: u16) -> Option<&str> {
        let (shape, at) = self.places.get(slot)?;
        let field = self.shapes.get(*shape)?.fields.get(*at)?;
        field.words.get(usize::from(word)).map(|word| &**word)
    }

    /// Give the path of a slot.
    pub fn path(&self, slot: usize) -> &str {
        let found = self
            .places
            .get(slot)
            .and_then(|(shape, at)| self.shapes.get(*shape)?.fields.get(*at));
        found.map_or("", |field| &field.path)
    }

    /// Give the place of a word in the list of a field.
    pub fn word(&self, path: &str, word: &str) -> PyResult<u16> {
        let missing = || PyValueError::new_err(format!("{}: {path} has no word {word}", self.kind));
        self.at(path)?.word(word).ok_or_else(missing)
    }
}

fn item<'py, T: FromPyObject<'py>>(line: &Bound<'py, PyDict>, name: &str) -> PyResult<T> {
    let missing = || PyValueError::new_err(format!("a field of the table lacks {name}"));
    line.get_item(name)?.ok_or_else(missing)?.extract()
}
