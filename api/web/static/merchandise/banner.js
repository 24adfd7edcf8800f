// Change sets that stopped in the middle, and the button that goes on with them.

import { element, number } from "../common/words.js";
import * as decisions from "./decisions.js";

export function banner(place, changes, say) {
  const made = changes.map((change) => {
    const text = element("p", {}, element("strong", { textContent: "A change stopped in the middle. " }),
      `${change.by}: ${number(change.counts.pending ?? 0)} left to do. Nothing is lost.`);
    const button = element("button", { type: "button", textContent: "Resume" });
    const open = element("a", { className: "button", href: `/merchandise/changes/${change.id}`, textContent: "Look at it" });
    const box = element("div", { className: "banner" }, text, element("div", { className: "buttons" }, open, button));
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const ended = await decisions.resume(change.id);
        box.remove();
        const written = (ended.counts.written ?? 0) + (ended.counts.already ?? 0);
        say(`Resumed: ${number(written)} written${ended.counts.conflict ? `, ${number(ended.counts.conflict)} in conflict` : ""}.`);
      } catch (error) {
        button.disabled = false;
        text.replaceChildren(element("strong", { textContent: "It could not go on yet. " }), error.detail ?? error.message);
        button.focus();
      }
    });
    return box;
  });
  place.replaceChildren(...made);
}
