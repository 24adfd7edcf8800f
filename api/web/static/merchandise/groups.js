// The page of groups: a map and a list of what looks alike, and a group's products to be named.

import { element, label, number } from "../common/words.js";
import { Group } from "./group.js";
import { plural } from "./keeping.js";
import { colour, Plane } from "./map.js";
import { learn, picture, title } from "./products.js";
import { search, Tool } from "./tool.js";

const MEMBERS = 2000;
const results = document.getElementById("results");
const fields = results.dataset.fields.split(" ").filter(Boolean);

const tool = new Tool("cluster", {
  request: () => {
    const form = tool.form.elements;
    const count = Number(form.clusters.value);
    return {
      search: search(tool.form), members: MEMBERS, about: fields.slice(0, 10), places: true,
      ...(count ? { clusters: count } : {}), ...(form.projection.value ? { projection: form.projection.value } : {}),
    };
  },
  clear: () => results.replaceChildren(),
  draw,
});

async function draw(found) {
  // What was looked at: the form may be changed before a group is named.
  const looked = search(tool.form);
  await learn(found.clusters.map((each) => each.medoid)).catch(() => {});
  const heading = element("h2", { textContent: `${plural(found.clusters.length, "group")} of ${plural(found.products, "product")}`, tabIndex: -1 });
  const rest = [found.noise && `${number(found.noise)} in none`, found.without && `${number(found.without)} without a picture left out`].filter(Boolean);
  const place = element("div", { id: "group" });
  const plane = new Plane(found, choose);
  const rows = found.clusters.map((each) => row(each, choose));
  results.replaceChildren(heading, element("p", { className: "soft", textContent: [apart(found.silhouette), ...rest].filter(Boolean).join(". ") }),
    element("div", { className: "groups" }, plane.element, element("ul", { className: "group-list" }, ...rows.map((each) => each.li))), place);
  tool.arrived(heading);

  function choose(id, follow = true) {
    const cluster = found.clusters.find((each) => each.id === id);
    if (!cluster) return;
    plane.select(id);
    for (const each of rows) each.button.setAttribute("aria-pressed", String(each.id === id));
    const group = new Group(cluster, { fields, search: looked, problem: tool.problem });
    place.replaceChildren(group.element);
    if (!follow) return;
    const url = new URL(location);
    url.searchParams.set("group", id);
    history.replaceState(null, "", url);
    group.heading.focus({ preventScroll: true });
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    place.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
  }

  const asked = Number(new URL(location).searchParams.get("group"));
  if (asked) choose(asked, false);
}

function row(cluster, choose) {
  const leading = Object.entries(cluster.values).map(([field, counts]) => {
    const [value, count] = Object.entries(counts)[0] ?? [];
    return value && count >= cluster.size / 3 ? `${label(field)}: ${value} (${Math.round((100 * count) / cluster.size)}%)` : "";
  }).filter(Boolean).slice(0, 4);
  const words = element("span", { className: "words" },
    element("strong", { textContent: `Group ${cluster.id}` }),
    element("span", { className: "soft", textContent: `${plural(cluster.size, "product")}, ${alike(cluster.cohesion)}` }),
    element("span", { className: "leading", textContent: leading.join(" · ") || "Nothing in common that is written down" }));
  const button = element("button", { type: "button", className: `group-row ${colour(cluster.id)}` }, picture(cluster.medoid, 96, { alt: title(cluster.medoid) }), words);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => choose(cluster.id));
  return { id: cluster.id, button, li: element("li", {}, button) };
}

const alike = (cohesion) => (cohesion > 0.8 ? "very much alike" : cohesion > 0.65 ? "alike" : "loosely alike");

const apart = (silhouette) => (silhouette === null ? "" : silhouette > 0.35 ? "The groups are clearly apart" : silhouette > 0.15 ? "The groups are partly apart" : "The groups run into each other: another number, or a narrower search, may tell more");
