// One proposal of a desk: its picture between the two places to drop it on, and the evidence below.

import { element } from "../common/words.js";
import { draggable } from "./drag.js";
import { change, evidence, percent } from "./evidence.js";
import { picture, title } from "./products.js";

const zone = (kind, words, key, click) => {
  const made = element("button", { type: "button", className: `zone ${kind}` }, words, element("kbd", { textContent: key }));
  made.addEventListener("click", click);
  return made;
};

export class Detail {
  constructor(desk) {
    this.desk = desk;
    this.heading = element("h2", { tabIndex: -1 });
    this.asked = element("p", { className: "ask" });
    this.card = element("div", { className: "card" });
    this.no = zone("no", "Reject", "R", () => desk.decide("no"));
    this.yes = zone("yes", "Accept", "A", () => desk.decide("yes"));
    this.result = element("p", { className: "outcome", hidden: true });
    this.why = element("div");
    this.live = element("p", { className: "hidden" });
    this.live.setAttribute("role", "status");
    this.element = element("section", { className: "detail" }, this.live, this.heading, this.asked,
      element("div", { className: "decide" }, this.no, this.card, this.yes), this.result, this.why);
    this.element.setAttribute("aria-label", "One proposal");
    draggable(this.card, { no: this.no, yes: this.yes }, (side) => desk.decide(side));
  }

  place(text) { this.live.textContent = text; }

  draw(item) {
    this.heading.textContent = title(item.product);
    this.asked.replaceChildren(...change(item), ` – ${percent(item.confidence)} sure`);
    this.card.replaceChildren(picture(item.product, 480, { eager: true }));
    this.why.replaceChildren(...evidence(item));
    this.outcome(item);
  }

  outcome(item) {
    if (!item) return;
    const decided = item.state !== "open";
    this.result.hidden = !decided;
    this.result.classList.toggle("bad", Boolean(item.conflict));
    this.result.replaceChildren();
    if (item.conflict) this.result.append(`Not written: ${item.conflict.detail.why}. Somebody changed it meanwhile.`);
    else if (decided) {
      this.result.append(`This one is ${item.state}${item.by ? ` (${item.by}${item.why ? `: ${item.why}` : ""})` : ""}. `);
      if (item.change) this.result.append(element("a", { href: `/merchandise/changes/${item.change}`, textContent: "Look at the change" }));
    }
    // Not `disabled`: a button that has the focus would lose it, and with it the place on the page.
    const shut = !["open", "superseded"].includes(item.state) || Boolean(item.conflict);
    for (const each of [this.no, this.yes]) each.setAttribute("aria-disabled", String(shut));
  }
}
