// Looking around by pictures: say what is liked and what is not, and the next ones come nearer.

import * as api from "./api.js";
import * as hits from "./hits.js";
import * as problem from "./problem.js";
import * as store from "./store.js";
import { filtersOf } from "./state.js";
import { number } from "../common/words.js";

const ROWS = 12;
const MOST = 60; // of what is liked in one request
const at = (id) => document.getElementById(id);

let answer = null;

export async function run(signal) {
  if (!store.get().seed) store.amend({ seed: String(Math.floor(Math.random() * 2 ** 31)) });
  const state = store.get();
  document.title = "Look around – Visual search";
  at("around").setAttribute("aria-busy", "true");
  if (!at("around-hits").querySelector(".hit")) hits.drawSkeletons(at("around-hits"), ROWS);
  try {
    const found = await api.navigate(request(state), signal);
    if (!signal.aborted) draw(found);
  } catch (error) {
    if (error.name === "AbortError" || signal.aborted) return;
    at("around-hits").replaceChildren();
    at("left").textContent = "";
    problem.draw(at("around-problem"), error, () => store.again());
  } finally {
    if (!signal.aborted) at("around").removeAttribute("aria-busy");
  }
}

function request(state) {
  const wanted = { rows: ROWS, filters: filtersOf(state), q: state.q || "*" };
  const like = state.more.slice(-MOST);
  if (!state.step) return { ...wanted, start: "diverse", seed: Number(state.seed), like };
  return { ...wanted, page: state.step, like, unlike: state.less.slice(-MOST) };
}

function draw(found) {
  answer = found;
  at("around-problem").hidden = true;
  const unseen = found.left - found.hits.length;
  at("left").textContent = unseen > 0 ? `${number(unseen)} more to discover` : "These are the last ones";
  at("onward").hidden = found.page === null;
  drawHits();
}

function drawHits() {
  const { more, less, yes, no } = store.get();
  const moreLike = (like) => store.addressOf({ like, view: "", step: "", seed: "", more: [], less: [], yes: [], no: [] });
  hits.draw(at("around-hits"), answer.hits, { byPicture: false, more: yes, less: no, moreLike });
  const liked = [...more, ...yes];
  at("onward").textContent = liked.length ? "More like what I like" : "Show me others";
  at("by-liked").hidden = liked.length === 0;
  const searched = { view: "", step: "", seed: "", yes: [], no: [], more: liked.slice(-100), less: [...less, ...no].slice(-100) };
  at("by-liked").href = store.addressOf(searched);
}

/** Say of a product of this step what is thought of it; the same once more takes it back. */
export function judge(list, id) {
  const state = store.get();
  const other = list === "yes" ? "no" : "yes";
  const isSaid = state[list].includes(id);
  store.amend({
    [list]: isSaid ? state[list].filter((each) => each !== id) : [...state[list], id],
    [other]: state[other].filter((each) => each !== id),
  });
  drawHits();
}

at("onward").addEventListener("click", () => {
  const { more, less, yes, no } = store.get();
  store.change({ step: answer.page, more: [...more, ...yes], less: [...less, ...no], yes: [], no: [] });
  at("around").focus({ preventScroll: true });
  scrollTo({ top: 0 });
});
