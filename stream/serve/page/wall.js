// Wall: the main figures so large that a room can read them. Pages turn by themselves; a drop turns the wall's colour,
// and has a page of its own that comes first. Nothing is ever cut off: what is too long is written smaller.
import { $, make, named, say } from "./parts.js";
import { told } from "./times.js";

const TURN_MS = 12000;
const A_PAGE = 4;
let at = 0;
let slides = [];
let turning = null;

export const onWall = new URLSearchParams(location.search).has("wall");

export function drawWall(model) {
  const bad = model.cards.filter((card) => card.state === "drop" || card.state === "rise");
  const alerts = model.alerts.first.filter((one) => !one.held);
  slides = [];
  if (alerts.length) slides.push({ name: "Alerts", draw: (box) => drawAlerts(box, alerts, model.alerts.count) });
  for (let from = 0; from < model.cards.length; from += A_PAGE) {
    const some = model.cards.slice(from, from + A_PAGE);
    slides.push({ name: some.map((card) => card.title).join(", "), draw: (box) => drawCards(box, some) });
  }
  document.body.dataset.alarm = alerts.some((one) => one.severity === "page") || bad.length ? "yes" : "no";
  say($("wall-site"), model.site || (model.sites.length > 1 ? "All sites" : "leadpulse"));
  say($("wall-asof"), model.as_of_ms ? told(model.as_of_ms / 1000) : "");
  if (!turning) {
    turning = setInterval(() => { at += 1; turn(); }, TURN_MS);
    addEventListener("resize", turn);
    addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        at += event.key === "ArrowRight" ? 1 : slides.length - 1;
        turn();
      }
    });
  }
  turn();
}

function turn() {
  if (!slides.length) return;
  at %= slides.length;
  const box = $("wall-slide");
  slides[at].draw(box);
  $("wall-dots").replaceChildren(...slides.map((_, i) => make("span", { "data-now": i === at ? "" : false })));
  for (const each of box.querySelectorAll("[data-fit]")) fit(each);
  for (const card of box.querySelectorAll(".wall-card")) {
    const value = card.querySelector(".wall-value, .wall-text");
    for (let step = 0; step < 40 && card.scrollHeight > card.clientHeight + 1; step++) smaller(value);
  }
}

function drawCards(box, cards) {
  box.className = "wall-cards";
  box.replaceChildren(...cards.map((card) => {
    const value = make("p", { class: "wall-value", "data-fit": "" });
    say(value, card.shown);
    const counts = make("p", { class: "wall-counts", "data-fit": "" });
    say(counts, [card.counts, card.other_window ? card.window : ""].filter(Boolean).join(" · ") || "\u00a0");
    const detail = make("p", { class: "wall-detail", "data-fit": "" });
    say(detail, [card.state_text, card.detail].filter(Boolean).join(": ") || "\u00a0");
    return make("article", { class: "wall-card", "data-state": card.state },
      make("h2", { "data-fit": "" }, card.title), value, counts, detail);
  }));
}

function drawAlerts(box, alerts, n) {
  box.className = "wall-alerts";
  const first = alerts[0];
  const text = make("p", { class: "wall-text", "data-fit": "tall", dir: "auto" }, first.text);
  const title = make("h2", { "data-fit": "" }, first.title, first.of ? ": " : "", first.of ? named(first.of) : "");
  const since = make("p", { class: "wall-counts", "data-fit": "" }, `since ${told(first.since_ms / 1000, false)}${n > 1 ? `; ${n - 1} more` : ""}`);
  box.replaceChildren(make("article", { class: "wall-card", "data-state": "drop" }, title, text, since));
}

// Write smaller until it fits.
function fit(element) {
  element.style.fontSize = "";
  const over = () => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
  for (let step = 0; step < 40 && over(); step++) smaller(element);
}

function smaller(element) {
  element.style.fontSize = `${parseFloat(getComputedStyle(element).fontSize) * 0.94}px`;
}
