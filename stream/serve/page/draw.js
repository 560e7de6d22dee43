// Draw: put a model on the overview. Elements are made once and only their text changes, so that focus and
// selection stay where they are.
import { Chart } from "./charts.js";
import { $, count, fillRows, make, named, say } from "./parts.js";
import { address, go } from "./route.js";
import { ago, duration, told } from "./times.js";

const TITLES = {
  page_view: "Page views", form: "Forms", chatbot: "Chatbot", email: "Email", ad: "Ads",
  crm: "CRM", cost: "Cost", signal: "Signals", privacy: "Privacy",
};
const OUTCOMES = { counted: "Counted", duplicate: "Duplicates", filtered: "Filtered", dead_lettered: "Dead-lettered" };
const SPANS = { "2d": 172800, "7d": 604800, "35d": 3024000 };
const cards = new Map();

export const titleOf = (kind) => TITLES[kind] ?? kind;
export const secondsOf = (span) => SPANS[span] ?? SPANS["2d"];

export function brief(value, unit, measure) {
  if (value === null || value === undefined) return "–";
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
  const link = make("a", { href: address({ figure: model.metric }), class: "open" }, model.title);
  const title = make("h3", { id }, link);
  const article = make("article", { class: large ? "card large" : "card", "aria-labelledby": id },
    make("header", {}, title, part.window, part.chip),
    make("div", { class: "figure" }, part.value, make("div", { class: "said" }, part.counts, part.detail)),
    part.chart, make("div", { class: "below" }, part.parts, part.readout));
  link.addEventListener("click", (event) => follow(event, model.metric));
  article.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, input") && !String(getSelection())) go({ figure: model.metric });
  });
  const card = { article, part, model, link, chart: null };
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
    card.link.setAttribute("href", address({ figure: model.metric }));
    const { part, chart } = card;
    say(part.value, model.shown);
    part.value.classList.toggle("none", model.value === null);
    say(part.counts, model.counts);
    say(part.detail, model.detail);
    say(part.chip, model.state_text);
    part.chip.dataset.state = model.state;
    part.chip.hidden = !model.state;
    card.article.dataset.state = model.state;
    const measure = model.unit === "seconds" ? model.measure : ""; // median or mean
    say(part.window, [measure, model.other_window ? model.window : ""].filter(Boolean).join(" · "));
    part.window.hidden = !part.window.textContent;
    drawParts(part.parts, model.parts);
    if (asOfS && model.value !== null) chart.add(asOfS, model.value);
    if (!part.readout.textContent) chart.point(null);
  }
}

function drawParts(list, parts) {
  const key = parts.map((part) => part.name).join("\n");
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...parts.map((part) => make("div", {}, make("dt", {}, named(part.name)), make("dd"))));
  }
  parts.forEach((part, i) => say(list.children[i].lastChild, part.shown));
}

export function resetCharts(charts, span) {
  for (const [metric, points] of Object.entries(charts)) cards.get(metric)?.chart.reset(points, secondsOf(span));
}

// A click with a key held, or with another button, is the browser's.
export function follow(event, figure) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go({ figure });
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
      if (!name.firstChild) name.append(make("a", { class: "open" }, row.title));
      name.firstChild.setAttribute("href", address({ figure: row.metric }));
      name.firstChild.onclick = (event) => follow(event, row.metric);
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
    say(name, titleOf(source.kind));
    say(newest, source.newest_ms === null ? "–" : ago(nowMs - source.newest_ms));
    newest.title = source.newest_ms === null ? "" : told(source.newest_ms / 1000);
    say(unread, count(source.unread));
    if (!state.firstChild) state.append(make("span", { class: "chip" }));
    say(state.firstChild, source.text);
    state.firstChild.dataset.state = source.state;
  });
  say($("sources-note"), sources.length ? "" : "not known on this worker");
}

// -- trust

export function drawTrust(trust, model) {
  const outcomes = trust.outcomes ?? [];
  const accepted = trust.accepted ?? 0;
  const verdict = $("trust-verdict");
  verdict.dataset.state = trust.error ? "drop" : "ok";
  say(verdict, !outcomes.length ? "not known on this worker" : !accepted ? "no record yet" : trust.error
    ? `${count(trust.error)} of ${count(accepted)} records are unaccounted for`
    : `${count(accepted)} records accepted, all accounted for`);
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
    say(n, count(item.n));
    say(part, brief(share, "ratio"));
    say(name.lastChild, item.reasons.map(([reason, n]) => `${reason} ${count(n)}`).join(", "));
  });
  drawFacts([
    ["Complete", !outcomes.length ? "–" : model.complete ? "yes" : "no"],
    ["Data since", model.data_since_ms ? told(model.data_since_ms / 1000, false) : "–"],
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
