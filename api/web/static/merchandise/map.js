// Products on a plane: points in their groups' colours, each group's most typical picture, and the picture of what is pointed at.

import { element, number } from "../common/words.js";
import { learn, picture, title } from "./products.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR = 14;
const COLOURS = 8;

export const colour = (id) => (id === null ? "in-none" : `in-${(id - 1) % COLOURS}`);

export class Plane {
  /** @param {(id: number) => void} chosen called with a group's id */
  constructor({ places, clusters }, chosen) {
    this.places = places;
    this.chosen = chosen;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "-0.04 -0.04 1.08 1.08");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.svg = svg;
    this.points = places.map((place) => this.point(place));
    svg.append(...this.points);
    this.tip = element("div", { className: "map-tip", hidden: true });
    this.tip.setAttribute("aria-hidden", "true");
    this.medoids = clusters.map((cluster) => this.medoid(cluster)).filter(Boolean);
    const list = element("div", { className: "map-medoids" }, ...this.medoids.map((each) => each.button));
    this.element = element("div", { className: "map" }, svg, list, this.tip);
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Map: what is near looks alike. The groups are listed below with the same pictures.");
    this.element.addEventListener("pointermove", (event) => this.pointed(event));
    this.element.addEventListener("pointerleave", () => this.hide());
    svg.addEventListener("click", (event) => {
      const near = this.nearest(event);
      if (near?.cluster) chosen(near.cluster);
    });
  }

  point({ x, y, cluster }) {
    // A line of no length with round ends is a dot of the same size on any screen.
    const dot = document.createElementNS(SVG, "path");
    dot.setAttribute("d", `M${x} ${y}h0`);
    dot.setAttribute("class", `dot ${colour(cluster)}`);
    return dot;
  }

  medoid(cluster) {
    const place = this.places.find((each) => each.product === cluster.medoid);
    if (!place) return null;
    const button = element("button", { type: "button", className: `medoid ${colour(cluster.id)}` },
      picture(cluster.medoid, 96, { alt: "" }), element("span", { className: "tag", textContent: cluster.id }));
    button.setAttribute("aria-label", `Group ${cluster.id}, ${number(cluster.size)} products: ${title(cluster.medoid)}`);
    button.style.left = `${(100 * (place.x + 0.04)) / 1.08}%`;
    button.style.top = `${(100 * (place.y + 0.04)) / 1.08}%`;
    button.addEventListener("click", () => this.chosen(cluster.id));
    button.addEventListener("focus", () => this.tell(place));
    button.addEventListener("blur", () => this.hide());
    return { id: cluster.id, button };
  }

  nearest({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    let best = null;
    let least = NEAR ** 2;
    for (const place of this.places) {
      const across = box.left + ((place.x + 0.04) / 1.08) * box.width - clientX;
      const down = box.top + ((place.y + 0.04) / 1.08) * box.height - clientY;
      if (across ** 2 + down ** 2 < least) [best, least] = [place, across ** 2 + down ** 2];
    }
    return best;
  }

  pointed(event) {
    const near = this.nearest(event);
    if (near) this.tell(near);
    else this.hide();
  }

  async tell(place) {
    if (this.told === place) return;
    this.told = place;
    await learn([place.picture, place.product]).catch(() => {});
    if (this.told !== place) return;
    const group = place.cluster === null ? "In no group" : `Group ${place.cluster}`;
    this.tip.replaceChildren(picture(place.picture, 160, { alt: "", eager: true }), element("span", { textContent: title(place.product) }), element("span", { className: "soft", textContent: group }));
    this.tip.style.left = `${(100 * (place.x + 0.04)) / 1.08}%`;
    this.tip.style.top = `${(100 * (place.y + 0.04)) / 1.08}%`;
    this.tip.classList.toggle("leftward", place.x > 0.6);
    this.tip.classList.toggle("upward", place.y > 0.5);
    this.tip.hidden = false;
  }

  hide() {
    this.told = null;
    this.tip.hidden = true;
  }

  select(id) {
    this.element.classList.toggle("has-choice", id !== null);
    this.points.forEach((dot, index) => dot.classList.toggle("chosen", this.places[index].cluster === id));
    for (const each of this.medoids) {
      each.button.classList.toggle("chosen", each.id === id);
      each.button.setAttribute("aria-pressed", String(each.id === id));
    }
  }
}
