//! What Python decides for the fold: bounds, words, targets. They stand in Python once, and are handed in.

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;

use super::changes::Buckets;

/// Bounds of one person, by their names in `bounds.py`, and times by theirs. Milliseconds.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Numbers {
    pub memory_ms: i64,
    pub look_back_ms: i64,
    pub gap_ms: i64,
    pub longest_ms: i64,
    pub life_ms: i64,
    pub known_ms: i64,
    pub engaged_ms: i64,
    pub horizon_ms: i64,
    pub submission_ms: i64,
    pub silence_ms: i64,
    pub forgotten_ms: i64,
    pub longest_chat_ms: i64,
    pub flood_events: i64,
    pub flood_chats: i64,
    pub sessions: usize,
    pub viewed: usize,
    pub ticks: i64,
    pub chats: i64,
    pub submissions: usize,
    pub times: usize,
    pub sights: usize,
    pub asks: usize,
    pub row_bytes: usize,
}

/// Sets of words that the rules know.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Words {
    pub paid: HashSet<String>,
    pub social: HashSet<String>,
    /// Groups of pages of which it is told that somebody saw them.
    pub telling: HashSet<String>,
    pub key_forms: HashSet<String>,
    /// Of the chatbot, in the order in which rows number them.
    pub chat_actions: Vec<String>,
    pub key_chats: HashSet<String>,
    pub chats_of_person: HashSet<String>,
    pub closing_chats: HashSet<String>,
    pub engaging_chats: HashSet<String>,
}

/// What the rules say of one action of the chatbot.
#[derive(Clone, Copy, Default)]
pub struct ChatRule {
    pub starts: bool,
    pub ends: bool,
    pub is_message: bool,
    pub is_lead: bool,
    pub hands_off: bool,
    pub makes_lead: bool,
    pub by_person: bool,
    pub closes: bool,
    pub engages: bool,
}

/// All of it.
pub struct Options {
    pub numbers: Numbers,
    pub words: Words,
    pub chats: Vec<ChatRule>,
    /// Step of the funnel (from, to) → seconds within which it is taken in time.
    pub targets_s: HashMap<(String, String), i64>,
    pub buckets: Buckets,
}

impl Options {
    pub fn new(numbers: Numbers, words: Words, targets_s: HashMap<(String, String), i64>, log_gamma: f64) -> Self {
        let chats = words
            .chat_actions
            .iter()
            .map(|action| chat_rule(action, &words))
            .collect();
        Options {
            numbers,
            words,
            chats,
            targets_s,
            buckets: Buckets::new(log_gamma),
        }
    }

    /// Names the funnel step that a landing opens by its session's channel.
    pub fn step_of_landing(&self, channel: &str) -> Option<&'static str> {
        if self.words.paid.contains(channel) {
            Some("ad_landing")
        } else if channel == "email" {
            Some("email_landing")
        } else {
            None
        }
    }

    /// Says of a channel whether it is a social one, as cells do.
    pub fn social(&self, channel: &str) -> Option<&'static str> {
        self.words.social.contains(channel).then_some("social")
    }
}

fn chat_rule(action: &str, words: &Words) -> ChatRule {
    ChatRule {
        starts: action == "conversation_started",
        ends: action == "conversation_ended",
        is_message: action == "message",
        is_lead: action == "lead_captured",
        hands_off: action == "handoff",
        makes_lead: words.key_chats.contains(action),
        by_person: words.chats_of_person.contains(action),
        closes: words.closing_chats.contains(action),
        engages: words.engaging_chats.contains(action),
    }
}
