// What is searched for, and its form in the address bar, so that reload, back, forward and sharing work. The server reads
// the same addresses in api/addresses.py.

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
 * @property {string} crop   the part of the photo that is meant, "x,y,w,h" from 0 to 1
 * @property {string[]} more ids of products that are liked
 * @property {string[]} less ids of products that are not
 * @property {boolean} close only what looks close to the picture
 * @property {boolean} stock only what is in stock
 * @property {string} currency of the prices, where there are several
 * @property {string} sort
 * @property {number} weight share of the picture, 0 to 100
 * @property {string} page   token of the page shown, "" for one that is counted
 * @property {number} number of the page shown
 * @property {string} view   "" for results, "around" or "looks"
 * @property {string} seed   of looking around
 * @property {string} step   token of the step shown when looking around
 * @property {string[]} yes  ids of products of that step that are liked
 * @property {string[]} no   ids of products of that step that are not
 */

const FILTER = "f.";
const TEXTS = ["q", "like", "photo", "crop", "currency", "min", "max", "sort", "view", "seed", "step"];
const LISTS = ["more", "less", "ignore", "yes", "no"];
const FLAGS = ["close", "exact", "stock"];
const CLOSE = 0.9;

/** @returns {State} */
export function everything() {
  const state = { filters: {}, weight: 50, page: "", number: 1 };
  for (const name of TEXTS) state[name] = "";
  for (const name of LISTS) state[name] = [];
  for (const name of FLAGS) state[name] = false;
  return state;
}

/** @returns {State} */
export function fromAddress(query) {
  const given = new URLSearchParams(query);
  const state = everything();
  for (const name of [...TEXTS, "page"]) state[name] = given.get(name) ?? "";
  for (const name of LISTS) state[name] = given.getAll(name).filter(Boolean);
  for (const name of FLAGS) state[name] = given.get(name) === "1";
  const weight = whole(given.get("weight"), 50);
  if (weight <= 100) state.weight = weight;
  const first = state.page ? 2 : 1;
  state.number = Math.min(Math.max(first, whole(given.get("n"), first)), 10_000);
  for (const [name, value] of given) {
    if (name.startsWith(FILTER) && name !== FILTER && value) (state.filters[name.slice(FILTER.length)] ??= []).push(value);
  }
  return state;
}

export function toAddress(state) {
  const query = new URLSearchParams();
  for (const name of TEXTS) if (state[name]) query.set(name, state[name]);
  for (const [field, values] of Object.entries(state.filters)) {
    for (const value of values) query.append(FILTER + field, value);
  }
  for (const name of LISTS) for (const value of state[name]) query.append(name, value);
  for (const name of FLAGS) if (state[name]) query.set(name, "1");
  if (state.weight !== 50) query.set("weight", String(state.weight));
  if (state.page) query.set("page", state.page);
  if (state.number > 1) query.set("n", String(state.number));
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

export const isByPicture = (state) => state.like !== "" || state.photo !== "" || state.more.length > 0;

export function countFilters(state) {
  const values = Object.values(state.filters).reduce((sum, each) => sum + each.length, 0);
  return values + [state.min || state.max, state.stock, state.currency].filter(Boolean).length;
}

export function filtersOf(state) {
  const filters = Object.fromEntries(Object.entries(state.filters).filter(([, values]) => values.length));
  if (state.stock) filters.in_stock = ["true"];
  if (state.currency) filters.currency = [state.currency];
  return filters;
}

/** The body of POST /v1/search. */
export function toRequest(state, { facets, rows }) {
  const request = { rows, facets, filters: filtersOf(state) };
  const words = state.q.trim();
  const byPicture = isByPicture(state);
  if (words) request.q = words;
  else if (!byPicture) request.q = "*";
  if (state.ignore.length) request.ignore = state.ignore;
  if (state.exact) request.spelling = "off";
  Object.assign(request, picture(state, byPicture));
  if (words && byPicture) request.weights = { text: (100 - state.weight) / 100, image: state.weight / 100 };
  const bounds = {};
  for (const name of ["min", "max"]) if (number(state[name]) !== null) bounds[name] = number(state[name]);
  if (Object.keys(bounds).length) request.ranges = { price: bounds };
  if (state.sort) request.sort = state.sort;
  if (state.page) request.page = state.page;
  else if (state.number > 1) request.start = (state.number - 1) * rows;
  return request;
}

function picture({ like, photo, crop, more, less, close }, byPicture) {
  const request = {};
  if (like) request.image_id = like;
  else if (photo) {
    request.upload_id = photo;
    const box = toBox(crop);
    if (box) request.crop = box;
  }
  if (more.length) request.like = more;
  // Away from what is not liked there is only from somewhere; but it is not shown in any case.
  if (less.length && byPicture) request.unlike = less;
  if (less.length) request.exclude = less;
  if (close && byPicture) request.min_match = CLOSE;
  return request;
}

/** The box that a crop names, or null where it names none. */
export function toBox(crop) {
  const box = crop.split(",").map(number);
  return box.length === 4 && !box.includes(null) ? box : null;
}

export const toCrop = (box) => box.map((each) => String(Number(each.toFixed(4)))).join(",");

function number(text) {
  return /^[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/.test(text.trim()) ? Number(text) : null;
}

function whole(text, standard) {
  return /^\d{1,6}$/.test(text ?? "") ? Number(text) : standard;
}
