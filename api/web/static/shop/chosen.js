// What narrows the results, as chips that take it away.

import * as prices from "./prices.js";
import * as store from "./store.js";
import { isByPicture } from "./state.js";
import { element, label, value as shown } from "../common/words.js";

const at = (id) => document.getElementById(id);

export function draw(state) {
  const items = Object.entries(state.filters).flatMap(([field, values]) =>
    values.map((value) => chip(`${label(field)}: ${shown(value)}`, () => ({ filters: without(field, value) }))),
  );
  if (state.min || state.max) {
    items.push(chip(`Price: ${state.min || "0"} – ${state.max || "any"}`, () => ({ min: "", max: "" })));
  }
  if (state.currency) items.push(chip(`Currency: ${state.currency}`, () => prices.choose(store.get(), "")));
  if (state.stock) items.push(chip("In stock", () => ({ stock: false })));
  if (state.close && isByPicture(state)) items.push(chip("Only very similar", () => ({ close: false })));
  if (items.length > 1) {
    const none = { filters: {}, min: "", max: "", stock: false, close: false };
    items.push(chip("Clear all", () => ({ ...prices.choose(store.get(), ""), ...none }), "plain"));
  }
  at("chosen").replaceChildren(...items);
  at("chosen").hidden = items.length === 0;
}

function chip(text, changes, className = "filter") {
  const button = element("button", { type: "button", className, textContent: text });
  if (className === "filter") button.setAttribute("aria-label", `Remove the filter ${text}`);
  button.addEventListener("click", () => {
    store.change(changes());
    at("results").focus({ preventScroll: true }); // the button is gone
  });
  return element("li", {}, button);
}

/** The filters with a value added or taken away. */
export function toggled(field, value, isOn) {
  const { filters } = store.get();
  const values = new Set(filters[field]);
  if (isOn) values.add(value);
  else values.delete(value);
  return { ...filters, [field]: [...values] };
}

const without = (field, value) => toggled(field, value, false);
