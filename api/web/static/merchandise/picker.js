// Picking examples in what a search finds: a click or Y says that a product has it, Alt and click or N that it has not.

import { post } from "../common/http.js";
import { element } from "../common/words.js";
import { learn, remember, title } from "./products.js";
import { arrows, reach, tile } from "./tiles.js";

const ROWS = 48;

export class Picker {
  /**
   * @param {object} given
   * @param {string[]} given.yes ids of products that have it
   * @param {string[]} given.no of those that have not
   * @param {() => object} given.search what is picked from
   * @param {(picker: Picker) => void} given.changed
   */
  constructor({ yes, no, search, changed }) {
    this.marks = new Map([...yes.map((id) => [id, "yes"]), ...no.map((id) => [id, "no"])]);
    this.search = search;
    this.changed = changed;
    this.grid = document.getElementById("candidates");
    this.picked = document.getElementById("picked");
    this.more = document.getElementById("more");
    this.more.addEventListener("click", () => this.add());
    for (const grid of [this.grid, this.picked]) {
      arrows(grid, { y: (at) => this.mark(at.dataset.id, "yes"), n: (at) => this.mark(at.dataset.id, "no") });
      grid.addEventListener("click", (event) => {
        const at = event.target.closest(".tile");
        if (at) this.mark(at.dataset.id, event.altKey ? "no" : "yes");
      });
    }
  }

  of(mark) { return [...this.marks].filter(([, each]) => each === mark).map(([id]) => id); }

  /** Say it, or take it back where it was said already. */
  mark(id, mark) {
    if (this.marks.get(id) === mark) this.marks.delete(id);
    else this.marks.set(id, mark);
    this.draw();
  }

  /** Look again, as words or filters changed. */
  async look() {
    this.start = 0;
    this.asking?.abort();
    this.asking = new AbortController();
    await learn([...this.marks.keys()]).catch(() => {});
    this.grid.replaceChildren();
    await this.add();
  }

  async add() {
    const { signal } = this.asking;
    try {
      const { hits, total } = await post("/v1/search", { ...this.search(), rows: ROWS, start: this.start }, signal);
      remember(Object.fromEntries(hits.map((hit) => [hit.product_id, hit])));
      const made = hits.filter((hit) => hit.image).map((hit) => tile(hit.product_id));
      this.grid.append(...made);
      this.start += hits.length;
      const hadFocus = document.activeElement === this.more;
      this.more.hidden = this.start >= total || !hits.length;
      if (hadFocus) made[0]?.focus();
      reach(this.grid, this.grid.querySelector(".tile[tabindex='0']") ?? undefined);
      this.draw();
    } catch (error) {
      if (error.name !== "AbortError") this.grid.replaceChildren(element("p", { className: "soft", textContent: `${error.title ?? "That did not work"}: ${error.detail ?? error.message}` }));
    }
  }

  draw() {
    const focused = document.activeElement?.closest("#picked .tile")?.dataset.id;
    this.picked.replaceChildren(...[...this.marks.keys()].map((id) => tile(id)));
    reach(this.picked);
    for (const each of [...this.picked.children, ...this.grid.querySelectorAll(".tile")]) {
      const mark = this.marks.get(each.dataset.id);
      if (mark) each.dataset.mark = mark;
      else delete each.dataset.mark;
      each.setAttribute("aria-pressed", mark === "yes" ? "true" : mark === "no" ? "mixed" : "false");
      each.setAttribute("aria-label", `${title(each.dataset.id)}${mark ? `: ${mark === "yes" ? "has it" : "has it not"}` : ""}`);
    }
    if (focused !== undefined) (this.picked.querySelector(`[data-id="${CSS.escape(focused)}"]`) ?? this.grid.querySelector(".tile"))?.focus();
    const yes = this.of("yes").length;
    const no = this.of("no").length;
    document.getElementById("picked-count").textContent = yes || no ? `${yes} ${yes === 1 ? "has" : "have"} it, ${no} ${no === 1 ? "has" : "have"} not` : "";
    this.changed(this);
  }
}
