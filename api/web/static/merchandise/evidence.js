// One proposal: the product, what is proposed, and the pictures that speak for it and against it.

import { element, label } from "../common/words.js";
import { picture, title, values } from "./products.js";

const METHODS = {
  classifier: "Classifier, for the new value", neighbours: "Votes of the nearest, for the new value",
  listed: "Both, for the old value", examples: "Likeness to your examples", nearness: "Nearness to the group's middle",
};

export const percent = (share) => `${Math.floor(100 * share + 1e-9)}%`;

export const sentence = (proposal) => {
  const said = (list) => list.join(", ") || "none";
  return `${label(proposal.field)}: ${said(proposal.old)} to ${said(proposal.new)}`;
};

/** "Color: red → blue", as elements. */
export function change(proposal) {
  return [`${label(proposal.field)}: `, ...values(proposal.old, proposal.new.length ? "old" : ""), " → ", ...values(proposal.new, "new")];
}

/** Neighbours in groups: those that speak for the new value, for the old one, and the others. */
export function sides({ evidence, old, new: proposed }) {
  const fresh = proposed.filter((each) => !old.includes(each));
  const gone = old.filter((each) => !proposed.includes(each));
  const found = { forNew: [], forOld: [], others: [] };
  (evidence.neighbours ?? []).forEach((id, index) => {
    const held = evidence.values?.[index];
    const one = { id, held: held ?? [], distance: evidence.distances?.[index] };
    if (held?.some((each) => fresh.includes(each))) found.forNew.push(one);
    else if (held?.some((each) => gone.includes(each))) found.forOld.push(one);
    else found.others.push(one);
  });
  return { ...found, fresh, gone };
}

export function evidence(proposal) {
  const { forNew, forOld, others, fresh, gone } = sides(proposal);
  const total = forNew.length + forOld.length + others.length;
  const part = element("div", { className: `evidence${forNew.length && (forOld.length || others.length) ? " two" : ""}` });
  const share = (list) => `${list.length} of the ${total} nearest`;
  if (forNew.length) part.append(block(`For ${fresh.join(", ")}: ${share(forNew)}`, forNew));
  if (forOld.length) part.append(block(`For ${gone.join(", ")}: ${share(forOld)}`, forOld));
  if (others.length) part.append(block(forNew.length || forOld.length ? `Neither: ${share(others)}` : "Looks most like", others));
  const methods = Object.entries(proposal.evidence.methods ?? {});
  const note = proposal.evidence.note;
  return [
    ...(total ? [part] : []),
    ...(methods.length ? [bars(methods)] : []),
    ...(note ? [element("p", { className: "soft", textContent: `${note.charAt(0).toUpperCase()}${note.slice(1)}.` })] : []),
  ];
}

function block(heading, list) {
  const tiles = list.map(({ id, held }) => element("li", {}, picture(id, 160), ...values(held), element("span", { className: "hidden", textContent: title(id) })));
  return element("section", {}, element("h3", { textContent: heading }), element("ul", { className: "tiles" }, ...tiles));
}

function bars(methods) {
  const grid = element("div", { className: "methods" });
  for (const [name, share] of methods) {
    const meter = element("meter", { min: 0, max: 1, value: share });
    meter.setAttribute("aria-label", METHODS[name] ?? label(name));
    grid.append(element("span", { textContent: METHODS[name] ?? label(name) }), meter, element("span", { textContent: percent(share) }));
  }
  return grid;
}
