// Page: one stream of models in, a page out; what is opened beside it is asked for. Also knows when the stream has
// stopped, and says so.
import { drawCards, drawSections, drawSources, drawTrust, recolourCharts, resetCharts, stateChanges } from "./draw.js";
import { addToOpened, drawOpened, drawOpenedChart, recolourOpened } from "./opened.js";
import { $, make, named, say } from "./parts.js";
import { address, go, onRoute, route } from "./route.js";
import { duration, inZone, told, zoneName } from "./times.js";
import { drawAlerts, drawDetails, drawFigures, search } from "./views.js";
import { drawWall, onWall } from "./wall.js";

const SILENT_MS = 6000; // the worker sends every 2 s at the latest
const RETRY_MS = 3000;
const ASK_MS = 5000; // between two looks at what is opened
const CHARTS_MS = 300000;
const BADGES = {
  live: "Live", catching_up: "Catching up", restoring: "Restoring", starting: "Starting",
  stalled: "Stalled", no_data: "No data yet", stale: "Stale", signed_out: "Signed out", connecting: "Connecting",
};
const VIEWS = {
  figures: { table: "figures", draw: drawFigures, title: "All figures" },
  figure: { table: "figure", draw: (found) => drawOpened(found, nowMs()), title: "Figure" },
  alerts: { table: "alerts", draw: (found) => drawAlerts(found, nowMs()), title: "Alerts" },
  trust: { table: "trust", draw: (found) => drawDetails(found, model, nowMs()), title: "Trust" },
};

let source = null;
let heardAt = 0; // by performance.now(): a clock that is set moves nothing
let heardAtClock = 0;
let drawnAt = 0;
let model = null;
let shownState = "";
let asked = 0; // counts what was asked for, so that an answer that comes late draws nothing

// -- the stream

function open() {
  source?.close();
  source = new EventSource(`/events?${query()}`);
  source.addEventListener("model", (event) => {
    heardAt = performance.now();
    heardAtClock = Date.now();
    draw(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) refused();
  });
}

function query(more = {}) {
  return new URLSearchParams({ site: route.site, window: route.window, ...more });
}

// An EventSource does not say why it was refused, so ask.
async function refused() {
  try {
    const answer = await fetch("/", { method: "HEAD" });
    if (answer.status === 401) {
      signedOut();
      return;
    }
  } catch { /* not reachable: try again */ }
  setTimeout(open, RETRY_MS);
}

function signedOut() {
  show("signed_out", "The token is not valid any more.", { href: "/", text: "Sign in again" });
}

function draw(fresh) {
  const first = !model?.as_of_ms; // until something is known there is nothing to ask for
  const moved = model && (model.site !== fresh.site || model.window !== fresh.window);
  model = fresh;
  const zoned = inZone(model.zone);
  drawnAt = performance.now();
  document.body.dataset.ready = "";
  show(model.state, model.state === "live" ? "" : model.state_text);
  if (onWall) {
    drawWall(model);
    tick();
    return;
  }
  const asOfS = model.state === "stalled" ? null : model.as_of_ms && Math.round(model.as_of_ms / 1000);
  if (first || moved || zoned) askCharts();
  if (first) ask();
  drawCards(model.cards, chartsOf === chartsKey() ? asOfS : null);
  if (route.view === "figure") addToOpened(model.cards.find((card) => card.metric === route.figure), asOfS);
  drawChoices();
  drawSections(model.sections);
  drawTrust(model.trust, model);
  drawStrip(model.alerts);
  say($("cover"), model.cover);
  say($("foot"), `leadpulse ${model.version} · ${model.build}`);
  const changes = stateChanges(model.cards);
  if (changes) announce(changes);
  tick();
}

// What fires now stands above everything.
function drawStrip(alerts) {
  const strip = $("strip");
  const key = JSON.stringify(alerts);
  if (strip.dataset.key === key) return;
  strip.dataset.key = key;
  strip.hidden = !alerts.count;
  strip.dataset.severity = alerts.pages ? "page" : "ticket";
  strip.replaceChildren(...alerts.first.map((one) => {
    const link = make("a", { href: one.metric ? address({ figure: one.metric }) : address({ view: "alerts" }) },
      one.title, one.of ? ": " : "", one.of ? named(one.of) : "");
    return make("p", {}, link, ` since ${told(one.since_ms / 1000, false)}. `, make("span", { dir: "auto" }, one.text), one.held ? ` (${one.held})` : "");
  }), alerts.count > alerts.first.length ? make("p", {}, make("a", { href: address({ view: "alerts" }) }, `${alerts.count - alerts.first.length} more`)) : "");
  say($("nav-alerts"), alerts.count ? `Alerts (${alerts.count})` : "Alerts");
}

// -- what is asked for

let chartsOf = "";

function chartsKey() {
  return `${query({ span: route.span })}`;
}

async function get(table, more) {
  const answer = await fetch(`/api/${table}?${query(more)}`);
  if (answer.status === 401) signedOut();
  return answer.ok ? answer.json() : answer.status === 404 ? null : undefined;
}

async function askCharts() {
  if (onWall || !model?.as_of_ms) return;
  const key = chartsKey();
  try {
    const found = await get("charts", { span: route.span });
    if (found && key === chartsKey()) {
      chartsOf = key;
      resetCharts(found.charts, found.span);
    }
  } catch { /* the stream says that nobody answers */ }
}

async function askOpenedChart() {
  const { figure, span } = route;
  try {
    const found = await get("charts", { span, metric: figure });
    if (found && route.figure === figure && route.span === span) drawOpenedChart(found.charts[figure], found.span);
  } catch { /* as above */ }
}

async function ask({ chart = true } = {}) {
  const view = VIEWS[route.view];
  if (!view || onWall || !model?.as_of_ms) return;
  const mine = ++asked;
  try {
    const found = await get(view.table, route.figure ? { metric: route.figure } : {});
    if (mine !== asked || found === undefined) return;
    $("missing").hidden = found !== null;
    $("opened").hidden = found === null;
    if (found === null) return;
    view.draw(found);
    $(`view-${route.view}`).dataset.drawn = "";
    focusHead();
    if (chart && route.view === "figure") askOpenedChart();
  } catch { /* as above */ }
}

// -- where we are

function place(now, before) {
  const opened = now.view !== before?.view || now.figure !== before?.figure;
  for (const each of document.querySelectorAll("[data-view]")) each.hidden = each.dataset.view !== now.view;
  for (const link of document.querySelectorAll("nav a")) {
    const to = link.dataset.to;
    link.setAttribute("href", address({ view: to, figure: "" }));
    if (to === now.view || (to === "figures" && now.view === "figure")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.dataset.at = now.view;
  document.title = now.view === "overview" ? "leadpulse" : `${VIEWS[now.view].title}: leadpulse`;
  for (const span of document.querySelectorAll("input[name^=span]")) span.checked = span.value === (now.span || "2d");
  files(now);
  if (!before) return;
  if (now.site !== before.site || now.window !== before.window) open();
  if (now.site !== before.site || now.window !== before.window || now.span !== before.span) askCharts();
  ask();
  if (opened) {
    scrollTo(0, 0);
    headDue = true;
    focusHead();
  }
}

// Who opens something goes on from its heading, as soon as that is there.
let headDue = false;

function focusHead() {
  const head = document.querySelector(`[data-view="${route.view}"] h2`);
  if (!headDue || !head.checkVisibility()) return;
  headDue = false;
  head.tabIndex = -1;
  head.focus({ preventScroll: true });
}

// The same as files: what is shown, for a spreadsheet or a script.
function files(now) {
  const table = VIEWS[now.view]?.table ?? "figures";
  for (const form of ["csv", "json"]) {
    $(`as-${form}`).href = `/api/${table}?${query({ ...(now.figure && { metric: now.figure }), format: form })}`;
  }
}

document.querySelector("nav").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go({ view: link.dataset.to, figure: "" });
});
$("strip").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const to = new URLSearchParams(link.getAttribute("href").slice(1));
  go({ view: to.get("view") ?? "figure", figure: to.get("figure") ?? "" });
});
$("back").addEventListener("click", (event) => {
  event.preventDefault();
  go({ view: "overview", figure: "" });
});
$("search").addEventListener("input", search);
addEventListener("keydown", (event) => {
  if (onWall || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type=radio]), select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    if (route.view !== "figures") go({ view: "figures" });
    $("search").focus();
  } else if (event.key === "Escape" && !typing && route.view !== "overview") {
    go({ view: "overview", figure: "" });
  }
});

// -- how things are

function show(state, text, link) {
  const banner = $("banner");
  document.body.dataset.state = state;
  for (const badge of [$("badge"), $("wall-badge")]) badge.dataset.state = state;
  banner.dataset.state = state;
  for (const each of [$("badge-text"), $("wall-badge-text")]) say(each, BADGES[state] ?? state);
  $("badge").title = state === "live" ? model?.state_text ?? "" : "";
  say($("wall-banner"), text);
  if (banner.dataset.text !== text || link) {
    banner.dataset.text = text;
    banner.replaceChildren(text);
    if (link) banner.append(" ", make("a", { href: link.href }, link.text));
  }
  banner.hidden = !text;
  if (state !== shownState && shownState) announce(`${BADGES[state] ?? state}. ${text}`);
  shownState = state;
}

function announce(text) {
  $("announce").textContent = text;
}

function nowMs() {
  return model ? model.now_ms + (performance.now() - drawnAt) : Date.now();
}

function tick() {
  const silentMs = performance.now() - heardAt;
  if (heardAt && silentMs > SILENT_MS && shownState !== "signed_out") {
    show("stale", `No word from the worker since ${told(heardAtClock / 1000)}. The figures below are the last ones; trying again.`);
  }
  if (!model) return;
  if (!onWall) drawSources(model.sources, nowMs());
  const behindS = Math.max(0, (nowMs() - model.as_of_ms) / 1000);
  const asOf = !model.as_of_ms ? "" : `as of ${told(model.as_of_ms / 1000)}`;
  say($("asof"), behindS < 120 ? asOf : `${asOf}, ${duration(behindS)} behind`);
  $("asof").title = zoneName();
  for (const each of document.querySelectorAll(".zone")) say(each, `Times are those of ${zoneName()}.`);
}

// -- choices

function drawChoices() {
  const windows = $("windows");
  if (windows.querySelectorAll("input").length !== model.windows.length) {
    for (const each of model.windows) {
      const input = make("input", { type: "radio", name: "window", value: each, id: `window-${each}` });
      windows.append(input, make("label", { for: input.id }, each));
    }
  }
  const input = $(`window-${route.window || model.window}`) ?? $(`window-${model.window}`);
  if (input && !input.checked) input.checked = true;
  const sites = $("site");
  const key = model.sites.join("\n");
  if (sites.dataset.key !== key) {
    sites.dataset.key = key;
    sites.replaceChildren(...model.sites.map((each) => new Option(each || "All sites", each)));
    $("site-choice").hidden = model.sites.length < 2;
    sites.value = model.site;
  }
}

document.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (name === "window" || name === "site") go({ [name]: value }, { replace: true });
  else if (name.startsWith("span")) go({ span: value === "2d" ? "" : value }, { replace: true });
});
$("choices").addEventListener("submit", (event) => event.preventDefault());

// -- theme

const THEMES = ["auto", "light", "dark"];
const root = document.documentElement;

function nameTheme() {
  $("theme").textContent = `Theme: ${root.dataset.theme ?? "auto"}`;
}

function recolour() {
  recolourCharts();
  recolourOpened();
}

$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* storage is off: for this visit only */ }
  nameTheme();
  recolour();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);

if (onWall) {
  document.body.dataset.wall = "";
  $("wall").hidden = false;
}
nameTheme();
onRoute(place);
place(route, null);
setInterval(tick, 1000);
setInterval(() => { if (!document.hidden && model) ask({ chart: false }); }, ASK_MS);
setInterval(() => { if (!document.hidden) { askCharts(); if (route.view === "figure") askOpenedChart(); } }, CHARTS_MS);
open();
