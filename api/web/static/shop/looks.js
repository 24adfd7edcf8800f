// Shop the look: a row of products for each thing in one photo.

import * as api from "./api.js";
import * as hits from "./hits.js";
import * as problem from "./problem.js";
import * as regions from "./regions.js";
import * as store from "./store.js";
import * as upload from "./upload.js";
import { likeOf } from "./results.js";
import { filtersOf, toCrop } from "./state.js";
import { element, number } from "../common/words.js";

const ROWS = 10;
const SIDE = 144; // pixels of a cut-out
const at = (id) => document.getElementById(id);

export async function run(signal) {
  const state = store.get();
  document.title = "Shop the look – Visual search";
  at("looks").setAttribute("aria-busy", "true");
  at("looks-back").href = store.addressOf({ view: "" });
  at("looks-count").textContent = "Looking at your photo …";
  upload.show(at("looks-photo"), state.photo, 640);
  const row = element("ul", { className: "hits row" });
  hits.drawSkeletons(row, 5);
  at("looks-lists").replaceChildren(row);
  try {
    const parts = await regions.of(state.photo, at("looks-photo"));
    const boxes = parts.map(({ box }) => box);
    const search = { rows: ROWS, filters: filtersOf(state) };
    const { looks } = boxes.length ? await api.looks({ upload_id: state.photo, boxes, search }, signal) : { looks: [] };
    if (!signal.aborted) draw(looks.map(({ result }, index) => ({ region: parts[index], result })));
  } catch (error) {
    if (error.name === "AbortError" || signal.aborted) return;
    at("looks-lists").replaceChildren();
    at("looks-count").textContent = "";
    problem.draw(at("looks-problem"), error, () => store.again());
  } finally {
    if (!signal.aborted) at("looks").removeAttribute("aria-busy");
  }
}

function draw(looks) {
  at("looks-problem").hidden = true;
  const count = looks.length;
  at("looks-count").textContent = count
    ? `${number(count)} ${count === 1 ? "thing" : "things"} found in your photo`
    : "Nothing was found in the photo by itself. Go back and draw a box around what you mean.";
  at("looks-lists").replaceChildren(...looks.map(list));
}

function list({ region, result }, index) {
  const name = regions.name(region, index);
  const canvas = element("canvas", { width: SIDE, height: SIDE });
  canvas.setAttribute("aria-hidden", "true");
  cut(canvas, region.box);
  const all = element("a", { href: store.addressOf({ view: "", crop: toCrop(region.box) }), textContent: "See all" });
  all.setAttribute("aria-label", `See all for ${name}`);
  const head = element("div", { className: "look-head" }, canvas, element("h3", { textContent: name }), all);
  const made = element("section", { className: "look" }, head);
  made.setAttribute("aria-label", name);
  if (result.hits === undefined) {
    made.append(element("p", { className: "notice", textContent: "For this part there is no answer right now." }));
    return made;
  }
  const row = element("ul", { className: "hits row", tabIndex: 0 });
  row.setAttribute("aria-label", `Products like ${name}`);
  row.setAttribute("role", "list");
  const moreLike = (like) => store.addressOf(likeOf(like));
  hits.draw(row, result.hits, { byPicture: true, moreLike, canJudge: false });
  made.append(result.hits.length ? row : element("p", { className: "notice", textContent: "Nothing like this here." }));
  return made;
}

/** Draw a part of the photo, once that is here. */
function cut(canvas, [x, y, w, h]) {
  const photo = at("looks-photo");
  const paint = () => {
    const [width, height] = [photo.naturalWidth, photo.naturalHeight];
    const side = Math.max(w * width, h * height); // of a square around the part
    const [left, top] = [(x + w / 2) * width - side / 2, (y + h / 2) * height - side / 2];
    canvas.getContext("2d").drawImage(photo, left, top, side, side, 0, 0, SIDE, SIDE);
  };
  if (photo.complete && photo.naturalWidth) paint();
  else photo.addEventListener("load", paint, { once: true });
}
