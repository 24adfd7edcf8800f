// The results of a search: asked for, drawn, and what stands around them.

import * as api from "./api.js";
import * as chosen from "./chosen.js";
import * as facets from "./facets.js";
import * as hits from "./hits.js";
import * as panel from "./panel.js";
import * as plan from "./plan.js";
import * as prices from "./prices.js";
import * as problem from "./problem.js";
import * as slider from "./slider.js";
import * as store from "./store.js";
import * as understood from "./understood.js";
import * as upload from "./upload.js";
import { countFilters, isByPicture, toRequest } from "./state.js";
import { number } from "../common/words.js";

const ROWS = 24;
const at = (id) => document.getElementById(id);

let fields = null;
let first = embedded(); // what the page came with
let last = null; // the answer that is shown

export const answer = () => last;

function embedded() {
  const text = at("answer")?.textContent;
  return text ? { address: location.search, ...JSON.parse(text) } : null;
}

/** Search for what the state says; `signal` gives up. */
export async function run(signal) {
  const state = store.get();
  drawControls(state);
  busy(true);
  try {
    const result = await asked(state, signal);
    if (signal.aborted) return;
    draw(result);
    panel.suggest(state);
  } catch (error) {
    if (error.name === "AbortError" || signal.aborted) return;
    await recover(error, signal);
  } finally {
    if (!signal.aborted) busy(false);
  }
}

async function asked(state, signal) {
  const came = first;
  first = null;
  if (fields === null) await learnFields(came?.known);
  if (came && came.address === location.search) return came.result;
  const counted = prices.areClear(state.currency) ? [...fields, "price"] : fields;
  return api.search(toRequest(state, { facets: counted, rows: ROWS }), signal);
}

async function learnFields(came) {
  const known = came ?? (await api.facets());
  // What all products have in common is nothing to choose by.
  const { in_stock: stock = [], currency = [], ...others } = known.facets;
  fields = Object.keys(others).filter((field) => others[field].length > 1);
  at("stock").hidden = !stock.some(({ value }) => value === "true");
  prices.learn(known.ranges.price, currency.map(({ value }) => value));
  drawPrices(store.get());
}

async function recover(error, signal) {
  const state = store.get();
  if (error.field === "page" && state.page) {
    // The token of an old address: the search it belonged to is no longer the same.
    store.amend();
    await run(signal);
  } else if (error.field === "upload_id" && error.status === 404 && state.photo) {
    const photo = await upload.again(state.photo);
    store.amend(photo ? { photo } : { photo: "", crop: "", close: false });
    await run(signal);
    if (!photo) say("Your photo was kept for a while and is gone: choose it again.");
  } else fail(error);
}

export function busy(isBusy) {
  const place = at("results");
  if (!isBusy) {
    place.removeAttribute("aria-busy");
    return;
  }
  place.setAttribute("aria-busy", "true");
  at("empty").hidden = true;
  if (!at("hits").querySelector(".hit")) hits.drawSkeletons(at("hits"), 8);
}

function drawControls(state) {
  for (const name of ["q", "sort"]) at(name).value = state[name];
  at("in_stock").checked = state.stock;
  const active = countFilters(state);
  at("active").hidden = active === 0;
  at("active").textContent = active;
  if (fields !== null) drawPrices(state);
  chosen.draw(state);
  panel.draw(state);
  at("welcome").hidden = !isStart(state);
  document.title = state.q ? `${state.q} – Visual search` : "Visual search";
}

/** Whether nothing was asked for yet. */
const isStart = (state) => store.addressOf({}) === "/" && state.number === 1;

function drawPrices(state) {
  for (const name of ["min", "max"]) at(name).value = state[name];
  prices.draw(state.currency).then(() => slider.draw(prices.range(state.currency), state), fail);
}

function draw(result) {
  const state = store.get();
  const misses = result.misses ?? [];
  last = result;
  at("problem").hidden = true;
  at("empty").hidden = result.total > 0;
  at("nothing").hidden = misses.length > 0;
  at("far").hidden = misses.length === 0;
  at("anything").href = store.addressOf({ close: false });
  const about = result.partial ? "at least " : "";
  at("count").textContent = `${about}${number(result.total)} ${result.total === 1 ? "product" : "products"}`;
  understood.drawSpelling(at("spelling"), result, {
    search: (q) => store.change({ q, ignore: [], exact: false }),
    asTyped: () => store.change({ exact: true }),
  });
  understood.drawChips(at("understood"), result.understood, { filter: chipToFilter, remove: removeChip });
  const { more, less } = state;
  const moreLike = (like) => store.addressOf(likeOf(like));
  hits.draw(at("hits"), misses.length ? misses : result.hits, { byPicture: isByPicture(state), more, less, moreLike });
  const { price, ...others } = result.facets;
  facets.draw(at("values"), others, state.filters);
  prices.drawBars(price, state, store.change);
  drawPages(result, state);
  panel.learn(result);
  plan.draw(result);
}

/** Everything else goes when the shopper turns to one product. */
export const likeOf = (like) => ({ like, photo: "", crop: "", q: "", ignore: [], exact: false, more: [], less: [], close: false, view: "" });

function drawPages(result, state) {
  const count = Math.max(1, Math.ceil(result.total / ROWS), state.number);
  at("pages").hidden = count === 1;
  at("where").textContent = `Page ${number(state.number)} of ${number(count)}`;
  link(at("previous"), state.number > 1 ? { number: state.number - 1 } : null);
  link(at("next"), result.page === null ? null : { number: state.number + 1 });
}

function link(made, changes) {
  made.hidden = changes === null;
  if (changes) made.href = store.addressOf(changes);
}

function chipToFilter({ field, value }) {
  store.change({ filters: chosen.toggled(field, value, true) });
  at("results").focus({ preventScroll: true });
}

/** The words of a price go from the field; those of an attribute stay words, and mean nothing more. */
function removeChip({ kind, text }) {
  const { q, ignore } = store.get();
  const index = q.indexOf(text);
  if (kind === "price" && index >= 0) {
    const rest = `${q.slice(0, index)} ${q.slice(index + text.length)}`;
    store.change({ q: rest.replace(/\s+/g, " ").trim() });
  } else store.change({ ignore: [...ignore, text] });
  at("q").focus();
}

export function fail(error) {
  problem.draw(at("problem"), error, () => store.again());
  for (const id of ["empty", "understood", "spelling", "pages", "plan"]) at(id).hidden = true;
  at("hits").replaceChildren();
  at("count").textContent = "";
  busy(false);
}

export function say(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}
