// The page that fills gaps: from what the others have, or from examples, whose questions are answered here.

import { element, label, number } from "../common/words.js";
import { percent } from "./evidence.js";
import { plural, proposed } from "./keeping.js";
import { Picker } from "./picker.js";
import { learn } from "./products.js";
import { Questions } from "./questions.js";
import { search, Tool } from "./tool.js";

const MOST = 1000;
const QUESTIONS = 5;
const results = document.getElementById("results");
const asked = document.getElementById("asked");
const { field, value, precision } = asked.elements;
const here = new URL(location).searchParams;

const way = () => new FormData(asked).get("way");

const picker = new Picker({
  yes: here.getAll("yes"), no: here.getAll("no"),
  search: () => search(asked),
  changed: () => follow(),
});

const tool = new Tool("fill", {
  request: () => ({
    search: search(asked), field: field.value, rows: MOST,
    ...(way() === "examples"
      ? { value: value.value.trim(), positives: picker.of("yes"), negatives: picker.of("no"), questions: QUESTIONS }
      : { precision: Number(precision.value) / 100 }),
  }),
  refuse: () => {
    if (!field.value) return "Choose an attribute.";
    if (way() !== "examples") return "";
    if (!value.value.trim()) return "Write the value that your examples have.";
    return picker.of("yes").length ? "" : "Pick two to five products that have it.";
  },
  members: () => (way() === "examples" ? [...picker.of("yes").map((id) => ["yes", id]), ...picker.of("no").map((id) => ["no", id])] : []),
  clear: () => results.replaceChildren(),
  draw: (found) => (found.learned ? learned(found) : examples(found)),
});

/** The address keeps what was picked; what was found with other examples is no longer shown by it. */
function follow() {
  if (!tool?.address) return;
  const url = new URL(location);
  url.searchParams.delete("yes");
  url.searchParams.delete("no");
  for (const mark of ["yes", "no"]) for (const id of picker.of(mark)) url.searchParams.append(mark, id);
  history.replaceState(null, "", url);
}

function ways() {
  const current = way();
  for (const each of document.querySelectorAll("[data-way]")) each.hidden = each.dataset.way !== current;
  if (current === "examples") picker.look();
}

function said() {
  document.getElementById("precision-said").textContent = `${precision.value}% of the list`;
  value.setAttribute("list", `values-${field.value}`);
}

for (const each of asked.elements.way) each.addEventListener("change", ways);
precision.addEventListener("input", said);
field.addEventListener("change", said);
asked.querySelector(".look").addEventListener("change", () => { if (way() === "examples") picker.look(); });
said();
ways();

async function learned({ proposals, total, learned: known }) {
  const name = label(field.value || proposals[0]?.field || "").toLowerCase();
  const heading = element("h2", { tabIndex: -1, textContent: `${number(total)} of ${plural(known.missing, "product")} without ${name} can be filled` });
  const facts = [
    `Learned from ${plural(known.known, "product")} that have one. Of products it had not seen it would have guessed ${percent(known.accuracy)} right.`,
    proposals.length
      ? `Of a list as sure as this one ${percent(known.precision)} would have been right, and it would have had ${percent(known.recall)} of them.`
      : known.missing ? "None is as sure as you ask: ask for less, or give examples." : "Nothing is missing.",
    known.rare.length ? `Too rare to be learned: ${known.rare.join(", ")}.` : "",
  ];
  results.replaceChildren(heading, ...facts.filter(Boolean).map((each) => element("p", { className: "soft", textContent: each })), ...(proposals.length ? await proposed(proposals, tool.problem) : []));
  tool.arrived(heading);
}

async function examples({ proposals, questions, products }) {
  const wanted = value.value.trim();
  const heading = element("h2", { tabIndex: -1, textContent: `${number(proposals.length)} of ${plural(products, "product")} ${proposals.length === 1 ? "looks" : "look"} like your examples` });
  const parts = [heading];
  await learn(questions).catch(() => {});
  if (questions.length) {
    const asking = new Questions(questions, wanted, ({ yes, no }) => {
      if (!yes.length && !no.length) return;
      for (const id of yes) picker.marks.set(id, "yes");
      for (const id of no) picker.marks.set(id, "no");
      picker.draw();
      tool.begin();
    });
    parts.push(element("p", { className: "soft", textContent: "Your answers to these tell most; then it is looked again." }), asking.element);
  }
  results.replaceChildren(...parts, ...(proposals.length ? await proposed(proposals, tool.problem) : []));
  tool.arrived(heading);
}
