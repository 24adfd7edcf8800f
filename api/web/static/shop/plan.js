// How the results were found, for whoever runs the shop.

import { duration, element } from "../common/words.js";

const at = (id) => document.getElementById(id);

export function draw({ plan, took }) {
  at("way").textContent = `${plan.mode}: ${plan.reason} · ${duration(took.total)}`;
  const rows = [
    ["Reading the photo", duration(took.extract)],
    ["Solr", duration(took.solr)],
    ["All together", duration(took.total)],
    ["Way", plan.way],
  ];
  if (plan.candidates !== null) rows.push(["Candidates", plan.candidates]);
  if (plan.matching !== null) rows.push(["Pictures counted", plan.matching]);
  at("took").replaceChildren(
    ...rows.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", { textContent: text })]),
  );
  const requests = plan.requests.map((text) => element("code", { textContent: text.replaceAll("\u001f", "\u241f") }));
  at("requests").replaceChildren(...requests.map((code) => element("li", {}, code)));
  at("plan").hidden = false;
}
