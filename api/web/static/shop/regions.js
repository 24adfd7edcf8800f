// The things that were found in a photo, as buttons over it.

import * as api from "./api.js";
import { element, label } from "../common/words.js";

const found = new Map(); // by upload id: a promise of regions
const MOST = 6;
const SAME = 0.02;
const ROOM = 0.1; // of the longer side, around a thing
const SLENDER = 0.7; // a box is no narrower than this part of its length

async function ask(id, image) {
  const [{ regions }] = await Promise.all([api.detect(id), image.decode()]);
  const { naturalWidth: width, naturalHeight: height } = image;
  return regions.slice(0, MOST).map((each) => ({ ...each, box: withRoom(each.box, { width, height }) }));
}

/** The regions of a photo that is kept and that `image` shows, each with some room around it. */
export function of(id, image) {
  if (!found.has(id)) {
    const asked = ask(id, image);
    asked.catch(() => found.delete(id));
    found.set(id, asked);
  }
  return found.get(id);
}

/** What a region is called; saliency does not know what it found. */
export function name(region, index) {
  return !region.label || region.label === "foreground" ? `Part ${index + 1}` : label(region.label);
}

/** A thing with room around it, as products are photographed; boxes are drawn to a square when they are looked at. */
function withRoom([x, y, w, h], { width, height }) {
  const longer = Math.max(w * width, h * height);
  const sides = [w * width, h * height].map((side) => Math.max(side, longer * SLENDER) + 2 * ROOM * longer);
  const [left, right] = around(x + w / 2, sides[0] / width);
  const [top, bottom] = around(y + h / 2, sides[1] / height);
  return [left, top, right - left, bottom - top];
}

const around = (middle, side) => [Math.max(0, middle - side / 2), Math.min(1, middle + side / 2)];

export const isSame = (box, other) => box !== null && box.every((each, index) => Math.abs(each - other[index]) < SAME);

/**
 * @param {HTMLElement} place over the photo
 * @param {object[]} regions
 * @param {number[] | null} box the part that is searched
 * @param {(box: number[]) => void} choose
 */
export function draw(place, regions, box, choose) {
  place.replaceChildren(
    ...regions.map((region, index) => {
      const [x, y, w, h] = region.box;
      const button = element("button", { type: "button", className: "spot" });
      button.append(element("span", { className: "spot-name", textContent: name(region, index) }));
      button.style.setProperty("--x", `${(x + w / 2) * 100}%`);
      button.style.setProperty("--y", `${(y + h / 2) * 100}%`);
      button.setAttribute("aria-label", `Search by this part: ${name(region, index)}`);
      button.setAttribute("aria-pressed", String(isSame(box, region.box)));
      button.addEventListener("click", () => choose(region.box));
      return button;
    }),
  );
}
