// Page: one stream of models in, a page out. Also knows when the stream has stopped, and says so.
import { $, drawCards, drawSections, drawSources, drawTrust, recolourCharts, resetCharts, stateChanges } from "./draw.js";
import { clock, duration } from "./charts.js";

const SILENT_MS = 6000; // the worker sends every 2 s at the latest
const RETRY_MS = 3000;
const BADGES = {
  live: "Live", catching_up: "Catching up", restoring: "Restoring", starting: "Starting", elsewhere: "Elsewhere",
  stalled: "Stalled", no_data: "No data yet", stale: "Stale", signed_out: "Signed out", connecting: "Connecting",
};

const chosen = new URLSearchParams(location.hash.slice(1));
let source = null;
let heardMs = 0;
let drawnMs = 0;
let charts = null;
let model = null;
let shownState = "";

function open() {
  source?.close();
  const query = new URLSearchParams({ site: chosen.get("site") ?? "", window: chosen.get("window") ?? "" });
  source = new EventSource(`/events?${query}`);
  source.addEventListener("charts", (event) => { charts = JSON.parse(event.data); });
  source.addEventListener("model", (event) => {
    heardMs = Date.now();
    draw(JSON.parse(event.data));
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) refused();
  });
}

// An EventSource does not say why it was refused, so ask.
async function refused() {
  try {
    const answer = await fetch("/", { method: "HEAD" });
    if (answer.status === 401) {
      show("signed_out", "The token is not valid any more.", { href: "/", text: "Sign in again" });
      return;
    }
  } catch { /* not reachable: try again */ }
  setTimeout(open, RETRY_MS);
}

function draw(fresh) {
  model = fresh;
  const asOfS = model.state === "stalled" ? null : model.as_of_ms && Math.round(model.as_of_ms / 1000);
  if (charts) {
    drawCards(model.cards, null);
    resetCharts(charts);
    charts = null;
  }
  drawCards(model.cards, asOfS);
  drawChoices();
  drawSections(model.sections);
  drawTrust(model.trust, model);
  $("cover").textContent = model.cover;
  $("foot").textContent = model.catalog_version ? `Catalog ${model.catalog_version}` : "";
  show(model.state, model.state === "live" ? "" : model.state_text);
  const changes = stateChanges(model.cards);
  if (changes) announce(changes);
  document.body.dataset.ready = "";
  drawnMs = performance.now();
  tick();
}

// -- how things are

function show(state, text, link) {
  const banner = $("banner");
  document.body.dataset.state = state;
  $("badge").dataset.state = banner.dataset.state = state;
  $("badge-text").textContent = BADGES[state] ?? state;
  $("badge").title = state === "live" ? model?.state_text ?? "" : "";
  if (banner.textContent !== text || link) {
    banner.replaceChildren(text);
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link.href;
      anchor.textContent = link.text;
      banner.append(" ", anchor);
    }
  }
  banner.hidden = !text;
  if (state !== shownState && shownState) announce(`${BADGES[state] ?? state}. ${text}`);
  shownState = state;
}

function announce(text) {
  $("announce").textContent = text;
}

function tick() {
  const silentMs = Date.now() - heardMs;
  if (heardMs && silentMs > SILENT_MS && shownState !== "signed_out") {
    const words = `No word from the worker since ${clock(heardMs / 1000)}. The figures below are the last ones; trying again.`;
    show("stale", words);
  }
  if (!model) return;
  const nowMs = model.now_ms + (performance.now() - drawnMs);
  drawSources(model.sources, nowMs);
  const behindS = Math.max(0, (nowMs - model.as_of_ms) / 1000);
  $("asof").textContent = !model.as_of_ms ? "" : behindS < 120
    ? `as of ${clock(model.as_of_ms / 1000)}`
    : `as of ${clock(model.as_of_ms / 1000)}, ${duration(behindS)} behind`;
}

// -- choices

function drawChoices() {
  const windows = $("windows");
  if (windows.querySelectorAll("input").length !== model.windows.length) {
    for (const each of model.windows) {
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "window", value: each, id: `window-${each}` });
      const label = document.createElement("label");
      label.htmlFor = input.id;
      label.textContent = each;
      windows.append(input, label);
    }
  }
  const input = $(`window-${model.window}`);
  if (input && !input.checked && chosen.get("window") !== windows.querySelector(":checked")?.value) input.checked = true;
  const sites = $("site");
  const key = model.sites.join("\n");
  if (sites.dataset.key !== key) {
    sites.dataset.key = key;
    sites.replaceChildren(...model.sites.map((each) => new Option(each || "All sites", each)));
    $("site-choice").hidden = model.sites.length < 2;
    sites.value = model.site;
  }
}

$("choices").addEventListener("change", (event) => {
  chosen.set(event.target.name, event.target.value);
  history.replaceState(null, "", `#${chosen}`);
  open();
});
$("choices").addEventListener("submit", (event) => event.preventDefault());

// -- theme

const THEMES = ["auto", "light", "dark"];
const root = document.documentElement;

function nameTheme() {
  $("theme").textContent = `Theme: ${root.dataset.theme ?? "auto"}`;
}

$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* storage is off: for this visit only */ }
  nameTheme();
  recolourCharts();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolourCharts);

nameTheme();
setInterval(tick, 1000);
open();
