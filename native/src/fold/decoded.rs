//! Facts as the native decode leaves them, as facts of the fold; people of a batch, gathered.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use rustc_hash::FxHashMap;

use super::fact::{Actor, Chat, Deed, Fact, Form, FormAction, Id, Said, Touch, View, MARK, UNIT};
use super::followed::NamingEvent;
use super::gathered::Gathered;
use super::people::{Folded, People, Tables};
use crate::arena::Text;
use crate::decode::Lane;
use crate::facts::{self, What};
use crate::kinds::Kind;
use crate::store::Store;
use crate::symbols::Sym;

/// Pages that are remembered as sessions write them.
const MOST_PAGES: usize = 65_536;

/// Closed lists of the contract, as places in them stand for words.
struct Words<'l> {
    form_actions: &'l [Box<str>],
    form_types: &'l [Box<str>],
    offer_stages: &'l [Box<str>],
    actors: &'l [Box<str>],
    chat_actions: &'l [Box<str>],
}

impl<'l> Words<'l> {
    fn new(lanes: &'l [Lane]) -> PyResult<Self> {
        Ok(Words {
            form_actions: words(lanes, Kind::Form, "data.action")?,
            form_types: words(lanes, Kind::Form, "data.form_type")?,
            offer_stages: words(lanes, Kind::Form, "data.offer_stage")?,
            actors: words(lanes, Kind::Chatbot, "data.actor")?,
            chat_actions: words(lanes, Kind::Chatbot, "data.action")?,
        })
    }
}

/// Gives the words of a closed list of the contract; none of a kind that is not read here.
pub fn words<'l>(lanes: &'l [Lane], kind: Kind, path: &str) -> PyResult<&'l [Box<str>]> {
    match lanes.iter().find(|lane| lane.contract.kind == kind) {
        Some(lane) => lane.contract.table.at(path).map(|field| &*field.words),
        None => Ok(&[]),
    }
}

/// Gives a word by its place.
pub fn word(words: &[Box<str>], place: facts::Word) -> &str {
    words.get(usize::from(place)).map_or("", |word| word)
}

/// Makes facts that borrow from a store.
struct Reader<'s> {
    store: &'s Store,
    words: Words<'s>,
    pages: &'s FxHashMap<(Sym, Sym), Box<str>>,
    chat_actions: &'s [String],
    /// By the places of facts that name somebody.
    ids: &'s FxHashMap<usize, Vec<Id>>,
}

impl<'s> Reader<'s> {
    fn text(&self, text: Text) -> &'s str {
        self.store.arena.get(text)
    }

    fn label(&self, sym: Sym) -> &'s str {
        self.store.symbols.get(sym)
    }

    /// Makes a fact; None for what rows have no number for.
    fn fact(&self, fact: &'s facts::Fact, place: usize) -> Option<Fact<'s>> {
        let touch = fact.touch.map(|touch| Touch {
            channel: self.label(touch.channel),
            campaign: self.label(touch.campaign),
            engine: touch.engine.map(|sym| self.label(sym)),
            domain: touch.domain.map(|sym| self.label(sym)),
        });
        let deed = match &fact.what {
            What::View(view) => Deed::View(View {
                group: self.label(view.group),
                content: self.label(view.content),
                viewed: self.pages.get(&(view.group, view.content))?,
                engagement_ms: view.engagement_ms,
                has_offer: view.offer.is_some(),
                is_download: view.is_download,
            }),
            What::Form(form) => Deed::Form(self.form(form)),
            What::Chat(chat) => Deed::Chat(self.chat(chat)?),
        };
        Some(Fact {
            time_ms: fact.time_ms,
            source: self.text(fact.name.head(fact.source_len)),
            id: self.text(fact.name.behind(fact.source_len + 1)),
            touch,
            country: fact.country.map(|sym| self.label(sym)),
            deed,
            said: fact.said.as_ref().map(|said| Said {
                ids: self.ids.get(&place).map_or(&[], |ids| ids),
                names_somebody: said.names_somebody(),
                tells: said.tells,
                offer_type: said.offer_type.map_or("", |text| self.text(text)),
                region: said.region.map_or("", |text| self.text(text)),
                product: said.product.map_or("", |text| self.text(text)),
            }),
            place,
        })
    }

    fn form(&self, form: &'s facts::Form) -> Form<'s> {
        let mut asked: Vec<&str> = form.fields_asked.iter().map(|name| self.text(*name)).collect();
        asked.sort_unstable();
        asked.dedup();
        let is_present = |name: &&&str| form.fields_present.iter().any(|one| self.text(*one) == **name);
        Form {
            action: match word(self.words.form_actions, form.action) {
                "view" => FormAction::View,
                "start" => FormAction::Start,
                "submit" => FormAction::Submit,
                _ => FormAction::Other,
            },
            form: self.text(form.form_id),
            form_type: form.form_type.map(|place| word(self.words.form_types, place)),
            submission: form.submission_id.map(|text| self.text(text)),
            content: form.content_id.map(|text| self.text(text)),
            offer_stage: form.offer_stage.map(|place| word(self.words.offer_stages, place)),
            event: self.filled(form.event_id),
            has_offer: self.filled(form.offer_id).is_some(),
            asked: asked.len() as i64,
            known: asked.iter().filter(is_present).count() as i64,
            value: form.value.zip(form.currency.map(|text| self.text(text))),
        }
    }

    fn chat(&self, chat: &'s facts::Chat) -> Option<Chat<'s>> {
        let action = word(self.words.chat_actions, chat.action);
        let place = self.chat_actions.iter().position(|known| known == action)?;
        Some(Chat {
            action: u8::try_from(place).ok()?,
            actor: match chat.actor.map(|place| word(self.words.actors, place)) {
                Some("visitor") => Actor::Visitor,
                Some("bot" | "agent") => Actor::Ours,
                _ => Actor::Nobody,
            },
            thread: self.text(chat.conversation_id),
            bot: self.filled(chat.bot_id),
            has_deal: self.filled(chat.order_id).is_some() || self.filled(chat.appointment_id).is_some(),
            resolved: chat.resolved,
            duration_ms: chat
                .duration_s
                .map_or(-1, |seconds| (seconds * 1_000.0).round_ties_even() as i64),
            value: chat.value.zip(chat.currency.map(|text| self.text(text))),
        })
    }

    fn filled(&self, text: Option<Text>) -> Option<&'s str> {
        text.map(|text| self.text(text)).filter(|text| !text.is_empty())
    }
}

/// What native facts are folded with, and what is remembered of them.
#[derive(Default)]
pub struct Decoded {
    pages: FxHashMap<(Sym, Sym), Box<str>>,
}

impl Decoded {
    /// Folds all people that wait in a store; gives the facts that are left over, and the keys of rows that are larger
    /// than they may be. Whoever has facts of Python in `waiting` is left whole.
    pub fn fold<'py>(
        &mut self,
        store: &mut Store,
        lanes: &[Lane],
        people: &mut People,
        waiting: &Bound<'py, PyDict>,
        of: &Bound<'py, PyAny>,
        accumulator: &Bound<'py, PyAny>,
    ) -> PyResult<(Vec<facts::Fact>, Vec<Bound<'py, PyString>>)> {
        let facts = std::mem::take(&mut store.people);
        let store = &*store;
        self.name_pages(store, &facts);
        let chat_actions = people.chat_actions().to_vec();
        let tables = Tables::of(of)?;
        let named = Named::of(store, &facts, tables.following.as_ref())?;
        let reader = Reader {
            store,
            words: Words::new(lanes)?,
            pages: &self.pages,
            chat_actions: &chat_actions,
            ids: &named.ids,
        };
        let gathered = Gathered::by(facts.iter().map(|fact| store.arena.get(fact.key)));
        let (mut left, mut large, mut made) = (Vec::new(), Vec::new(), Vec::new());
        people.count_in(accumulator)?;
        for places in gathered.each() {
            let first = &facts[places[0] as usize];
            let key = PyString::new(waiting.py(), store.arena.get(first.key));
            made.clear();
            if !waiting.contains(&key)? {
                made.extend(
                    places
                        .iter()
                        .map_while(|place| reader.fact(&facts[*place as usize], *place as usize)),
                );
            }
            if made.len() < places.len() {
                left.extend(places.iter().map(|place| *place as usize));
                continue;
            }
            match people.person(&tables, &key, store.symbols.get(first.site_label), &mut made)? {
                Folded::TooLarge => large.push(key),
                Folded::Of(done) => left.extend(made[done..].iter().map(|fact| fact.place)),
            }
        }
        people.flush(accumulator)?;
        if let Some(following) = &tables.following {
            people
                .telling
                .flush(following, |place| named.naming(store, &facts[place], place))?;
        }
        let mut facts: Vec<_> = facts.into_iter().map(Some).collect();
        Ok((
            left.into_iter().filter_map(|place| facts[place].take()).collect(),
            large,
        ))
    }

    /// Writes the pages of facts as sessions do.
    fn name_pages(&mut self, store: &Store, facts: &[facts::Fact]) {
        if self.pages.len() > MOST_PAGES {
            self.pages = FxHashMap::default();
        }
        for fact in facts {
            if let What::View(view) = &fact.what {
                self.pages.entry((view.group, view.content)).or_insert_with(|| {
                    let (group, content) = (store.symbols.get(view.group), store.symbols.get(view.content));
                    format!("{MARK}{group}{UNIT}{content}{MARK}").into()
                });
            }
        }
    }
}

/// Who is named by the facts of a fold, as Python has them and as rows do.
struct Named<'py> {
    lists: FxHashMap<usize, Bound<'py, PyList>>,
    ids: FxHashMap<usize, Vec<Id>>,
}

impl<'py> Named<'py> {
    /// Has Python name all of them in one go.
    fn of(store: &Store, facts: &[facts::Fact], following: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let mut out = Named {
            lists: FxHashMap::default(),
            ids: FxHashMap::default(),
        };
        let (Some(following), naming) = (
            following,
            facts.iter().enumerate().filter(|(_, fact)| names_somebody(fact)),
        ) else {
            return Ok(out);
        };
        let naming: Vec<_> = naming.collect();
        if naming.is_empty() {
            return Ok(out);
        }
        let asked: Vec<_> = naming.iter().map(|(_, fact)| named(store, fact)).collect();
        let found: Vec<Bound<'py, PyList>> = following.call_method1("name", (asked,))?.extract()?;
        for ((place, _), list) in naming.into_iter().zip(found) {
            let ids: Vec<(i64, [u8; 16], i64)> = list.extract()?;
            let ids = ids.into_iter().map(|(kind, hash, home)| Id { kind, hash, home });
            out.ids.insert(place, ids.collect());
            out.lists.insert(place, list);
        }
        Ok(out)
    }

    /// Gives what an event names.
    fn naming(&self, store: &Store, fact: &facts::Fact, place: usize) -> PyResult<NamingEvent<'py>> {
        let gone = || PyRuntimeError::new_err("nobody is named by an event that was to name somebody");
        let list = self.lists.get(&place).ok_or_else(gone)?;
        Ok((fact.kind().name(), named(store, fact), list.clone()))
    }
}

fn names_somebody(fact: &facts::Fact) -> bool {
    fact.said.as_ref().is_some_and(|said| said.names_somebody())
}

/// Gives site, ids as the event has them, time and name.
pub fn named(
    store: &Store,
    fact: &facts::Fact,
) -> (String, Option<String>, Option<String>, Option<String>, i64, String) {
    let text = |text: Text| store.arena.get(text).to_owned();
    let said = fact.said.as_deref();
    let id = |of: fn(&facts::Said) -> Option<Text>| said.and_then(of).map(text);
    (
        text(fact.site),
        id(|said| said.email_hash),
        id(|said| said.lead_id),
        id(|said| said.user_id),
        fact.time_ms,
        text(fact.name),
    )
}
