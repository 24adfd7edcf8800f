// What is searched for, and its form in the address bar, so that reload, back and forward work.

/**
 * @typedef {object} State
 * @property {string} q
 * @property {string[]} ignore parts of the words that are to mean nothing special
 * @property {boolean} exact  words as they are spelled
 * @property {Record<string, string[]>} filters
 * @property {string} min
 * @property {string} max
 * @property {string} like   id of a product to search by
 * @property {string} photo  id of an upload to search by
 * @property {boolean} stock only what is in stock
 * @property {string} currency of the prices, where there are several
 * @property {string} sort
 * @property {number} weight share of the picture, 0 to 100
 * @property {string} page   token of the page shown, "" for the first
 * @property {number} number of the page shown
 */

const FILTER = "f.";

/** @returns {State} */
export function everything() {
  return { q: "", ignore: [], exact: false, filters: {}, min: "", max: "", stock: false, currency: "", like: "", photo: "", sort: "", weight: 50, page: "", number: 1 };
}

/** @returns {State} */
export function fromAddress(query) {
  const given = new URLSearchParams(query);
  const state = everything();
  for (const name of ["q", "min", "max", "currency", "like", "photo", "sort", "page"]) state[name] = given.get(name) ?? "";
  state.stock = given.get("stock") === "1";
  state.ignore = given.getAll("ignore");
  state.exact = given.get("exact") === "1";
  const weight = Number(given.get("weight") ?? 50);
  if (weight >= 0 && weight <= 100) state.weight = weight;
  state.number = state.page ? Math.max(2, Number.parseInt(given.get("n") ?? "2", 10) || 2) : 1;
  for (const [name, value] of given) {
    if (name.startsWith(FILTER)) (state.filters[name.slice(FILTER.length)] ??= []).push(value);
  }
  return state;
}

export function toAddress(state) {
  const query = new URLSearchParams();
  for (const name of ["q", "like", "photo", "currency", "min", "max", "sort"]) if (state[name]) query.set(name, state[name]);
  for (const [field, values] of Object.entries(state.filters)) {
    for (const value of values) query.append(FILTER + field, value);
  }
  for (const text of state.ignore) query.append("ignore", text);
  if (state.exact) query.set("exact", "1");
  if (state.stock) query.set("stock", "1");
  if (state.weight !== 50) query.set("weight", String(state.weight));
  if (state.page) {
    query.set("page", state.page);
    query.set("n", String(state.number));
  }
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

export const isByPicture = (state) => state.like !== "" || state.photo !== "";

export function countFilters(state) {
  const values = Object.values(state.filters).reduce((sum, each) => sum + each.length, 0);
  return values + [state.min || state.max, state.stock, state.currency].filter(Boolean).length;
}

/** The body of POST /v1/search. */
export function toRequest(state, { facets, rows }) {
  const filters = Object.fromEntries(Object.entries(state.filters).filter(([, values]) => values.length));
  if (state.stock) filters.in_stock = ["true"];
  if (state.currency) filters.currency = [state.currency];
  const request = { rows, facets, filters };
  const words = state.q.trim();
  const hasPicture = isByPicture(state);
  if (words) request.q = words;
  else if (!hasPicture) request.q = "*";
  if (state.ignore.length) request.ignore = state.ignore;
  if (state.exact) request.spelling = "off";
  if (state.like) request.image_id = state.like;
  else if (state.photo) request.upload_id = state.photo;
  if (words && hasPicture) request.weights = { text: (100 - state.weight) / 100, image: state.weight / 100 };
  if (state.min || state.max) {
    request.ranges = { price: {} };
    if (state.min) request.ranges.price.min = Number(state.min);
    if (state.max) request.ranges.price.max = Number(state.max);
  }
  if (state.sort) request.sort = state.sort;
  if (state.page) request.page = state.page;
  return request;
}
