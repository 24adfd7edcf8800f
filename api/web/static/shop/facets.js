// The filters: checkboxes with counts, which several may be ticked of.

import { element, label, number, value as shown } from "../common/words.js";

const FEW = 8;
const opened = new Set();

/**
 * Draw all facets anew and keep the focus where it was.
 * @param {HTMLElement} place
 * @param {Record<string, {value: string, count: number}[]>} facets
 * @param {Record<string, string[]>} chosen
 */
export function draw(place, facets, chosen) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const fieldsets = Object.entries(facets).map(([field, values]) => facet(field, values, chosen[field] ?? []));
  place.replaceChildren(...fieldsets.filter(Boolean));
  if (focused) [...place.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus();
}

function facet(field, values, chosen) {
  const known = new Set(values.map((each) => each.value));
  const missing = chosen.filter((each) => !known.has(each)).map((each) => ({ value: each, count: 0 }));
  const all = [...values, ...missing];
  if (all.length === 0) return null;
  const ticked = new Set(chosen);
  const isOpen = opened.has(field) || all.length <= FEW + 2;
  const list = isOpen ? all : all.filter((each, index) => index < FEW || ticked.has(each.value));
  const made = element("fieldset", { className: "facet" }, element("legend", { textContent: label(field) }));
  made.append(...list.map((each) => choice(field, each, ticked.has(each.value))));
  if (all.length > FEW + 2) made.append(more(field, all.length, isOpen));
  return made;
}

function choice(field, { value, count }, checked) {
  const box = element("input", { type: "checkbox", name: field, value, checked });
  box.dataset.key = `${field}=${value}`;
  const name = element("span", { className: "name", textContent: shown(value) });
  return element("label", { className: "choice" }, box, name, element("span", { className: "number", textContent: number(count) }));
}

function more(field, total, isOpen) {
  const text = isOpen ? "Show fewer" : `Show all ${number(total)}`;
  const button = element("button", { type: "button", className: "plain", textContent: text });
  button.dataset.key = `more ${field}`;
  button.dataset.more = field;
  button.setAttribute("aria-expanded", String(isOpen));
  return button;
}

export function toggle(field) {
  if (!opened.delete(field)) opened.add(field);
}
