// Takes over the search engineer's pages: they are complete without it.

import { choosing } from "../common/choosing.js";
import { ask, get } from "../common/http.js";
import { follow, localise, refresh } from "../common/live.js";

const at = (id) => document.getElementById(id);

localise();
const every = Number(at("live")?.dataset.live ?? 0);
if (every) follow(every);
choosing(document.querySelector("form[data-instant]"));
at("forget")?.addEventListener("click", forget);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));

async function forget() {
  if (!confirm("Forget all searches that are kept? Nothing else changes.")) return;
  await ask("/v1/queries", { method: "DELETE" }).catch(() => {}); // the list shows what is still there
  await refresh();
}

async function copy(button) {
  const said = at("copied");
  try {
    const { sent } = await get(`/v1/queries/${location.pathname.split("/").at(-1)}`);
    await write(sent[Number(button.dataset.request)][button.dataset.copy]);
    said.textContent = button.dataset.copy === "curl" ? "Copied: paste it into a shell." : "Copied.";
  } catch (error) {
    said.textContent = `Not copied: ${error.message}`;
  }
}

/** Browsers give the clipboard to pages of this machine or over HTTPS; elsewhere the old way has to do. */
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser refused; use HTTPS, or the JSON below");
}
