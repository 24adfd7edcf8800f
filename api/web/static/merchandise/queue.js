// The queue of a desk: rows to choose, to select and to decide, and the bars above and below them.

import { element, number } from "../common/words.js";
import { change, percent } from "./evidence.js";
import { picture, title } from "./products.js";

const button = (textContent, click, properties = {}) => {
  const made = element("button", { type: "button", textContent, ...properties });
  made.addEventListener("click", click);
  return made;
};

export class Queue {
  constructor(desk) {
    this.desk = desk;
    this.rows = desk.items.map((item) => this.row(item));
    this.element = element("ul", { className: "queue" }, ...this.rows.map((each) => each.li));
    this.count = element("span", { className: "count" });
    this.one = button("One at a time", () => desk.view(false));
    this.many = button("List", () => desk.view(true));
    const share = element("input", { type: "number", min: 0, max: 100, step: 1, value: 90 });
    share.setAttribute("aria-label", "Percent");
    const above = button("Select", () => this.above(Number(share.value) / 100));
    this.bar = element("div", { className: "desk-bar" }, this.count, element("span", { className: "grow" }),
      element("span", { className: "select-above desk-bar" }, element("label", {}, "At least", share, "% sure"), above),
      element("div", { className: "switch" }, this.one, this.many), button("Keys", () => desk.help(), { className: "keys-button" }));
    this.chosen = element("p", {});
    this.chosen.setAttribute("role", "status");
    this.below = element("div", { className: "bar-below", hidden: true }, this.chosen,
      button("Accept them", () => desk.decide("yes"), { className: "primary" }), button("Reject them", () => desk.decide("no")),
      button("Select none", () => { desk.selected.clear(); this.mark(); this.rows[desk.at].pick.focus(); }, { className: "plain" }));
  }

  row(item) {
    const { desk } = this;
    const tick = element("input", { type: "checkbox" });
    tick.setAttribute("aria-label", `Select ${title(item.product)}`);
    tick.addEventListener("click", (event) => this.ticked(item, tick.checked, event.shiftKey));
    const words = element("span", { className: "words" }, element("span", { className: "title", textContent: title(item.product) }),
      element("span", { className: "change" }, ...change(item)));
    const state = element("span", { className: "badge", hidden: true });
    const pick = element("button", { type: "button", className: "pick" }, picture(item.product, 96, { alt: "" }), words, state,
      element("span", { className: "sure", textContent: percent(item.confidence) }));
    pick.addEventListener("click", (event) => {
      if (event.shiftKey) this.ticked(item, true, true);
      else desk.show(desk.items.indexOf(item));
    });
    const quick = element("span", { className: "quick" }, button("Reject", () => desk.decide("no", item)), button("Accept", () => desk.decide("yes", item)));
    for (const each of quick.children) each.setAttribute("aria-label", `${each.textContent} ${title(item.product)}`);
    return { item, tick, pick, state, quick, li: element("li", {}, tick, pick, quick) };
  }

  /** Select one, or with Shift all from the one before. */
  ticked(item, on, range) {
    const { items, selected } = this.desk;
    const at = items.indexOf(item);
    const from = range && this.last !== undefined ? this.last : at;
    for (let each = Math.min(from, at); each <= Math.max(from, at); each += 1) {
      if (on && items[each].state === "open") selected.add(items[each].id);
      else selected.delete(items[each].id);
    }
    this.last = at;
    this.mark();
  }

  toggle(item) { this.ticked(item, !this.desk.selected.has(item.id), false); }

  async above(share) {
    const { desk } = this;
    const here = desk.items.filter((each) => each.state === "open" && each.confidence >= share).map((each) => each.id);
    desk.selected = new Set([...here, ...(desk.above ? await desk.above(share).catch(() => []) : [])]);
    this.mark();
    if (!desk.selected.size) desk.say(`None is ${percent(share)} sure.`);
  }

  viewed(list) {
    this.one.setAttribute("aria-pressed", String(!list));
    this.many.setAttribute("aria-pressed", String(list));
  }

  /** Draw what changed: which is shown, selected and decided. */
  mark() {
    const { desk } = this;
    const open = desk.items.filter((each) => each.state === "open").length;
    const every = desk.items.length;
    this.count.textContent = open === every ? `${number(open)} open` : `${number(open)} of ${number(every)} still open`;
    for (const { item, tick, pick, state, quick, li } of this.rows) {
      const shown = item === desk.current;
      if (shown) pick.setAttribute("aria-current", "true");
      else pick.removeAttribute("aria-current");
      tick.checked = desk.selected.has(item.id);
      tick.disabled = item.state !== "open";
      const decided = item.state !== "open";
      li.classList.toggle("decided", decided);
      state.hidden = !decided;
      state.textContent = item.conflict ? "conflict" : item.state;
      state.className = `badge ${item.state === "accepted" ? "good" : item.conflict ? "bad" : ""}`;
      for (const each of quick.children) each.disabled = decided;
    }
    this.scroll();
    this.below.hidden = !desk.selected.size;
    this.chosen.textContent = desk.selected.size ? `${number(desk.selected.size)} selected` : "";
  }

  /** Keep the one that is shown in view of the queue, without moving the page. */
  scroll() {
    const li = this.rows[this.desk.at]?.li;
    if (!li?.isConnected) return;
    const { element: list } = this;
    const top = li.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + li.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
    const left = li.offsetLeft - list.offsetLeft;
    if (left < list.scrollLeft || left + li.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = left - list.clientWidth / 3;
  }
}
