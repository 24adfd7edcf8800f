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
  const [known] = await Promise.all([knownOf(field), learn(proposals.map((each) => each.product)).catch(() => {})]);
  const place = element("div", { className: "desk" });
  const fresh = proposals.filter((each) => !known.has(each.id));
  // Kept at the first decision, or when somebody says so: who only follows a link changes nothing.
  const kept = once(() => fresh.length && keep(fresh));
  const later = element("button", { type: "button", className: "plain", textContent: "Keep them for later", hidden: !fresh.length });
  const told = element("span", {});
  told.setAttribute("role", "status");
  later.addEventListener("click", async () => {
    try {
      await kept();
      told.replaceChildren("Kept: they are under ", element("a", { href: `/merchandise/proposals?${new URLSearchParams({ tool: "audit", field })}`, textContent: "Proposals" }), ".");
      later.hidden = true;
    } catch (error) {
      tool.fail(error, () => later.click());
    }
  });
  const count = `The ${number(proposals.length)} most suspicious, most suspicious first. `;
  results.replaceChildren(heading, element("p", { className: "soft" }, count, later, told), place);
  const url = new URL(location);
  new Desk(place, proposals.map((each) => known.get(each.id) ?? each), {
    first: kept,
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

/** What is done the first time that it is wanted, and again only if that failed. */
function once(work) {
  let done = null;
  return () => {
    done ??= Promise.resolve(work()).catch((error) => {
      done = null;
      throw error;
    });
    return done;
  };
}

/** Proposals of audits that are kept, by id: what was decided of them counts. */
async function knownOf(field) {
  const members = new URLSearchParams({ state: "all", tool: "audit", field, rows: "1000" });
  const known = new Map();
  for (let start = 0; start < 10_000; start += 1000) {
    const page = await get(`/v1/proposals?${members}&start=${start}`);
    for (const each of page.proposals) known.set(each.id, each);
    if (start + 1000 >= page.total) break;
  }
  return known;
}
