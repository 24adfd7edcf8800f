// From a tool's answer to the desk: what it proposes is kept, and the way there opens.

import { draw as drawProblem } from "../common/problem.js";
import { element, number } from "../common/words.js";
import { keep } from "./decisions.js";
import { percent } from "./evidence.js";
import { learn, picture, title, values } from "./products.js";

const SHOWN = 60;

export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

/** Keep proposals and go where they are reviewed. */
export async function review(proposals, problem) {
  try {
    await keep(proposals);
    const fields = new Set(proposals.map((each) => each.field));
    const members = new URLSearchParams({ tool: proposals[0].tool });
    if (fields.size === 1) members.set("field", proposals[0].field);
    location.assign(`/merchandise/proposals?${members}`);
  } catch (error) {
    drawProblem(problem, error, () => review(proposals, problem));
  }
}

/** A button that keeps and reviews, and what is proposed, as pictures. */
export async function proposed(proposals, problem) {
  const shown = proposals.slice(0, SHOWN);
  await learn(shown.map((each) => each.product)).catch(() => {});
  const button = element("button", { type: "button", className: "primary", textContent: `Keep ${plural(proposals.length, "proposal")} and review` });
  button.addEventListener("click", async () => {
    button.disabled = true;
    await review(proposals, problem);
    button.disabled = false;
  });
  const tiles = shown.map((each) => element("li", {}, picture(each.product, 160),
    element("span", { className: "caption" }, ...values(each.new.filter((value) => !each.old.includes(value)), "new"), ` ${percent(each.confidence)}`),
    element("span", { className: "hidden", textContent: title(each.product) })));
  const more = proposals.length > shown.length ? [element("p", { className: "soft", textContent: `and ${number(proposals.length - shown.length)} more` })] : [];
  return [element("p", {}, button), element("ul", { className: "tiles" }, ...tiles), ...more];
}
