// Draw: put a model on the page. Elements are made once and only their text changes, so that focus and
// selection stay where they are.
import { Chart, clock, duration } from "./charts.js";

const TITLES = {
  page_view: "Page views", form: "Forms", chatbot: "Chatbot", email: "Email", ad: "Ads",
  crm: "CRM", cost: "Cost", signal: "Signals", privacy: "Privacy",
};
const OUTCOMES = { counted: "Counted", duplicate: "Duplicates", filtered: "Filtered", dead_lettered: "Dead-lettered" };
const number = new Intl.NumberFormat("en");
const cards = new Map();

export const $ = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function say(element, words) {
  const text = words.replace(/(\d) (%|d|h|min|s)(?!\w)/g, "$1\u00a0$2"); // a number and its unit stay together
  if (element.textContent !== text) element.textContent = text;
}

function brief(value, unit, measure) {
  if (value === null) return "–";
  if (unit === "ratio") return `${Number((value * 100).toPrecision(3))} %`;
  if (unit === "seconds") return duration(value);
  const text = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value);
  return unit === "currency" ? `${text} ${measure}` : text;
}

// -- cards

function makeCard(model, large) {
  const id = `card-${model.metric}`;
  const part = {
    chip: make("span", { class: "chip" }),
    window: make("span", { class: "tag" }),
    value: make("p", { class: "value" }),
    counts: make("p", { class: "counts" }),
    detail: make("p", { class: "detail" }),
    readout: make("output", { class: "readout", "aria-label": "Value in the chart" }),
    chart: make("div", { class: "chart", role: "img", tabindex: "0", ...(large && { "data-large": "" }) }),
    parts: make("dl", { class: "parts" }),
  };
  const title = make("h3", { id, title: `${model.help} ${model.formula}` }, model.title);
  const article = make("article", { class: large ? "card large" : "card", "aria-labelledby": id },
    make("header", {}, title, part.window, part.chip),
    make("div", { class: "figure" }, part.value, make("div", { class: "said" }, part.counts, part.detail)),
    part.chart, make("div", { class: "below" }, part.parts, part.readout));
  const card = { article, part, model, chart: null };
  card.chart = new Chart(part.chart, part.readout, (value) => brief(value, card.model.unit, card.model.measure));
  card.chart.name = model.title;
  return card;
}

export function drawCards(models, asOfS) {
  for (const [at, model] of models.entries()) {
    let card = cards.get(model.metric);
    if (!card) {
      card = makeCard(model, at === 0);
      cards.set(model.metric, card);
      $("cards").append(card.article);
    }
    card.model = model;
    const { part, chart } = card;
    say(part.value, model.shown);
    part.value.classList.toggle("none", model.value === null);
    say(part.counts, model.counts);
    say(part.detail, model.detail);
    say(part.chip, model.state_text);
    part.chip.dataset.state = model.state;
    part.chip.hidden = !model.state;
    card.article.dataset.state = model.state;
    const told = model.unit === "seconds" ? model.measure : ""; // median or mean
    say(part.window, [told, model.other_window ? model.window : ""].filter(Boolean).join(" · "));
    part.window.hidden = !part.window.textContent;
    drawParts(part.parts, model.parts);
    chart.usual = model.usual;
    if (asOfS && model.value !== null) chart.add(asOfS, model.value);
    if (!part.readout.textContent) chart.point(null);
  }
}

function drawParts(list, parts) {
  const key = parts.map((part) => part.name).join("\n");
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...parts.map((part) => make("div", {}, make("dt", {}, part.name), make("dd"))));
  }
  parts.forEach((part, i) => say(list.children[i].lastChild, part.shown));
}

export function resetCharts(charts) {
  for (const [metric, points] of Object.entries(charts)) cards.get(metric)?.chart.reset(points);
}

export function recolourCharts() {
  for (const { chart } of cards.values()) chart.recolour();
}

// What has changed for the worse or the better, in one sentence.
let stateOf = null;
export function stateChanges(models) {
  const now = new Map(models.map((model) => [model.metric, model.state]));
  const changed = stateOf
    ? models.filter((m) => stateOf.get(m.metric) !== m.state && (isBad(m.state) || isBad(stateOf.get(m.metric))))
    : [];
  stateOf = now;
  return changed.map((model) => `${model.title}: ${model.state_text || "OK"}, ${model.shown}.`).join(" ");
}

const isBad = (state) => state === "drop" || state === "rise";

// -- leads and money

export function drawSections(sections) {
  const all = $("sections");
  while (all.children.length > sections.length) all.lastChild.remove();
  sections.forEach((section, i) => {
    const panel = all.children[i] ?? all.appendChild(makeSection(section));
    say(panel.querySelector(".section-head p"), section.note);
    const body = panel.querySelector("table").tBodies[0];
    fillRows(body, section.rows.length, 4);
    section.rows.forEach((row, at) => {
      const [name, value, said, window] = body.rows[at].cells;
      say(name, row.title);
      name.title = row.help;
      say(value, row.shown);
      say(said, row.said);
      said.dataset.state = row.state;
      say(window, row.window);
    });
  });
}

function makeSection({ name, title }) {
  const id = `${name}-title`;
  const head = ["Figure", "Value", "Of what", "Window"].map((text) => make("th", { scope: "col" }, text));
  return make("section", { class: "panel", "aria-labelledby": id },
    make("div", { class: "section-head" }, make("h2", { id }, title), make("p")),
    make("table", { class: "beside" }, make("thead", {}, make("tr", {}, ...head)), make("tbody")));
}

// -- sources

export function drawSources(sources, nowMs) {
  const body = $("sources-table").tBodies[0];
  fillRows(body, sources.length, 4);
  sources.forEach((source, i) => {
    const [name, newest, unread, state] = body.rows[i].cells;
    say(name, TITLES[source.kind] ?? source.kind);
    say(newest, source.newest_ms === null ? "–" : ago(nowMs - source.newest_ms));
    newest.title = source.newest_ms === null ? "" : clock(source.newest_ms / 1000);
    say(unread, number.format(source.unread));
    if (!state.firstChild) state.append(make("span", { class: "chip" }));
    say(state.firstChild, source.text);
    state.firstChild.dataset.state = source.state;
  });
  say($("sources-note"), sources.length ? "" : "not known on this worker");
}

function ago(ms) {
  return ms < 1500 ? "now" : `${duration(ms / 1000)} ago`;
}

function fillRows(body, rows, columns) {
  while (body.rows.length > rows) body.deleteRow(-1);
  while (body.rows.length < rows) {
    const row = body.insertRow();
    row.append(make("th", { scope: "row" }));
    for (let column = 1; column < columns; column++) row.insertCell();
  }
}

// -- trust

export function drawTrust(trust, model) {
  const outcomes = trust.outcomes ?? [];
  const accepted = trust.accepted ?? 0;
  const verdict = $("trust-verdict");
  verdict.dataset.state = trust.error ? "drop" : "ok";
  say(verdict, !outcomes.length ? "not known on this worker" : !accepted ? "no record yet" : trust.error
    ? `${number.format(trust.error)} of ${number.format(accepted)} records are unaccounted for`
    : `${number.format(accepted)} records accepted, all accounted for`);
  const body = $("trust-table").tBodies[0];
  fillRows(body, outcomes.length, 3);
  const bar = $("trust-bar");
  while (bar.children.length < outcomes.length) bar.append(make("span"));
  outcomes.forEach((item, i) => {
    const share = accepted ? item.n / accepted : 0;
    bar.children[i].dataset.outcome = body.rows[i].dataset.outcome = item.outcome;
    bar.children[i].style.flexGrow = share;
    const [name, n, part] = body.rows[i].cells;
    if (!name.firstChild) name.append(make("span", { class: "outcome" }), " ", make("span", { class: "reasons" }));
    say(name.firstChild, OUTCOMES[item.outcome]);
    say(n, number.format(item.n));
    say(part, brief(share, "ratio"));
    say(name.lastChild, item.reasons.map(([reason, count]) => `${reason} ${number.format(count)}`).join(", "));
  });
  const count = (n) => (n === undefined ? "–" : number.format(n));
  drawFacts([
    ["Complete", !outcomes.length ? "–" : model.complete ? "yes" : "no"],
    ["Data since", model.data_since_ms ? clock(model.data_since_ms / 1000) : "–"],
    ["Ids known for", trust.horizon || "–"],
    ["Clock ahead", count(trust.clock_ahead)],
    ["Rerouted", count(trust.rerouted)],
    ["Label values folded", count(trust.labels_folded)],
    ["Mixed ad reports", count(trust.mixed_granularity)],
    ["Shards restored", `${model.worker.restored} of ${model.worker.shards}`],
  ]);
}

function drawFacts(facts) {
  const list = $("trust-facts");
  while (list.children.length < facts.length) list.append(make("div", {}, make("dt"), make("dd")));
  facts.forEach(([name, value], i) => {
    say(list.children[i].firstChild, name);
    say(list.children[i].lastChild, value);
  });
}
