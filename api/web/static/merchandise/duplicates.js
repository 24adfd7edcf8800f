// The page of duplicates: groups of the same picture side by side, and what is proposed for them.

import { element, label, number } from "../common/words.js";
import { plural, review } from "./keeping.js";
import { learn, picture, product, title, values } from "./products.js";
import { search, Tool } from "./tool.js";

const results = document.getElementById("results");
const STEP = 30;

const tool = new Tool("duplicates", {
  request: () => {
    const data = new FormData(tool.form);
    const mark = data.get("mark").trim();
    return { search: search(tool.form), within: Number(data.get("within")), fields: data.getAll("copy"), ...(mark ? { mark } : {}) };
  },
  clear: () => results.replaceChildren(),
  draw,
});

async function draw({ groups, proposals, pictures }) {
  const heading = element("h2", { tabIndex: -1, textContent: groups.length ? `${plural(groups.length, "group")} of the same picture, or nearly` : "No product is shown twice" });
  const parts = [heading, element("p", { className: "soft", textContent: `${plural(pictures, "picture")} compared.` })];
  if (proposals.length) {
    const button = element("button", { type: "button", className: "primary", textContent: `Keep ${plural(proposals.length, "proposal")} and review` });
    button.addEventListener("click", () => review(proposals, tool.problem));
    parts.push(element("p", {}, button));
  } else if (groups.length) parts.push(element("p", { className: "soft", textContent: "Nothing is proposed: choose what to copy or to mark, and find them again." }));
  const list = element("ul", { className: "twins" });
  const more = element("button", { type: "button" });
  const by = new Map();
  for (const each of proposals) by.set(each.product, [...(by.get(each.product) ?? []), each]);
  let shown = 0;
  const add = async () => {
    const next = groups.slice(shown, shown + STEP);
    await learn(next.flatMap((each) => [...each.products, ...each.pictures])).catch(() => {});
    const made = next.map((each) => twins(each, by));
    list.append(...made);
    shown += next.length;
    more.hidden = shown >= groups.length;
    more.textContent = `Show more (${number(groups.length - shown)})`;
    return made[0];
  };
  more.addEventListener("click", async () => (await add())?.querySelector("a")?.focus());
  results.replaceChildren(...parts, list, more);
  await add();
  tool.arrived(heading);
}

function twins({ products, pictures, same }, proposals) {
  const fields = new Set(products.flatMap((id) => Object.keys(product(id)?.attributes ?? {})));
  const differ = [...fields].filter((name) => new Set(products.map((id) => String(product(id)?.attributes[name] ?? ""))).size > 1 && !["url", "in_stock", "currency"].includes(name));
  const columns = products.map((id, index) => {
    const held = product(id)?.attributes ?? {};
    const facts = differ.map((name) => element("div", {}, element("dt", { textContent: label(name) }), element("dd", {}, ...values([held[name] ?? []].flat().map(String)))));
    const fresh = (proposals.get(id) ?? []).map((each) => element("div", {}, element("dt", { textContent: `${label(each.field)}, proposed` }), element("dd", {}, ...values(each.new, "new"))));
    return element("li", {}, picture(pictures[index], 240), element("a", { href: `/?${new URLSearchParams({ like: pictures[index] })}`, textContent: title(id) }), element("dl", {}, ...facts, ...fresh));
  });
  const badge = element("span", { className: same ? "badge good" : "badge", textContent: same ? "The same picture" : "Nearly the same" });
  return element("li", {}, badge, element("ul", { className: "side-by-side" }, ...columns));
}
