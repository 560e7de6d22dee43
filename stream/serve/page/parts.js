// Parts: the few ways in which elements are made and changed. Text is only ever text: nothing that an event
// says can become markup, and what runs from right to left stays in its place.

export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// A name that somebody else chose.
export const named = (text) => make("bdi", {}, text.trim() ? text : "(blank)");

export function say(element, words) {
  const text = words.replace(/(\d) (%|d|h|min|s)(?!\w)/g, "$1\u00a0$2"); // a number and its unit stay together
  if (element.textContent !== text) element.textContent = text;
}

export function chip(state, text, extra = "") {
  return make("span", { class: `chip ${extra}`.trim(), "data-state": state }, text);
}

export function fillRows(body, rows, columns) {
  while (body.rows.length > rows) body.deleteRow(-1);
  while (body.rows.length < rows) {
    const row = body.insertRow();
    row.append(make("th", { scope: "row" }));
    for (let column = 1; column < columns; column++) row.insertCell();
  }
}

export function table(heads, rows, attributes = {}) {
  const cells = (row) => row.map((cell, at) => make(at ? "td" : "th", at ? {} : { scope: "row" }, ...[cell].flat()));
  return make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": attributes["aria-label"] ?? "Table" },
    make("table", { class: attributes.class },
      make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row))))));
}

const number = new Intl.NumberFormat("en");
export const count = (n) => (n === undefined || n === null ? "–" : number.format(n));
