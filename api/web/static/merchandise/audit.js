// The page of audits: its queue is decided here, in the order of suspicion.

import { get } from "../common/http.js";
import { element, label, number } from "../common/words.js";
import { keep } from "./decisions.js";
import { Desk } from "./desk.js";
import { plural } from "./keeping.js";
import { learn } from "./products.js";
import { search, Tool } from "./tool.js";

const results = document.getElementById("results");

const tool = new Tool("audit", {
  request: () => {
    const { field, rows } = tool.form.elements;
    return { search: search(tool.form), field: field.value, rows: Number(rows.value) || 100 };
  },
  clear: () => results.replaceChildren(),
  draw,
});

async function draw({ proposals, products, suspected }) {
  const field = proposals[0]?.field ?? tool.form.elements.field.value;
  const heading = element("h2", { tabIndex: -1, textContent: `${number(suspected)} of ${plural(products, "product")} with ${label(field).toLowerCase()} ${suspected === 1 ? "is" : "are"} estimated to be wrong` });
  if (!proposals.length) {
    results.replaceChildren(heading, element("p", { className: "soft", textContent: "No picture speaks for another value." }));
    return;
  }
  await Promise.all([learn(proposals.map((each) => each.product)).catch(() => {}), keep(proposals)]);
  const place = element("div", { className: "desk" });
  results.replaceChildren(heading, element("p", { className: "soft", textContent: `The ${number(proposals.length)} most suspicious, most suspicious first.` }), place);
  const url = new URL(location);
  new Desk(place, await withStates(proposals, field), {
    current: url.searchParams.get("id"),
    list: url.searchParams.get("view") === "list",
    moved: (id, list) => {
      const here = new URL(location);
      here.searchParams.set("id", id);
      if (list) here.searchParams.set("view", "list");
      else here.searchParams.delete("view");
      history.replaceState(null, "", here);
    },
  });
  tool.arrived(heading);
}

/** What was decided of them before counts. */
async function withStates(proposals, field) {
  const members = new URLSearchParams({ state: "all", tool: "audit", field, rows: "1000" });
  const known = new Map();
  for (let start = 0; start < 10_000; start += 1000) {
    const page = await get(`/v1/proposals?${members}&start=${start}`);
    for (const each of page.proposals) known.set(each.id, each);
    if (start + 1000 >= page.total) break;
  }
  return proposals.map((each) => known.get(each.id) ?? each);
}
