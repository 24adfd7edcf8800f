// Takes over the search engineer's pages: they are complete without it.

import { ask, get } from "../common/http.js";
import { follow, localise, refresh } from "../common/live.js";

const at = (id) => document.getElementById(id);

localise();
const every = Number(at("live")?.dataset.live ?? 0);
if (every) follow(every);
choosing(document.querySelector("form[data-instant]"));
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));

/** A choice takes effect at once, in the address too. */
function choosing(form) {
  if (!form) return;
  const chosen = () => {
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(pairs).toString();
    return location.pathname + (query ? `?${query}` : "");
  };
  const go = () => {
    const address = chosen();
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    return refresh(address);
  };
  form.addEventListener("change", go);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  addEventListener("popstate", () => {
    const given = new URLSearchParams(location.search);
    for (const each of form.elements) {
      if (each.type === "checkbox") each.checked = given.get(each.name) === each.value;
      else if (each.name) each.value = given.get(each.name) ?? "";
    }
    refresh();
  });
  at("forget")?.addEventListener("click", async () => {
    if (!confirm("Forget all searches that are kept? Nothing else changes.")) return;
    await ask("/v1/queries", { method: "DELETE" });
    refresh();
  });
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
