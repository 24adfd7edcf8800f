// A tool's page: what its form asks is done as a job, whose id is in the address, so that a link shows the same.

import { draw as drawProblem } from "../common/problem.js";
import { answered, follow, start } from "../common/jobs.js";

/** What a form's words and filters ask for, as `POST /v1/search` takes it. */
export function search(form) {
  const filters = {};
  let words = "";
  for (const [name, value] of new FormData(form)) {
    if (name === "q") words = value.trim();
    else if (name.startsWith("f.") && value) (filters[name.slice(2)] ??= []).push(value);
  }
  return { q: words || "*", filters };
}

export class Tool {
  /**
   * @param {string} kind of job
   * @param {object} given
   * @param {() => object} given.request what the form asks
   * @param {(result: object) => void} given.draw shows an answer
   * @param {() => void} given.clear shows none
   * @param {() => string} [given.refuse] what is missing yet, in words
   * @param {() => [string, string][]} [given.members] what the address has besides the form
   */
  constructor(kind, { request, draw, clear, refuse = () => "", members = () => [] }) {
    Object.assign(this, { kind, request, draw, clear, refuse, members });
    this.form = document.getElementById("asked");
    this.work = document.getElementById("work");
    this.problem = document.getElementById("problem");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.begin();
    });
    window.addEventListener("popstate", () => location.reload());
    const { searchParams } = new URL(location);
    const job = searchParams.get("job");
    // Whoever makes this has to have it before something is drawn. Who was quicker than this module sent the form itself.
    if (job) queueMicrotask(() => this.show(job));
    else if (searchParams.has("go")) queueMicrotask(() => this.begin());
  }

  /** The address that the form stands for, without an answer. */
  address(more) {
    const members = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (value) members.append(name, value);
    for (const [name, value] of [...this.members(), ...more]) members.append(name, value);
    return `${location.pathname}?${members}`;
  }

  async begin() {
    const missing = this.refuse();
    if (missing) {
      this.fail({ title: "Not yet", detail: missing }, () => this.form.querySelector("input, select").focus());
      return;
    }
    this.following?.abort();
    this.problem.hidden = true;
    this.clear();
    this.begun = true;
    try {
      const job = await start(this.kind, this.request());
      const to = this.address([["job", job.id]]);
      if (new URL(location).searchParams.has("go")) history.replaceState(null, "", to);
      else history.pushState(null, "", to);
      await this.show(job.id);
    } catch (error) {
      this.fail(error, () => this.begin());
    }
  }

  async show(id) {
    this.following?.abort();
    this.following = new AbortController();
    const { signal } = this.following;
    try {
      const job = await follow(this.work, id, signal);
      const result = await answered(job, signal);
      await this.draw(result);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.fail(error, () => this.begin(), { 404: ["This result is no longer kept", "Start it again: what was asked is still here."] });
    }
  }

  /** Something was found: who waited for it is taken there, who followed a link stays where they are. */
  arrived(heading) {
    if (this.begun && !document.activeElement?.closest("dialog")) heading.focus();
    this.begun = false;
  }

  fail(error, again, words = {}) {
    drawProblem(this.problem, error, () => { this.problem.hidden = true; again(); }, words);
    this.problem.querySelector("button, a")?.focus();
  }
}
