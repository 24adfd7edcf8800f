// The pages of changes: undoing and resuming, after it was said in words what will happen.

import { draw as drawProblem } from "../common/problem.js";
import { ask, who } from "../common/who.js";
import { number } from "../common/words.js";
import * as decisions from "./decisions.js";

const change = document.getElementById("change");
const problem = document.getElementById("problem");
const said = document.getElementById("said");

for (const each of document.querySelectorAll("time")) {
  const when = new Date(each.dateTime);
  each.textContent = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

async function undo(products, count) {
  const by = await who();
  if (!by) return;
  const { pending } = change.dataset;
  const text = Number(pending)
    ? "What was written is taken back, and the rest is cancelled. What was changed since is left alone."
    : `${plural(count, "product")} get${count === 1 ? "s" : ""} back exactly what ${count === 1 ? "it" : "they"} had before. What was changed since is left alone and reported. Undoing can be undone as well.`;
  const answer = await ask({ title: products.length ? `Undo ${plural(count, "change")}?` : "Undo all of it?", text,
    fields: [{ name: "why", label: "Why (others read it in the changes)", maxLength: 1000 }], yes: "Undo" });
  if (!answer) return;
  problem.hidden = true;
  said.textContent = "Undoing…";
  try {
    const made = await decisions.undo(change.dataset.id, by, { why: answer.why.trim(), products });
    location.assign(`/merchandise/changes/${made.id}`);
  } catch (error) {
    said.textContent = "";
    drawProblem(problem, error, () => undo(products, count));
    problem.querySelector("button, a")?.focus();
  }
}

async function resume() {
  problem.hidden = true;
  said.textContent = "Going on…";
  try {
    await decisions.resume(change.dataset.id);
    location.reload();
  } catch (error) {
    said.textContent = "";
    drawProblem(problem, error, resume);
  }
}

if (change) {
  const ticks = [...document.querySelectorAll("input[name=product]")];
  const some = document.getElementById("some");
  const chosen = () => [...new Set(ticks.filter((each) => each.checked).map((each) => each.value))];
  document.getElementById("undo")?.addEventListener("click", () => undo([], Number(change.dataset.written)));
  document.getElementById("resume")?.addEventListener("click", resume);
  document.getElementById("undo-some").addEventListener("click", () => undo(chosen(), chosen().length));
  const update = () => {
    const count = chosen().length;
    some.hidden = !count;
    document.getElementById("chosen-count").textContent = `${plural(count, "product")} selected`;
  };
  for (const each of ticks) each.addEventListener("change", update);
  update();
}
