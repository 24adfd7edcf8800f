// Products to ask about, one after the other: Y, N, or S to skip.

import { element, number } from "../common/words.js";
import { listen } from "./keys.js";
import { picture, title } from "./products.js";

export class Questions {
  /**
   * @param {string[]} ids
   * @param {string} value
   * @param {(answers: {yes: string[], no: string[]}) => void} answered called when there are no more
   */
  constructor(ids, value, answered) {
    Object.assign(this, { ids, value, answered, at: 0, yes: [], no: [] });
    this.title = element("h3");
    this.place = element("div", { className: "question-picture" });
    const button = (words, key, answer) => {
      const made = element("button", { type: "button" }, words, element("kbd", { textContent: key }));
      made.addEventListener("click", () => this.say(answer));
      return made;
    };
    this.buttons = [button("Yes", "Y", "yes"), button("No", "N", "no"), button("Skip", "S", null)];
    this.element = element("section", { className: "question" }, this.title, this.place, element("div", { className: "buttons" }, ...this.buttons));
    this.element.setAttribute("aria-live", "polite");
    listen({ y: ["It has it", () => this.say("yes")], n: ["It has it not", () => this.say("no")], s: ["Skip this one", () => this.say(null)] },
      () => this.element.isConnected && this.at < this.ids.length && !document.activeElement?.closest(".tile"));
    this.draw();
  }

  draw() {
    const id = this.ids[this.at];
    this.title.textContent = `${number(this.at + 1)} of ${number(this.ids.length)}: is this ${this.value}?`;
    this.place.replaceChildren(picture(id, 320, { eager: true }), element("p", { className: "soft", textContent: title(id) }));
  }

  say(answer) {
    if (answer) this[answer].push(this.ids[this.at]);
    this.at += 1;
    if (this.at < this.ids.length) this.draw();
    else {
      for (const each of this.buttons) each.disabled = true;
      this.answered({ yes: this.yes, no: this.no });
    }
  }
}
