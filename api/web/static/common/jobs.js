// Long work: begun, followed with its progress, ended, and its answer. See docs/jobs.md.

import { get, post, Problem } from "./http.js";
import { known } from "./who.js";
import { element, number } from "./words.js";

const OFTEN = 400;

/** Begin work; answers the job. */
export const start = (kind, request, signal) => post("/v1/jobs", { kind, request, by: known() }, signal);

export const cancel = (id) => post(`/v1/jobs/${encodeURIComponent(id)}/cancel`, {});

export const result = (id, signal) => get(`/v1/jobs/${encodeURIComponent(id)}/result`, signal);

/**
 * Show how far a job is until it ends.
 * @param {HTMLElement} place its progress is drawn here, and hidden at the end
 * @returns {Promise<object>} the job as it ended: its `state` is done, cancelled, failed or interrupted
 */
export async function follow(place, id, signal) {
  const drawn = draw(place, () => cancel(id));
  place.hidden = false;
  try {
    for (;;) {
      const job = await get(`/v1/jobs/${encodeURIComponent(id)}`, signal);
      if (job.state !== "running") return job;
      drawn(job);
      await pause(OFTEN, signal);
    }
  } finally {
    place.hidden = true;
  }
}

/** The answer of a job that ended; a problem where it has none. */
export async function answered(job, signal) {
  if (job.state === "done") return result(job.id, signal);
  const titles = { cancelled: "Cancelled", failed: "That did not work", interrupted: "It was interrupted" };
  const details = { cancelled: "Nothing was changed. Start it again when you like.", interrupted: "Its process ended. Start it again." };
  throw new Problem({ title: titles[job.state] ?? job.state, detail: job.error ?? details[job.state] ?? "", status: 0 });
}

/** @returns {(job: object) => void} shows how far the job is */
export function draw(place, end) {
  const title = element("strong");
  const stage = element("span", { className: "soft" });
  const left = element("span", { className: "soft" });
  const bar = element("progress", { max: 1 });
  bar.setAttribute("aria-label", "How far it is");
  const stop = element("button", { type: "button", textContent: "Cancel" });
  const live = element("span", { className: "hidden" });
  live.setAttribute("role", "status");
  const top = element("div", { className: "row" }, title, stop);
  const below = element("div", { className: "row" }, stage, left);
  place.replaceChildren(element("div", { className: "progress" }, top, bar, below, live));
  title.textContent = "Starting…";
  stop.addEventListener("click", async () => {
    stop.disabled = true;
    stop.textContent = "Cancelling…";
    await end().catch(() => {});
  });
  let since = { stage: null, done: 0, at: 0 };
  return (job) => {
    title.textContent = job.title.charAt(0).toUpperCase() + job.title.slice(1);
    const much = job.total ? `${number(job.done)} of ${number(job.total)}` : job.done ? number(job.done) : "";
    const words = (job.label || "starting").replace(/^./, (letter) => letter.toUpperCase());
    stage.textContent = [words, much].filter(Boolean).join(": ");
    if (job.total) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
    if (since.stage !== job.stage) {
      since = { stage: job.stage, done: job.done, at: job.seconds };
      live.textContent = words;
    }
    const went = job.seconds - since.at;
    const rate = went > 2 ? (job.done - since.done) / went : 0;
    left.textContent = job.total && rate > 0 ? `about ${seconds((job.total - job.done) / rate)} left` : `${seconds(job.seconds)} so far`;
    if (!job.cancellable) stop.disabled = true;
  };
}

const seconds = (count) => (count < 90 ? `${Math.max(1, Math.round(count))} s` : `${Math.round(count / 60)} min`);

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
