// Prices: their range, their order, and their currency where there are several, which are never compared.

import * as api from "./api.js";
import { element, number, price } from "../common/words.js";

const at = (id) => document.getElementById(id);
const ranges = new Map(); // by currency, "" where there is one only
let currencies = [];
let arePrices = false;

/**
 * @param {{min: number, max: number} | undefined} range of all prices, where they are of one currency
 * @param {string[]} known the currencies there are
 */
export function learn(range, known) {
  currencies = known.length > 1 ? known : [];
  if (range) ranges.set("", range);
  arePrices = Boolean(range) || currencies.length > 0;
  at("currency").replaceChildren(
    element("option", { value: "", textContent: "Choose a currency" }),
    ...currencies.map((code) => element("option", { value: code, textContent: named(code) })),
  );
  at("currencies").hidden = currencies.length === 0;
  at("price").hidden = !arePrices;
  at("sorting").hidden = at("price").hidden;
}

/** Whether prices can be counted: there are some, and it is clear which are meant. */
export const areClear = (currency) => arePrices && (currencies.length === 0 || currency !== "");

/**
 * The histogram: a bar for each bucket, which chooses it.
 * @param {{buckets: {from: number, to: number, count: number}[]} | undefined} facet
 * @param {{min: string, max: string, currency: string}} state
 * @param {(range: {min: string, max: string}) => void} choose
 */
export function drawBars(facet, { min, max, currency }, choose) {
  const buckets = facet?.buckets ?? [];
  const most = Math.max(1, ...buckets.map((each) => each.count));
  const focused = document.activeElement?.dataset.bucket;
  const bars = buckets.map(({ from, to, count }, place) => {
    // What costs exactly the upper end is in the next bucket.
    const end = place === buckets.length - 1 ? to : Math.max(from, Number((to - 0.01).toFixed(2)));
    const inside = (min === "" || Number(min) <= from) && (max === "" || end <= Number(max));
    const bar = element("button", { type: "button", className: "bucket", disabled: count === 0 });
    bar.dataset.bucket = place;
    bar.style.setProperty("--part", count / most);
    bar.classList.toggle("outside", !inside);
    bar.title = `${price(from, currency)} – ${price(end, currency)}: ${number(count)}`;
    bar.setAttribute("aria-label", `${price(from, currency)} to ${price(end, currency)}, ${number(count)} ${count === 1 ? "product" : "products"}`);
    bar.addEventListener("click", () => choose({ min: `${from}`, max: `${end}` }));
    return element("li", {}, bar);
  });
  at("histogram").replaceChildren(...bars);
  at("histogram").hidden = buckets.length < 2;
  if (focused !== undefined) at("histogram").querySelector(`[data-bucket="${focused}"]`)?.focus();
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
