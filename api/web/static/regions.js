// The things that were found in a photo, as buttons over it.

import * as api from "./api.js";
import { element, label } from "./words.js";

const found = new Map(); // by upload id: a promise of regions
const MOST = 6;
const SAME = 0.02;

/** The regions of a photo that is kept; none where they cannot be had, as they only help. */
export function of(id) {
  if (!found.has(id)) {
    const asked = api.detect(id).then(({ regions }) => regions.slice(0, MOST));
    found.set(id, asked.catch(() => (found.delete(id), [])));
  }
  return found.get(id);
}

/** What a region is called; saliency does not know what it found. */
export function name(region, index) {
  return !region.label || region.label === "foreground" ? `Part ${index + 1}` : label(region.label);
}

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
