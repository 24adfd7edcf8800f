// What was made of the words: chips that can be taken away or made filters of, and other words where these find little.

import { element, label, number, price, value as shown } from "../common/words.js";

/**
 * @param {HTMLElement} place
 * @param {object[]} understood of the answer
 * @param {{filter: (chip: object) => void, remove: (chip: object) => void}} actions
 */
export function drawChips(place, understood, actions) {
  // What no product found has, means nothing to who reads it; a price that is not used does.
  const items = understood.filter((each) => each.applied || each.kind === "price").map((each) => item(each, actions));
  const title = element("li", { className: "title", textContent: "Understood" });
  place.replaceChildren(...(items.length ? [title, ...items] : []));
  place.hidden = items.length === 0;
}

function item(chip, { filter, remove }) {
  const text = meaning(chip);
  const made = element("li", { className: "meaning" });
  if (chip.kind === "attribute") {
    const only = element("button", { type: "button", className: "only", title: `Show only ${text}` }, text);
    only.append(element("span", { className: "number", textContent: number(chip.count) }));
    only.setAttribute("aria-label", `Show only ${text}, ${number(chip.count)} ${chip.count === 1 ? "product" : "products"}`);
    only.addEventListener("click", () => filter(chip));
    made.append(only);
  } else made.append(element("span", { className: "only", textContent: text }));
  if (!chip.applied) made.append(element("span", { className: "reason", textContent: `not used: ${chip.reason}` }));
  const away = element("button", { type: "button", className: "away", textContent: "×" });
  away.setAttribute("aria-label", `Take away: ${text}`);
  away.addEventListener("click", () => remove(chip));
  made.append(away);
  return made;
}

function meaning({ kind, field, value, currency, text, applied }) {
  if (!applied) return `“${text}”`;
  if (kind === "attribute") return `${label(field)}: ${shown(value)}`;
  const { min, max } = value;
  if (min === null) return `Price: up to ${price(max, currency)}`;
  if (max === null) return `Price: from ${price(min, currency)}`;
  return `Price: ${price(min, currency)} – ${price(max, currency)}`;
}

/**
 * @param {HTMLElement} place
 * @param {object} result the answer
 * @param {{search: (text: string) => void, asTyped: () => void}} actions
 */
export function drawSpelling(place, { spelling, corrected }, { search, asTyped }) {
  place.hidden = spelling === null;
  if (spelling === null) {
    place.replaceChildren();
    return;
  }
  if (corrected) {
    const right = element("strong", { textContent: corrected.to });
    const instead = button(corrected.from, asTyped);
    place.replaceChildren("Nothing found for “", corrected.from, "”. Showing results for ", right, ". Search instead for ", instead);
    return;
  }
  const count = `(${number(spelling.total)} ${spelling.total === 1 ? "product" : "products"})`;
  place.replaceChildren("Did you mean ", button(spelling.q, () => search(spelling.q)), ` ${count}?`);
}

function button(text, act) {
  const made = element("button", { type: "button", className: "plain", textContent: text });
  made.addEventListener("click", act);
  return made;
}
