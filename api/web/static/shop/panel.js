// What is searched by besides words: a photo and its part, a product, what is liked and what is not.

import * as api from "./api.js";
import { show } from "../common/http.js";
import * as crop from "./crop.js";
import * as hits from "./hits.js";
import * as regions from "./regions.js";
import * as store from "./store.js";
import * as upload from "./upload.js";
import { isByPicture, toBox, toCrop } from "./state.js";
import { element } from "../common/words.js";

const at = (id) => document.getElementById(id);
const WIDTH = 640;
const THUMB = 96;

let shown = ""; // the photo that the stage shows
const showBox = crop.listen({
  stage: at("stage"),
  frame: at("frame"),
  handles: [...document.querySelectorAll("#stage .handle")],
  status: at("cropped"),
  changed: (box) => store.change({ crop: box ? toCrop(box) : "" }),
});

/** Show a photo that is on its way to the server. */
export function preview(file) {
  at("by").hidden = false;
  at("stage").hidden = false;
  at("pictures").replaceChildren(element("li", { className: "picture", textContent: "Your photo" }));
  at("spots").replaceChildren();
  at("part").hidden = true;
  shown = "";
  at("subject").removeAttribute("srcset");
  at("subject").src = URL.createObjectURL(file);
  showBox(null);
}

export function draw(state) {
  const byPhoto = state.photo !== "" && !state.like;
  at("by").hidden = !(isByPicture(state) || state.less.length);
  at("stage").hidden = !byPhoto;
  at("part").hidden = !byPhoto;
  at("blend").hidden = !(isByPicture(state) && state.q.trim());
  at("weight").value = state.weight;
  at("closeness").hidden = !(state.close || (isByPicture(state) && hasMatches));
  at("close").checked = state.close;
  at("pictures").replaceChildren(...[photoChip(state), likeChip(state)].filter(Boolean));
  opinions(at("liked"), "You like", state.more, "more");
  opinions(at("disliked"), "Not this", state.less, "less");
  if (byPhoto) stage(state);
  else shown = "";
}

let hasMatches = false;

/** Whether hits say what their distance means, as only those of a calibrated collection do. */
export function learn(result) {
  hasMatches = [...result.hits, ...(result.misses ?? [])].some((hit) => typeof hit.match === "number");
  const state = store.get();
  at("closeness").hidden = !(state.close || (isByPicture(state) && hasMatches));
}

function stage(state) {
  if (shown !== state.photo) {
    upload.show(at("subject"), state.photo, WIDTH);
    at("spots").replaceChildren();
    at("looks-link").hidden = true;
    shown = state.photo;
  }
  showBox(toBox(state.crop));
  at("whole").hidden = !state.crop;
  at("looks-link").href = store.addressOf({ view: "looks", crop: "" });
}

/** After the results, which come first: what else is in the photo. */
export async function suggest(state) {
  if (state.photo === "" || state.like) return;
  const found = await regions.of(state.photo, at("subject")).catch(() => []); // they only help
  const now = store.get();
  if (now.photo !== state.photo || now.like) return;
  regions.draw(at("spots"), found, toBox(now.crop), (box) => store.change({ crop: toCrop(box) }));
  at("looks-link").hidden = found.length < 2;
}

function photoChip({ photo, like }) {
  if (!photo || like) return null;
  return chip([], "Your photo", () => store.change({ photo: "", crop: "", close: false }));
}

function likeChip({ like }) {
  if (!like) return null;
  const image = element("img", { alt: "", width: THUMB, height: THUMB });
  const made = chip([image], "Like this", () => store.change({ like: "", close: false }));
  named(like, ({ title, image: address }) => {
    made.querySelector(".label").textContent = `Like: ${title}`;
    if (address) show(image, address, THUMB);
  });
  return made;
}

function chip(before, text, remove) {
  const button = element("button", { type: "button", textContent: "×", title: "Remove" });
  button.setAttribute("aria-label", `Remove: ${text}`);
  button.addEventListener("click", () => {
    remove();
    at("q").focus();
  });
  return element("li", { className: "picture" }, ...before, element("span", { className: "label", textContent: text }), button);
}

function opinions(place, title, ids, list) {
  place.hidden = ids.length === 0;
  const thumbs = ids.map((id) => {
    const image = element("img", { alt: "", width: THUMB, height: THUMB });
    const button = element("button", { type: "button", className: "thumb" }, image);
    button.setAttribute("aria-label", "Take back");
    named(id, (product) => {
      button.setAttribute("aria-label", `Take back: ${product.title}`);
      button.title = product.title;
      if (product.image) show(image, product.image, THUMB);
    });
    button.addEventListener("click", () => {
      store.change({ [list]: store.get()[list].filter((each) => each !== id) });
      at("results").focus({ preventScroll: true });
    });
    return element("li", {}, button);
  });
  place.replaceChildren(element("li", { className: "title", textContent: title }), ...thumbs);
}

/** What a product is called and looks like: as it was shown, or asked of the server. */
function named(id, fill) {
  const known = hits.seen(id);
  if (known) {
    fill(known);
    return;
  }
  api.product(id).then((found) => {
    hits.remember(id, found);
    fill(found);
  }, () => {}); // the search itself says what is wrong with the id
}

at("whole").addEventListener("click", () => {
  store.change({ crop: "" });
  at("frame").focus({ preventScroll: true });
});
at("weight").addEventListener("change", () => store.change({ weight: Number(at("weight").value) }));
at("close").addEventListener("change", () => store.change({ close: at("close").checked }));
