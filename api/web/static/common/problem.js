// What went wrong, in words of who reads it; what the server said stands below them.

import { Problem } from "./http.js";
import { element } from "./words.js";

const SIGNED_OUT = ["Sign in to go on", ""];

/**
 * @param {HTMLElement} place
 * @param {Error} error
 * @param {() => void} again
 * @param {Object<number, [string, string]>} words a title and advice by status; else the server's own words are shown
 */
export function draw(place, error, again, words = {}) {
  if (!(error instanceof Problem)) console.error(error);
  const known = { 401: SIGNED_OUT, ...words };
  const [title, advice] = known[error.status] ?? [error.title ?? "The page failed", ""];
  const said = [error.title, error.detail ?? String(error)].filter((each) => each && each !== title).join(": ");
  const parts = [element("h2", { textContent: title })];
  if (advice) {
    parts.push(element("p", { textContent: advice }));
    const details = element("details", {}, element("summary", { textContent: "What exactly happened" }));
    details.append(element("p", { textContent: said }));
    parts.push(error.status === 422 || error.status === 413 ? element("p", { className: "said", textContent: said }) : details);
  } else parts.push(element("p", { textContent: said }));
  place.replaceChildren(...parts, error.status === 401 ? signIn() : retry(again));
  place.hidden = false;
}

function retry(again) {
  const button = element("button", { type: "button", className: "primary", textContent: "Try again" });
  button.addEventListener("click", () => again());
  return button;
}

function signIn() {
  const here = new URLSearchParams({ next: location.pathname + location.search });
  return element("a", { className: "button primary", href: `/sign-in?${here}`, textContent: "Sign in" });
}
