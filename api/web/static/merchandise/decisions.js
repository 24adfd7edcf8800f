// Accepting, rejecting and taking either back: what is asked of the server, in its order, one after the other.

import { get, post } from "../common/http.js";

let before = Promise.resolve();

/** One after the other, so that what is taken back was there before. */
function inTurn(work) {
  const turn = before.then(work);
  before = turn.catch(() => {});
  return turn;
}

/** @returns {Promise<{change: object, conflicts: Map<string, object>}>} conflicts by proposal */
export const accept = (ids, by, why = "") => inTurn(async () => {
  const change = await post("/v1/proposals/accept", { ids, by, why });
  return { change, conflicts: await conflicts(change) };
});

export const reject = (ids, by, why = "") => inTurn(() => post("/v1/proposals/reject", { ids, by, why }));

export const reopen = (ids, by) => inTurn(() => post("/v1/proposals/reopen", { ids, by, why: "taken back" }));

export const undo = (change, by, { why = "", products = [] } = {}) =>
  inTurn(() => post(`/v1/changes/${encodeURIComponent(change)}/undo`, { by, why, products }));

export const resume = (change) => inTurn(() => post(`/v1/changes/${encodeURIComponent(change)}/resume`, {}));

/** Change sets among the latest that stopped in the middle. */
export async function unfinished() {
  const { changes } = await get("/v1/changes?rows=20");
  return changes.filter((each) => each.state === "unfinished");
}

/** Keep what a tool proposes. */
export async function keep(proposals) {
  const plain = proposals.map(({ id, product, field, old, new: proposed, confidence, evidence, tool }) => (
    { id, product, field, old, new: proposed, confidence, evidence, tool }));
  return post("/v1/proposals", { proposals: plain });
}

/** What became of a change set's items that were not written, by proposal. */
export async function conflicts(change) {
  const found = new Map();
  const total = Object.values(change.counts).reduce((sum, count) => sum + count, 0);
  if (!change.counts.conflict) return found;
  for (let start = 0; start < total; start += 1000) {
    const { items } = await get(`/v1/changes/${change.id}?rows=1000&start=${start}`);
    for (const each of items) if (each.outcome === "conflict" && each.proposal) found.set(each.proposal, each);
  }
  return found;
}
