// Prices: their range, their order, and their currency where there are several, which are never compared.

import * as api from "./api.js";
import { element, price } from "./words.js";

const at = (id) => document.getElementById(id);
const ranges = new Map(); // by currency, "" where there is one only
let currencies = [];

/**
 * @param {{min: number, max: number} | undefined} range of all prices, where they are of one currency
 * @param {string[]} known the currencies there are
 */
export function learn(range, known) {
  currencies = known.length > 1 ? known : [];
  if (range) ranges.set("", range);
  at("currency").replaceChildren(
    element("option", { value: "", textContent: "Choose a currency" }),
    ...currencies.map((code) => element("option", { value: code, textContent: named(code) })),
  );
  at("currencies").hidden = currencies.length === 0;
  at("price").hidden = !range && currencies.length === 0;
  at("sorting").hidden = at("price").hidden;
}

/** Price controls work once it is clear which prices are meant. */
export async function draw(currency) {
  const isClear = currencies.length === 0 || currency !== "";
  at("currency").value = currency;
  for (const control of document.querySelectorAll(".prices input, .prices button, #sort option[value*=price]")) {
    control.disabled = !isClear;
  }
  const title = isClear ? "" : "Choose a currency first";
  for (const place of [at("sorting"), document.querySelector(".prices")]) place.title = title;
  if (currencies.length && currency && !ranges.has(currency)) {
    ranges.set(currency, (await api.facets(currency)).ranges.price);
  }
  const range = isClear && ranges.get(currencies.length ? currency : "");
  at("min").placeholder = range ? `${Math.floor(range.min)}` : "from";
  at("max").placeholder = range ? `${Math.ceil(range.max)}` : "to";
}

/** The ends of the prices that are meant, where that is clear and known. */
export const range = (currency) => ranges.get(currencies.length ? currency : "");

/** What changes with the currency: amounts and order of another one mean nothing. */
export function choose(state, currency) {
  if (currency === state.currency) return {};
  return { currency, min: "", max: "", sort: currency || !state.sort.includes("price") ? state.sort : "" };
}

function named(code) {
  const sign = price(0, code).replace(/[\d.,\s]/g, "");
  return sign && sign !== code ? `${code} (${sign})` : code;
}
