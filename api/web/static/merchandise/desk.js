// The desk: a queue of proposals, one of them with its evidence, and what is decided of them.

import { draw as drawProblem } from "../common/problem.js";
import { ask, who } from "../common/who.js";
import { element, number } from "../common/words.js";
import * as decisions from "./decisions.js";
import { banner } from "./banner.js";
import { Detail } from "./detail.js";
import { sentence } from "./evidence.js";
import { help, listen } from "./keys.js";
import { learn, title } from "./products.js";
import { Queue } from "./queue.js";

export class Desk {
  /**
   * @param {HTMLElement} place
   * @param {object[]} proposals as the server lists them; what a tool just gave is open
   * @param {object} given
   * @param {string} [given.current] id of the one to show
   * @param {boolean} [given.list] as a list, not one at a time
   * @param {(id: string, list: boolean) => void} [given.moved] the address may follow
   * @param {(share: number) => Promise<string[]>} [given.above] ids of all that are as sure, further pages too
   * @param {() => Promise<void>} [given.first] what has to be done before the first decision
   */
  constructor(place, proposals, { current, list = false, moved = () => {}, above, first = async () => {} } = {}) {
    Object.assign(this, { place, list, moved, first, above });
    this.items = proposals.map((each) => ({ state: "open", ...each }));
    this.done = [];
    this.selected = new Set();
    this.queue = new Queue(this);
    this.detail = new Detail(this);
    this.problem = element("div", { className: "problem", hidden: true });
    this.problem.setAttribute("role", "alert");
    this.said = element("p", { className: "said-live" });
    this.said.setAttribute("role", "status");
    place.replaceChildren(this.queue.bar, this.problem, this.said,
      element("div", { className: "both" }, this.queue.element, this.detail.element), this.queue.below);
    place.classList.add("scripted-on");
    this.keys = {
      a: ["Accept; all selected where some are", () => this.decide("yes")],
      r: ["Reject; all selected where some are", () => this.decide("no")],
      u: ["Undo the last decision", () => this.undo()],
      ArrowRight: ["Next", () => this.move(1)], ArrowDown: ["Next", () => this.move(1)],
      ArrowLeft: ["Previous", () => this.move(-1)], ArrowUp: ["Previous", () => this.move(-1)],
      x: ["Select, or select no more", () => this.queue.toggle(this.current)],
      v: ["List, or one at a time", () => this.view(!this.list)],
    };
    listen(this.keys, () => this.place.isConnected && this.items.length > 0);
    this.view(list, false);
    const at = this.items.findIndex((each) => each.id === current);
    this.show(at >= 0 ? at : 0, { quiet: true });
  }

  get current() { return this.items[this.at]; }

  help() { help(this.keys); }

  view(list, follow = true) {
    this.list = list;
    this.place.classList.toggle("as-list", list);
    this.queue.viewed(list);
    if (follow) this.moved(this.current.id, list);
  }

  /** Show one, and learn of its neighbours. */
  async show(at, { quiet = false } = {}) {
    this.at = at;
    const item = this.current;
    this.queue.mark();
    this.detail.draw(item);
    if (!quiet) {
      this.moved(item.id, this.list);
      this.detail.place(`${number(at + 1)} of ${number(this.items.length)}: ${title(item.product)}. ${sentence(item)}`);
    }
    const next = this.items.slice(at, at + 3);
    await learn(next.flatMap((each) => [each.product, ...(each.evidence.neighbours ?? [])])).catch(() => {});
    if (this.current === item) this.detail.draw(item);
  }

  move(by) {
    const at = this.at + by;
    if (at >= 0 && at < this.items.length) this.show(at);
  }

  /** The next that is open, or where it is. */
  onward() {
    const after = [...this.items.keys()].filter((each) => each > this.at);
    const at = after.find((each) => this.items[each].state === "open" && !this.items[each].conflict);
    if (at !== undefined) this.show(at);
    else {
      this.show(this.at);
      if (!this.items.some((each) => each.state === "open")) this.say("All of these are decided.");
    }
  }

  say(text) { this.said.textContent = text; }

  /** Decide of the selected ones, or of one. */
  async decide(side, item = this.current) {
    const many = this.selected.size > 0 && (item === this.current || this.selected.has(item.id));
    const ids = many ? [...this.selected] : [item.id];
    if (!many && item.state !== "open" && item.state !== "superseded") {
      this.say(`This one is ${item.state} already.`);
      return;
    }
    const by = await who();
    if (!by) return;
    let why = "";
    if (many) {
      const verb = side === "yes" ? "Accept" : "Reject";
      const count = `${number(ids.length)} ${ids.length === 1 ? "proposal" : "proposals"}`;
      const text = side === "yes" ? "They are written as one change, which can be undone as a whole." : "They stay rejected when they are proposed again.";
      const said = await ask({ title: `${verb} ${count}?`, text, fields: [{ name: "why", label: "Why (others read it in the changes)", maxLength: 1000 }], yes: verb });
      if (!said) return;
      why = said.why.trim();
    }
    this.problem.hidden = true;
    if (many) this.say("Writing…");
    await (side === "yes" ? this.accept(ids, by, why, many) : this.reject(ids, by, why, many));
  }

  async accept(ids, by, why, many) {
    this.settle(ids, "accepted");
    if (!many) this.onward();
    try {
      await this.first();
      const { change, conflicts } = await decisions.accept(ids, by, why);
      this.done.push({ kind: "accept", ids, change: change.id });
      for (const item of this.items) {
        const found = conflicts.get(item.id);
        if (found) Object.assign(item, { state: "superseded", conflict: found });
        else if (ids.includes(item.id)) item.change = change.id;
      }
      this.cleared(ids);
      const written = (change.counts.written ?? 0) + (change.counts.already ?? 0);
      this.say(conflicts.size ? this.conflicted(written, conflicts) : `Accepted${many ? ` ${number(written)}` : `: ${this.named(ids[0])}`}. Press U to undo.`);
    } catch (error) {
      await this.failed(ids, error, () => this.accept(ids, by, why, many));
    }
  }

  async reject(ids, by, why, many) {
    this.settle(ids, "rejected");
    if (!many) this.onward();
    try {
      await this.first();
      await decisions.reject(ids, by, why);
      this.done.push({ kind: "reject", ids });
      this.cleared(ids);
      this.say(`Rejected${many ? ` ${number(ids.length)}` : `: ${this.named(ids[0])}`}. Press U to undo.`);
    } catch (error) {
      await this.failed(ids, error, () => this.reject(ids, by, why, many));
    }
  }

  async undo() {
    const last = this.done.pop();
    if (!last) {
      this.say("There is nothing to undo: what was decided earlier is undone under Changes.");
      return;
    }
    const by = await who();
    if (!by) { this.done.push(last); return; }
    this.problem.hidden = true;
    try {
      if (last.kind === "accept") await decisions.undo(last.change, by);
      else await decisions.reopen(last.ids, by);
      this.settle(last.ids, "open");
      const at = this.items.findIndex((each) => each.id === last.ids[0]);
      if (at >= 0) this.show(at);
      this.say(`Taken back: ${last.ids.length === 1 ? this.named(last.ids[0]) : number(last.ids.length)}.`);
    } catch (error) {
      this.done.push(last);
      drawProblem(this.problem, error, () => this.undo());
    }
  }

  /** What could not be decided is open again, unless the server noted it before it stopped. */
  async failed(ids, error, again) {
    const noted = await decisions.unfinished().catch(() => []);
    if (error.status >= 500 && noted.length) {
      this.done.push({ kind: "accept", ids, change: noted[0].id });
      this.cleared(ids);
      banner(document.getElementById("unfinished") ?? this.place, noted, (text) => this.say(text));
      this.say("Solr stopped in the middle. What you decided is noted, and nothing is lost.");
      return;
    }
    this.settle(ids, "open");
    drawProblem(this.problem, error, () => { this.problem.hidden = true; again(); });
  }

  settle(ids, state) {
    for (const item of this.items) if (ids.includes(item.id)) Object.assign(item, { state, conflict: null });
    this.queue.mark();
    this.detail.outcome(this.current);
  }

  cleared(ids) {
    for (const id of ids) this.selected.delete(id);
    this.queue.mark();
    this.detail.outcome(this.current);
  }

  named(id) {
    const item = this.items.find((each) => each.id === id);
    return item ? `${title(item.product)}, ${sentence(item)}` : "one";
  }

  conflicted(written, conflicts) {
    const names = [...conflicts.values()].map(({ product, detail: { found, why } }) => {
      const instead = found === undefined ? why : `it has ${(found ?? []).join(", ") || "none"}`;
      return `${title(product)} (${instead})`;
    });
    const some = names.slice(0, 5).join("; ") + (names.length > 5 ? "; …" : "");
    return `${number(written)} accepted; ${number(names.length)} not, as somebody changed them meanwhile: ${some}.`;
  }
}
