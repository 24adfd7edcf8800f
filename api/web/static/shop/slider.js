// The price slider: two thumbs on one track. Half of its length is the cheaper quarter, where most products are.

import * as store from "./store.js";
import { price } from "../common/words.js";

const STEPS = 100;
const SETTLED = 300; // ms; each key is a change
const at = (id) => document.getElementById(id);

let range = null;
let currency = "";
let timer = 0;

/**
 * @param {{min: number, max: number} | undefined} known the ends of the prices
 * @param {import("./state.js").State} state
 */
export function draw(known, state) {
  const isUsable = known !== undefined && known.max > known.min;
  at("slider").hidden = !isUsable;
  range = isUsable ? known : null;
  if (!range) return;
  currency = state.currency;
  set("low", state.min, 0);
  set("high", state.max, STEPS);
  paint();
}

/** Several places on the track are the same amount: a thumb that is at one of them stays. */
function set(id, text, end) {
  const position = Number(at(id).value);
  if (text && position !== end && String(amount(position)) === text) return;
  at(id).value = text ? Math.round(place(Number(text))) : end;
}

const place = (amount) => Math.sqrt(Math.min(1, Math.max(0, (amount - range.min) / (range.max - range.min)))) * STEPS;

/** What a place on the track costs, in few digits. */
function amount(position) {
  const exact = range.min + (range.max - range.min) * (position / STEPS) ** 2;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, exact))) - 1);
  return Math.round(exact / unit) * unit;
}

function paint() {
  const [low, high] = [Number(at("low").value), Number(at("high").value)];
  at("slider").style.setProperty("--low", `${low}%`);
  at("slider").style.setProperty("--high", `${high}%`);
  // Where both are at the same end, the one that can still move lies above.
  at("slider").classList.toggle("at-end", low > STEPS / 2);
  at("low").setAttribute("aria-valuetext", low === 0 ? "any" : price(amount(low), currency || undefined));
  at("high").setAttribute("aria-valuetext", high === STEPS ? "any" : price(amount(high), currency || undefined));
}

function fill() {
  const [low, high] = [Number(at("low").value), Number(at("high").value)];
  at("min").value = low === 0 ? "" : amount(low);
  at("max").value = high === STEPS ? "" : amount(high);
}

at("low").addEventListener("input", () => {
  at("low").value = Math.min(Number(at("low").value), Number(at("high").value));
  paint();
  fill();
});
at("high").addEventListener("input", () => {
  at("high").value = Math.max(Number(at("high").value), Number(at("low").value));
  paint();
  fill();
});
for (const id of ["low", "high"]) {
  at(id).addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => store.change({ min: at("min").value, max: at("max").value }), SETTLED);
  });
}
