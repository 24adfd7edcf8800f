// The page: what a shopper does becomes a change of the state, and the state is shown.

import * as around from "./around.js";
import * as camera from "./camera.js";
import * as chosen from "./chosen.js";
import * as facets from "./facets.js";
import * as looks from "./looks.js";
import * as panel from "./panel.js";
import * as photos from "./photo.js";
import * as prices from "./prices.js";
import * as results from "./results.js";
import * as store from "./store.js";
import * as suggest from "./suggest.js";
import * as upload from "./upload.js";

const at = (id) => document.getElementById(id);
const ROOM = 65_536; // of an upload's limit, for what stands around the photo

let running = null;
let coming = null; // the photo that is on its way

store.onChange(() => {
  running?.abort();
  running = new AbortController();
  coming = null;
  const { view, photo } = store.get();
  const shown = view === "around" || (view === "looks" && photo) ? view : "results";
  document.body.dataset.view = shown;
  for (const name of ["around", "looks"]) at(name).hidden = shown !== name;
  at("shop").hidden = shown !== "results";
  if (shown !== "results") at("welcome").hidden = true;
  return { around, looks, results }[shown].run(running.signal);
});

/** Search by a photo: the server keeps it for a while, so that the address alone brings it back. */
async function setPhoto(prepared) {
  running?.abort();
  coming = prepared;
  results.say("");
  at("shop").hidden = false;
  for (const name of ["around", "looks"]) at(name).hidden = true;
  results.busy(true);
  at("count").textContent = "Looking at your photo …";
  try {
    const file = await prepared;
    if (coming === prepared) panel.preview(file);
    const photo = await upload.send(file);
    if (coming !== prepared) return;
    const others = { view: "", step: "", seed: "", yes: [], no: [], like: "", crop: "", more: [], less: [], close: false };
    await store.change({ ...others, ...typed(), photo });
  } catch (error) {
    if (coming === prepared) results.fail(error);
  }
}

/** The words in the field: what was said of others before no longer holds. */
function typed(q = at("q").value.trim()) {
  return q === store.get().q ? {} : { q, ignore: [], exact: false };
}

function search(q) {
  const { min, max } = { min: at("min").value.trim(), max: at("max").value.trim() };
  const away = { view: "", step: "", seed: "", yes: [], no: [] };
  results.say("");
  store.change({ min, max, ...away, ...typed(q) });
}

const suggestions = suggest.listen({ input: at("q"), list: at("suggestions"), status: at("suggested"), chosen: search });
at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  suggestions.close();
  search();
});
// The × inside a search field.
at("q").addEventListener("search", () => {
  if (at("q").value === "" && store.get().q !== "") search("");
});

const takePhoto = photos.listen({
  input: at("photo"),
  overlay: at("drop"),
  limit: Number(document.body.dataset.maxUpload) * 2 ** 20 - ROOM,
  chosen: setPhoto,
  refused: results.say,
});
camera.listen({ button: at("camera"), dialog: at("camera-dialog"), taken: takePhoto });

at("in_stock").addEventListener("change", () => store.change({ stock: at("in_stock").checked }));
at("currency").addEventListener("change", () => store.change(prices.choose(store.get(), at("currency").value)));
at("sort").addEventListener("change", () => store.change({ sort: at("sort").value }));
at("values").addEventListener("change", ({ target }) => {
  store.change({ filters: chosen.toggled(target.name, target.value, target.checked) });
});
at("values").addEventListener("click", ({ target }) => {
  if (!target.dataset.more) return;
  facets.toggle(target.dataset.more);
  facets.draw(at("values"), results.answer()?.facets ?? {}, store.get().filters);
});

const isPlain = (event) => !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

// Links within the page need no new page; with a modifier they open one, as links do.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !isPlain(event) || link.origin !== location.origin || link.pathname !== "/" || link.hash) return;
  event.preventDefault();
  if (link.id === "next") store.next(results.answer().page);
  else if (link.id === "previous") store.previous();
  else store.follow(link.search);
  const heading = [at("results"), at("around"), at("looks")].find((each) => !each.closest("[hidden]"));
  heading.focus({ preventScroll: true });
  scrollTo({ top: 0 });
});

// What is thought of a product.
document.addEventListener("click", ({ target }) => {
  const button = target.closest(".opinion");
  if (!button) return;
  const { more, less } = button.dataset;
  if (store.get().view === "around") around.judge(more ? "yes" : "no", more ?? less);
  else store.change(opinion(more ? "more" : "less", more ?? less));
});

function opinion(list, id) {
  const state = store.get();
  const other = list === "more" ? "less" : "more";
  const isSaid = state[list].includes(id);
  return {
    [list]: isSaid ? state[list].filter((each) => each !== id) : [...state[list], id],
    [other]: state[other].filter((each) => each !== id),
  };
}

addEventListener("popstate", () => {
  if (store.isShown()) return;
  results.say("");
  store.restore();
});

// Beside the results the filters stay open; above them, on a narrow screen, they are opened when wanted.
const wide = matchMedia("(min-width: 60rem)");
const fold = () => {
  at("filters").open = wide.matches;
};
wide.addEventListener("change", fold);
fold();
store.restore();
