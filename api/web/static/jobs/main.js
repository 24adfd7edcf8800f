// Long work: begun by a form, followed until it ends, ended and forgotten.

import { choosing } from "../common/choosing.js";
import { ask } from "../common/http.js";
import { follow as followJob, start } from "../common/jobs.js";
import { follow, localise, refresh } from "../common/live.js";

const at = (id) => document.getElementById(id);
const followed = new Set();

localise();
choosing(document.querySelector("form[data-instant]"));
for (const form of document.querySelectorAll("form[data-kind]")) form.addEventListener("submit", (event) => begin(event, form));
document.addEventListener("click", clicked);
document.addEventListener("refreshed", watch);
watch();
follow(5);

/** Every job that runs and is shown draws its progress, until it ends. */
function watch() {
  for (const place of document.querySelectorAll("[data-job]")) {
    const id = place.dataset.job;
    if (followed.has(id)) continue;
    followed.add(id);
    followJob(place, id)
      .then(() => refresh())
      .catch(() => {}) // what is lost is said by the page, which looks again
      .finally(() => followed.delete(id));
  }
}

async function begin(event, form) {
  event.preventDefault();
  const said = form.querySelector(".said");
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  said.hidden = true;
  try {
    const job = await start(form.dataset.kind, read(form));
    at("begun").textContent = `Begun: ${job.title}.`;
    form.closest("details").open = false;
    form.closest("details").querySelector("summary").focus();
    await refresh();
  } catch (error) {
    said.textContent = [error.title, error.message].filter(Boolean).join(": ");
    said.hidden = false;
  } finally {
    button.disabled = false;
  }
}

/** What a form says, as the request has it; what is empty is left out. */
function read(form) {
  const request = {};
  for (const each of form.elements) {
    if (!each.name) continue;
    const text = each.value.trim();
    if (each.dataset.as === "flag") request[each.name] = each.checked;
    else if (!text) continue;
    else if (each.dataset.as === "number") request[each.name] = Number(text);
    else if (each.dataset.as === "list") request[each.name] = text.split(",").map((one) => one.trim()).filter(Boolean);
    else request[each.name] = text;
  }
  return request;
}

async function clicked(event) {
  const opens = event.target.closest("[data-opens]");
  if (opens) {
    event.preventDefault();
    const details = at(opens.dataset.opens);
    details.open = true;
    details.querySelector("select, input").focus();
  }
  const forget = event.target.closest("[data-forget]");
  if (!forget) return;
  try {
    await ask(`/v1/jobs/${forget.dataset.forget}`, { method: "DELETE" });
  } catch (error) {
    at("begun").textContent = `Not forgotten: ${error.message}`;
    return;
  }
  await refresh();
  at("counted").focus();
}
