// The page: keeps state, address and what is shown in step.

import * as api from "./api.js";
import * as facets from "./facets.js";
import * as hits from "./hits.js";
import * as photos from "./photo.js";
import * as prices from "./prices.js";
import * as suggest from "./suggest.js";
import * as understood from "./understood.js";
import { countFilters, everything, fromAddress, isByPicture, toAddress, toRequest } from "./state.js";
import { element, label, number, value as shown } from "./words.js";

const ROWS = 24;
const at = (id) => document.getElementById(id);

let state = everything();
let tokens = [""]; // the page tokens up to the page shown: tokens[n - 1] opens page n
let nextPage = null;
let fields = null;
let running = null;
let lastFacets = {};
const sent = new Map(); // photos of this visit by upload id: {file, address}
let sending = null;
const named = new Map(); // title and picture of products searched by

// from the page to the state

function change(changes, { keepPage = false } = {}) {
  state = { ...state, ...changes };
  if (!keepPage) {
    Object.assign(state, { page: "", number: 1 });
    tokens = [""];
  }
  history.pushState({ tokens }, "", toAddress(state));
  return run();
}

/** Search by a photo: the server keeps it for a while, so that the address alone brings it back. */
async function setPhoto(file) {
  sending = file;
  at("results").setAttribute("aria-busy", "true");
  try {
    const id = await send(file);
    if (sending === file) await change({ photo: id, like: "" });
  } catch (error) {
    if (sending !== file) return;
    at("results").removeAttribute("aria-busy");
    drawProblem(error);
  }
}

async function send(file) {
  const { upload_id: id } = await api.keep(file);
  sent.set(id, { file, address: URL.createObjectURL(file) });
  return id;
}

/** The server no longer has the photo: send it again if it is still here, else search without it. */
async function renewPhoto() {
  const known = sent.get(state.photo);
  const id = known ? await send(known.file) : "";
  forgetPages({ photo: id });
  await run();
  if (!known) say("Your photo was kept for a while and is gone: choose it again.");
}

/** Change the state in place, without a step back to what no longer works. */
function forgetPages(changes = {}) {
  Object.assign(state, { page: "", number: 1 }, changes);
  tokens = [""];
  history.replaceState({ tokens }, "", toAddress(state));
}

function restore() {
  state = fromAddress(location.search);
  tokens = history.state?.tokens ?? ["", state.page].slice(0, state.number);
  sending = null;
  say("");
  return run();
}

function turn(page, newNumber) {
  change({ page, number: newNumber }, { keepPage: true });
  at("results").focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

// from the state to the page

async function run() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  drawControls();
  at("results").setAttribute("aria-busy", "true");
  try {
    if (fields === null) await learnFields();
    const counted = prices.areClear(state.currency) ? [...fields, "price"] : fields;
    const result = await api.search(toRequest(state, { facets: counted, rows: ROWS }), mine.signal);
    if (running === mine) drawResult(result);
  } catch (error) {
    if (error.name === "AbortError" || running !== mine) return;
    if (error.field === "page" && state.page) {
      // The token of an old address: the search it belonged to is no longer the same.
      forgetPages();
      await run();
    } else if (error.field === "upload_id" && error.status === 404) {
      await renewPhoto().catch(drawProblem);
    } else drawProblem(error);
  } finally {
    if (running === mine) at("results").removeAttribute("aria-busy");
  }
}

async function learnFields() {
  const known = await api.facets();
  // What all products have in common is nothing to choose by.
  const { in_stock: stock = [], currency = [], ...others } = known.facets;
  fields = Object.keys(others).filter((field) => others[field].length > 1);
  at("stock").hidden = !stock.some(({ value }) => value === "true");
  prices.learn(known.ranges.price, currency.map(({ value }) => value));
  await prices.draw(state.currency);
}

function drawControls() {
  for (const name of ["q", "min", "max", "sort"]) at(name).value = state[name];
  at("in_stock").checked = state.stock;
  at("weight").value = state.weight;
  const byPicture = isByPicture(state);
  at("by").hidden = !byPicture;
  at("blend").hidden = !(byPicture && state.q.trim());
  at("pictures").replaceChildren(...[photoChip(), likeChip()].filter(Boolean));
  const active = countFilters(state);
  at("active").hidden = active === 0;
  at("active").textContent = active;
  prices.draw(state.currency).catch(drawProblem);
  drawChosen();
  document.title = state.q ? `${state.q} – Visual search` : "Visual search";
}

function photoChip() {
  if (!state.photo || state.like) return null;
  const image = element("img", { alt: "" });
  const address = sent.get(state.photo)?.address;
  if (address) image.src = address;
  else api.show(image, api.uploaded(state.photo), 96);
  return chip(image, "Your photo", () => change({ photo: "" }));
}

function likeChip() {
  if (!state.like) return null;
  const image = element("img", { alt: "" });
  const made = chip(image, "Like this", () => change({ like: "" }));
  const fill = ({ title, image: address }) => {
    made.querySelector(".label").textContent = `Like: ${title}`;
    if (address) api.show(image, address, 96);
  };
  const known = named.get(state.like);
  const id = state.like;
  if (known) fill(known);
  else {
    api.product(id).then((found) => {
      named.set(id, found);
      fill(found);
    }, () => {}); // the search itself says what is wrong with the id
  }
  return made;
}

function chip(image, text, remove) {
  const button = element("button", { type: "button", textContent: "×", title: "Remove" });
  button.setAttribute("aria-label", `Remove: ${text}`);
  button.addEventListener("click", () => {
    remove();
    at("q").focus();
  });
  return element("li", { className: "picture" }, image, element("span", { className: "label", textContent: text }), button);
}

function drawChosen() {
  const items = Object.entries(state.filters).flatMap(([field, values]) =>
    values.map((value) => chosen(`${label(field)}: ${shown(value)}`, () => change({ filters: without(field, value) }))),
  );
  if (state.min || state.max) {
    items.push(chosen(`Price: ${state.min || "0"} – ${state.max || "any"}`, () => change({ min: "", max: "" })));
  }
  if (state.currency) items.push(chosen(`Currency: ${state.currency}`, () => change(prices.choose(state, ""))));
  if (state.stock) items.push(chosen("In stock", () => change({ stock: false })));
  if (items.length > 1) {
    const none = { filters: {}, min: "", max: "", stock: false };
    items.push(chosen("Clear all", () => change({ ...prices.choose(state, ""), ...none }), "plain"));
  }
  at("chosen").replaceChildren(...items);
  at("chosen").hidden = items.length === 0;
}

function chosen(text, remove, className = "filter") {
  const button = element("button", { type: "button", className, textContent: text });
  if (className === "filter") button.setAttribute("aria-label", `Remove the filter ${text}`);
  button.addEventListener("click", remove);
  return element("li", {}, button);
}

function without(field, value) {
  return { ...state.filters, [field]: (state.filters[field] ?? []).filter((each) => each !== value) };
}

function drawResult(result) {
  at("problem").hidden = true;
  at("empty").hidden = result.total > 0;
  const about = result.partial ? "at least " : "";
  at("count").textContent = `${about}${number(result.total)} ${result.total === 1 ? "product" : "products"}`;
  understood.drawSpelling(at("spelling"), result, { search: (q) => words(q), asTyped: () => change({ exact: true }) });
  understood.drawChips(at("understood"), result.understood, { filter: chipToFilter, remove: removeChip });
  hits.draw(at("hits"), result, isByPicture(state));
  const { price, ...others } = result.facets;
  facets.draw(at("values"), others, state.filters);
  prices.drawBars(price, state, change);
  lastFacets = others;
  nextPage = result.page;
  const last = Math.max(1, Math.ceil(result.total / ROWS));
  at("pages").hidden = last === 1 && state.number === 1;
  at("where").textContent = `Page ${number(state.number)} of ${number(Math.max(last, state.number))}`;
  at("previous").disabled = state.number === 1;
  at("next").disabled = nextPage === null;
  hits.drawPlan({ plan: at("plan"), way: at("way"), took: at("took"), requests: at("requests") }, result);
}

/** Search for words anew: what was said of the words before no longer holds. */
function words(q) {
  return change({ q, ignore: [], exact: false });
}

function chipToFilter({ field, value }) {
  const values = new Set(state.filters[field]).add(value);
  change({ filters: { ...state.filters, [field]: [...values] } });
  at("results").focus({ preventScroll: true });
}

/** The words of a price go from the field; those of an attribute stay words, and mean nothing more. */
function removeChip({ kind, text }) {
  const at_ = state.q.indexOf(text);
  if (kind === "price" && at_ >= 0) {
    const rest = `${state.q.slice(0, at_)} ${state.q.slice(at_ + text.length)}`;
    change({ q: rest.replace(/\s+/g, " ").trim() });
  } else change({ ignore: [...state.ignore, text] });
  at("q").focus();
}

function drawProblem(error) {
  if (!(error instanceof api.Problem)) console.error(error);
  const place = at("problem");
  place.replaceChildren(
    element("h2", { textContent: error.title ?? "The page failed" }),
    element("p", { textContent: error.detail ?? String(error) }),
    error.status === 401 ? keyForm() : retry(),
  );
  place.hidden = false;
  at("empty").hidden = true;
  at("understood").hidden = true;
  at("spelling").hidden = true;
  at("hits").replaceChildren();
  at("count").textContent = "";
  at("pages").hidden = true;
  at("plan").hidden = true;
}

function retry() {
  const button = element("button", { type: "button", textContent: "Try again" });
  button.addEventListener("click", () => run());
  return button;
}

function keyForm() {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", required: true });
  const name = element("label", { htmlFor: "key", textContent: "API key" });
  const form = element("form", { className: "key" }, name, input, element("button", { textContent: "Use it" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    api.key.set(input.value.trim());
    run();
  });
  return form;
}

function say(text) {
  at("notice").textContent = text;
  at("notice").hidden = !text;
}

// events

at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  suggestions.close();
  say("");
  words(at("q").value.trim());
});
const suggestions = suggest.listen({
  input: at("q"),
  list: at("suggestions"),
  status: at("suggested"),
  chosen: (text) => {
    say("");
    words(text);
  },
});
// The × inside a search field.
at("q").addEventListener("search", () => {
  if (at("q").value === "" && state.q !== "") words("");
});
at("in_stock").addEventListener("change", () => change({ stock: at("in_stock").checked }));
at("currency").addEventListener("change", () => change(prices.choose(state, at("currency").value)));
at("sort").addEventListener("change", () => change({ sort: at("sort").value }));
at("weight").addEventListener("change", () => change({ weight: Number(at("weight").value) }));
at("facets").addEventListener("submit", (event) => {
  event.preventDefault();
  change({ min: at("min").value, max: at("max").value });
});
at("values").addEventListener("change", ({ target }) => {
  const values = new Set(state.filters[target.name]);
  if (target.checked) values.add(target.value);
  else values.delete(target.value);
  change({ filters: { ...state.filters, [target.name]: [...values] } });
});
at("values").addEventListener("click", ({ target }) => {
  if (!target.dataset.more) return;
  facets.toggle(target.dataset.more);
  facets.draw(at("values"), lastFacets, state.filters);
});
at("hits").addEventListener("click", ({ target }) => {
  const { like, title, image } = target.dataset;
  if (!like) return;
  named.set(like, { title, image });
  change({ like, photo: "", q: "", ignore: [], exact: false });
  at("results").focus({ preventScroll: true });
  scrollTo({ top: 0 });
});
at("next").addEventListener("click", () => {
  tokens = [...tokens.slice(0, state.number), nextPage];
  turn(nextPage, state.number + 1);
});
at("previous").addEventListener("click", () => {
  const known = tokens[state.number - 2];
  if (known === undefined) turn("", 1);
  else turn(known, state.number - 1);
});
at("reset").addEventListener("click", () => change(everything()));
addEventListener("popstate", restore);
photos.listen({
  input: at("photo"),
  overlay: at("drop"),
  limit: Number(document.body.dataset.maxUpload) * 2 ** 20 - 65_536,
  chosen: (file) => {
    say("");
    setPhoto(file);
  },
  refused: say,
});

// Beside the results the filters stay open; above them, on a narrow screen, they are opened when wanted.
const wide = matchMedia("(min-width: 56rem)");
const fold = () => {
  at("filters").open = wide.matches;
};
wide.addEventListener("change", fold);
fold();
restore();
