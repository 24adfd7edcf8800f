// One group: which of its products are meant, and what they are.

import { post } from "../common/http.js";
import { draw as drawProblem } from "../common/problem.js";
import { element, label, number } from "../common/words.js";
import { plural, review } from "./keeping.js";
import { learn, title } from "./products.js";
import { arrows, reach, tile } from "./tiles.js";

const FIRST = 60;
const STEPS = 200;
const NEW = "+";

export class Group {
  constructor(cluster, { fields, search, problem }) {
    Object.assign(this, { cluster, search, problem });
    this.out = new Set();
    this.limit = Infinity;
    this.shown = FIRST;
    this.heading = element("h2", { tabIndex: -1, textContent: `Group ${cluster.id}: ${plural(cluster.size, "product")}` });
    this.count = element("p", { className: "said-live" });
    this.count.setAttribute("role", "status");
    this.grid = element("div", { className: "tiles members" });
    this.grid.setAttribute("role", "group");
    this.grid.setAttribute("aria-label", "Products of this group: press one to take it out");
    arrows(this.grid, { x: (at) => this.toggle(at.dataset.id), Delete: (at) => this.toggle(at.dataset.id) });
    this.more = element("button", { type: "button" });
    this.more.addEventListener("click", () => { this.shown = Infinity; this.draw(); });
    this.element = element("section", { className: "one-group" }, this.heading, this.naming(fields), this.count, this.grid, this.more);
    this.draw();
  }

  naming(fields) {
    const { cluster } = this;
    this.field = element("select", { required: true, name: "field" }, element("option", { value: "", textContent: "Choose one" }),
      ...fields.map((each) => element("option", { value: each, textContent: label(each) })), element("option", { value: NEW, textContent: "A new attribute…" }));
    this.fresh = element("input", { type: "text", name: "fresh", maxLength: 100, pattern: "[A-Za-z]\\w*", title: "Letters, digits and _, beginning with a letter" });
    const fresh = element("label", { className: "row", hidden: true }, "Its name", this.fresh);
    this.value = element("input", { type: "text", name: "value", required: true, maxLength: 200, autocomplete: "off" });
    this.existing = element("select", { name: "existing" }, ...[["skip", "Leave those that have one"], ["add", "Add it to what they have"], ["replace", "Replace what they have"]]
      .map(([value, textContent]) => element("option", { value, textContent })));
    const follow = () => {
      fresh.hidden = this.field.value !== NEW;
      this.fresh.required = this.field.value === NEW;
      this.value.setAttribute("list", `values-${this.field.value}`);
    };
    this.field.addEventListener("change", follow);
    follow();
    const most = Math.max(...cluster.distances, 0);
    this.slider = element("input", { type: "range", min: 0, max: STEPS, value: STEPS, step: 1 });
    const limit = element("label", { className: "row range" }, "How far from the middle", this.slider);
    this.slider.addEventListener("input", () => {
      const at = Number(this.slider.value);
      this.limit = at === STEPS ? Infinity : (most * at) / STEPS;
      this.mark();
    });
    this.button = element("button", { className: "primary", textContent: "Propose it" });
    const form = element("form", { className: "naming" },
      element("label", { className: "row" }, "These are, by", this.field), fresh,
      element("label", { className: "row" }, "this value", this.value),
      element("label", { className: "row" }, "Where there is a value", this.existing), limit, this.button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.propose();
    });
    return form;
  }

  /** Products that are meant: near enough, and not taken out. */
  get members() {
    const { members, distances } = this.cluster;
    return members.filter((id, index) => distances[index] <= this.limit && !this.out.has(id));
  }

  toggle(id) {
    if (!this.out.delete(id)) this.out.add(id);
    this.mark();
  }

  async draw() {
    const { members, farthest } = this.cluster;
    const ends = members.filter((id) => farthest.includes(id));
    const near = members.slice(0, this.shown).filter((id) => !ends.includes(id));
    this.ids = [...near, ...ends];
    await learn(this.ids).catch(() => {});
    const focus = document.activeElement === this.more;
    this.grid.replaceChildren(...this.ids.map((id) => {
      const made = tile(id, element("span", { className: "caption", textContent: farthest.includes(id) ? "farthest" : "" }));
      made.addEventListener("click", () => this.toggle(id));
      return made;
    }));
    reach(this.grid, focus ? this.grid.children[FIRST] : undefined);
    if (focus) this.grid.children[FIRST]?.focus();
    this.more.hidden = this.ids.length >= members.length;
    this.more.textContent = `Show all ${number(members.length)}`;
    this.mark();
  }

  mark() {
    const { members, distances, size } = this.cluster;
    const meant = new Set(this.members);
    for (const each of this.grid.children) {
      const { id } = each.dataset;
      each.setAttribute("aria-pressed", String(meant.has(id)));
      each.classList.toggle("out", !meant.has(id));
      each.setAttribute("aria-label", `${title(id)}${this.cluster.farthest.includes(id) ? ", one of the farthest" : ""}: ${meant.has(id) ? "in" : "taken out"}`);
    }
    const beyond = distances.filter((each) => each > this.limit).length;
    const parts = [`${number(meant.size)} of ${number(members.length)} are meant`];
    if (beyond) parts.push(`${number(beyond)} are too far from the middle`);
    if (this.out.size) parts.push(`${number(this.out.size)} taken out`);
    if (size > members.length) parts.push(`the group has ${number(size)}, of which the ${number(members.length)} nearest are here: ask for more groups to have all`);
    this.count.textContent = `${parts.join("; ")}.`;
    this.slider.setAttribute("aria-valuetext", `${number(members.length - beyond)} products`);
    this.button.textContent = `Propose it for ${plural(meant.size, "product")}`;
    this.button.disabled = !meant.size;
  }

  async propose() {
    const field = this.field.value === NEW ? this.fresh.value.trim().toLowerCase() : this.field.value;
    const value = this.value.value.trim();
    this.problem.hidden = true;
    this.button.disabled = true;
    try {
      const { proposals } = await post("/v1/clusters/assign", {
        search: this.search, field, value, medoid: this.cluster.medoid, members: this.members, existing: this.existing.value,
      });
      if (proposals.length) await review(proposals, this.problem);
      else this.count.textContent = `All of them have a value of ${label(field)} already: choose to add or to replace it.`;
    } catch (error) {
      drawProblem(this.problem, error, () => { this.problem.hidden = true; this.propose(); });
      this.problem.scrollIntoView({ block: "center" });
    } finally {
      this.button.disabled = false;
    }
  }
}
