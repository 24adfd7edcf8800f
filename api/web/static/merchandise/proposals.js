// The page of proposals: its answer came with it.

import { get } from "../common/http.js";
import { banner } from "./banner.js";
import * as decisions from "./decisions.js";
import { Desk } from "./desk.js";
import { remember } from "./products.js";

const answer = JSON.parse(document.getElementById("answer").textContent);
const form = document.getElementById("filter");
const MOST = 10_000;

remember(answer.products);
form.addEventListener("change", () => form.requestSubmit());

/** Ids of all open proposals of this filter that are as sure. */
async function above(share) {
  const members = new URLSearchParams([...new FormData(form)].filter(([name, value]) => value && name !== "view"));
  if ((members.get("state") ?? "open") !== "open") return [];
  members.set("min_confidence", String(Math.max(share, Number(members.get("min_confidence") ?? 0))));
  const ids = [];
  for (let start = 0; start < MOST; start += 1000) {
    const { proposals, total } = await get(`/v1/proposals?${members}&rows=1000&start=${start}`);
    ids.push(...proposals.map((each) => each.id));
    if (ids.length >= total) break;
  }
  return ids;
}

let desk = null;
if (answer.proposals.length) {
  const here = new URL(location);
  desk = new Desk(document.getElementById("desk"), answer.proposals, {
    current: here.searchParams.get("id"),
    list: here.searchParams.get("view") === "list",
    above,
    moved: (id, list) => {
      const url = new URL(location);
      url.searchParams.set("id", id);
      if (list) url.searchParams.set("view", "list");
      else url.searchParams.delete("view");
      form.elements.view.value = list ? "list" : "";
      history.replaceState(null, "", url);
    },
  });
}

const say = (text) => {
  if (desk) desk.say(text);
  else document.getElementById("told").textContent = text;
};
decisions.unfinished().then((found) => { if (found.length) banner(document.getElementById("unfinished"), found, say); }, () => {});
