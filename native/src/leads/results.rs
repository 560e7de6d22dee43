//! Results: what is told of a lead (`stream/stages/leads/results.py`, `value.py`, `happened.py`).

use std::borrow::Cow;

use super::credit::{Credit, Shares, Touch, MICRO};
use super::json::Json;
use super::row::{Said, Told, Touched};
use super::rules::Rules;
use super::view::View;

/// Topic, key and value of a record.
pub type Record = (&'static str, String, Vec<u8>);

/// One thing that happened to a lead, told under its name once.
pub struct Happening<'r> {
    at_ms: i64,
    pub name: String,
    event: &'static str,
    from: Option<&'r str>,
    to: &'r str,
}

/// Lists what happened to a lead: how it came, and up the ladder.
pub fn happenings<'r>(rules: &'r Rules, view: &View<'_>) -> Vec<Happening<'r>> {
    let name = |stage: usize| &*rules.ladder[stage];
    let mut out = vec![Happening {
        at_ms: view.lead.time_ms,
        name: "created".to_owned(),
        event: "created",
        from: None,
        to: view.entered.first().map_or("", |first| name(first.0)),
    }];
    for pair in view.entered.windows(2) {
        let (below, (stage, at_ms)) = (pair[0].0, pair[1]);
        let is_last = stage + 1 == rules.ladder.len();
        out.push(Happening {
            at_ms,
            name: format!("stage/{}", name(stage)),
            event: if is_last { "customer" } else { "stage_entered" },
            from: Some(name(below)),
            to: name(stage),
        });
    }
    out.sort_by_key(|one| one.at_ms);
    out
}

/// Tells of one lead.
pub struct Teller<'r> {
    pub rules: &'r Rules,
    pub now_ms: i64,
    pub records: &'r mut Vec<Record>,
}

impl Teller<'_> {
    /// Tells what is new of a lead; all that was told of it still holds.
    pub fn tell(&mut self, told: &mut Told<'_>, happened: &[Happening<'_>], view: &View<'_>) {
        let (rules, score) = (self.rules, view.score);
        for one in happened {
            if told.changes.iter().all(|(name, _)| *name != one.name) {
                let change = self.event(told, one.event, one.at_ms, |json| {
                    json.name("from");
                    json.perhaps(one.from);
                    json.name("to");
                    json.text(one.to);
                    json.name("reason");
                    json.raw("null");
                    json.name("score");
                    json.int(score);
                });
                told.changes.push((Cow::Owned(one.name.clone()), Cow::Owned(change)));
            }
        }
        let band = view.band(rules);
        if !told.band.is_empty() && told.band != band {
            let from = told.band.clone().into_owned();
            self.event(told, "band_changed", view.newest_ms, |json| {
                json.name("from");
                json.text(&from);
                json.name("to");
                json.text(band);
                json.name("score");
                json.int(score);
            });
        }
        told.band = Cow::Owned(band.to_owned());
        let said = said_of(rules, told, view);
        if told.said.as_ref() != Some(&said) {
            told.version += 1;
            let value = self.value(told, &said);
            told.said = Some(said);
            self.records.push(("leads", key_of(rules, told), value));
        }
    }

    /// Says what a lead is, after it has changed a little.
    pub fn again(&mut self, told: &mut Told<'_>) {
        told.version += 1;
        if let Some(said) = &told.said {
            let value = self.value(told, said);
            self.records.push(("leads", key_of(self.rules, told), value));
        }
    }

    fn event(&mut self, told: &mut Told<'_>, event: &'static str, at_ms: i64, says: impl FnOnce(&mut Json)) -> Vec<u8> {
        told.version += 1;
        let (rules, now_ms) = (self.rules, self.now_ms);
        let named = [
            told.site,
            field_of(rules, told),
            told.text,
            event,
            &told.version.to_string(),
        ]
        .join("\u{1f}");
        let change = blake2b_simd::Params::new().hash_length(8).hash(named.as_bytes());
        let mut json = Json::default();
        json.raw("{");
        json.name("event");
        json.text(event);
        json.name("change");
        json.text(&change.to_hex());
        json.name("lead");
        json.raw(&key_of(rules, told));
        json.name("at");
        json.time(rules, if at_ms == 0 { now_ms } else { at_ms });
        json.name("noticed");
        json.time(rules, now_ms.max(at_ms));
        says(&mut json);
        json.name("version");
        json.int(told.version);
        json.raw("}");
        self.records.push(("lead_events", key_of(rules, told), json.out));
        change.as_bytes().to_vec()
    }

    /// Writes the record of what is said of a lead.
    fn value(&self, told: &Told<'_>, said: &Said<'_>) -> Vec<u8> {
        let mut json = Json::default();
        json.raw("{");
        json.name("lead");
        json.text(told.text);
        json.name("score");
        json.int(said.score);
        json.name("score_parts");
        json.raw("[");
        for (at, (rule, points, times)) in said.parts.iter().enumerate() {
            json.raw(if at == 0 { "[" } else { ",[" });
            json.text(rule);
            json.raw(&format!(",{points},{times}]"));
        }
        json.raw("]");
        json.name("last_touch");
        let last = said
            .last
            .as_ref()
            .map(|(at_ms, channel, campaign)| (*at_ms, &**channel, &**campaign));
        shown(&mut json, self.rules, last);
        json.name("version");
        json.int(told.version);
        json.name("as_of");
        json.time(self.rules, self.now_ms);
        json.raw(",");
        json.out.extend_from_slice(&said.rest[1..]);
        json.out
    }
}

fn field_of<'r>(rules: &'r Rules, told: &Told<'_>) -> &'r str {
    usize::try_from(told.kind)
        .ok()
        .and_then(|kind| rules.fields.get(kind))
        .map_or("", |field| field)
}

/// Writes the key of a lead as records have it.
fn key_of(rules: &Rules, told: &Told<'_>) -> String {
    let mut json = Json::default();
    json.raw("[");
    json.text(told.site);
    json.raw(",");
    json.text(field_of(rules, told));
    json.raw(",");
    json.text(told.text);
    json.raw("]");
    String::from_utf8_lossy(&json.out).into_owned()
}

/// Says what a lead is.
fn said_of(rules: &Rules, told: &Told<'_>, view: &View<'_>) -> Said<'static> {
    let lead = &view.lead;
    let mut json = Json::default();
    json.raw("{");
    json.name("ids");
    json.raw("{");
    if told.kind != rules.visitor && !told.text.is_empty() {
        json.name(field_of(rules, told));
        json.raw("[");
        json.text(told.text);
        json.raw("]");
    }
    json.name("visitors");
    json.int(view.visitors);
    json.raw("}");
    json.name("capture_method");
    json.text(lead.method);
    let (stage, since_ms) = view.stage();
    json.name("stage");
    json.text(&rules.ladder[stage]);
    json.name("since");
    json.time(rules, since_ms);
    json.name("entered");
    json.raw("{");
    for (stage, at_ms) in &view.entered {
        json.name(&rules.ladder[*stage]);
        json.time(rules, *at_ms);
    }
    json.raw("}");
    json.name("lost");
    json.raw("null");
    json.name("lost_reason");
    json.raw("null");
    json.name("band");
    json.text(view.band(rules));
    json.name("first_touch");
    shown(&mut json, rules, view.first_touch.map(touched));
    json.name("credit");
    json.raw("{");
    for (at, model) in rules.models.iter().enumerate() {
        json.name(model);
        match &view.credit {
            Credit::One(whole) => shares(&mut json, &vec![(*whole, MICRO)]),
            Credit::Many(many) => shares(&mut json, &many[at]),
        }
    }
    json.raw("}");
    json.name("segment");
    json.raw("{");
    for (name, value) in [
        ("country", lead.country),
        ("region", lead.region),
        ("product", lead.product),
        ("offer_type", lead.offer_type),
    ] {
        if !value.is_empty() {
            json.name(name);
            json.text(value);
        }
    }
    json.raw("}");
    json.name("rep");
    json.raw("null}");
    let part = |(rule, points, times): &(usize, i64, i64)| (Cow::Owned(rules.names[*rule].clone()), *points, *times);
    Said {
        score: view.score,
        parts: view.parts.iter().map(part).collect(),
        last: view.last_touch.map(touched).map(owned),
        rest: Cow::Owned(json.out),
    }
}

fn touched<'a>((at_ms, [channel, campaign, _]): Touch<'a>) -> (i64, &'a str, &'a str) {
    (at_ms, channel, campaign)
}

fn owned((at_ms, channel, campaign): (i64, &str, &str)) -> Touched<'static> {
    (at_ms, Cow::Owned(channel.to_owned()), Cow::Owned(campaign.to_owned()))
}

fn shown(json: &mut Json, rules: &Rules, touch: Option<(i64, &str, &str)>) {
    let Some((at_ms, channel, campaign)) = touch else {
        json.raw("null");
        return;
    };
    json.raw("{");
    json.name("at");
    json.time(rules, at_ms);
    json.name("channel");
    json.text(channel);
    json.name("campaign");
    json.perhaps(Some(campaign).filter(|campaign| !campaign.is_empty()));
    json.raw("}");
}

/// Writes shares by channel and campaign.
fn shares(json: &mut Json, shares: &Shares<'_>) {
    let mut out: Vec<([&str; 2], i64)> = Vec::new();
    for ([channel, campaign, _], share) in shares {
        let of = [*channel, *campaign];
        match out.iter_mut().find(|known| known.0 == of) {
            Some(known) => known.1 += share,
            None => out.push((of, *share)),
        }
    }
    json.raw("[");
    for (at, ([channel, campaign], share)) in out.into_iter().enumerate() {
        json.raw(if at == 0 { "[" } else { ",[" });
        json.text(channel);
        json.raw(",");
        json.text(campaign);
        json.raw(&format!(",{share}]"));
    }
    json.raw("]");
}
