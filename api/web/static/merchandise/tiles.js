// Products as a grid of pictures that are chosen by clicking or by keys; one of them is reached by Tab, the others by arrows.

import { element } from "../common/words.js";
import { picture, title } from "./products.js";

/** A tile: a button with a product's picture, and words below it. */
export function tile(id, ...words) {
  const made = element("button", { type: "button", className: "tile", title: title(id) }, picture(id, 160), ...words);
  made.dataset.id = id;
  return made;
}

/**
 * @param {HTMLElement} grid its tiles are buttons of the class `tile`
 * @param {Object<string, (tile: HTMLElement) => void>} keys what letters do to the tile that has the focus
 */
export function arrows(grid, keys = {}) {
  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = event.target.closest(".tile");
    if (!here) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act) {
      event.preventDefault();
      act(here);
      return;
    }
    const there = neighbour([...grid.querySelectorAll(".tile")], here, event.key);
    if (!there) return;
    event.preventDefault();
    reach(grid, there);
    there.focus();
  });
  grid.addEventListener("focusin", (event) => {
    const here = event.target.closest(".tile");
    if (here) reach(grid, here);
  });
}

/** Let Tab come to this tile, or to the first. */
export function reach(grid, chosen = grid.querySelector(".tile")) {
  for (const each of grid.querySelectorAll(".tile")) each.tabIndex = each === chosen ? 0 : -1;
}

function neighbour(tiles, here, key) {
  const at = tiles.indexOf(here);
  const across = tiles.filter((each) => each.offsetTop === tiles[0].offsetTop).length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across, Home: -at, End: tiles.length - 1 - at }[key];
  return by === undefined ? null : tiles[at + by] ?? null;
}
