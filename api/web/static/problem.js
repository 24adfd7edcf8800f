// What went wrong, in words that a shopper understands; what the server said stands below them.

import { Problem, key } from "./api.js";
import { element } from "./words.js";

const LATER = "Something on our side is not running. What you asked for is kept: try again in a moment.";
const WORDS = {
  0: ["No connection to the shop", "Check your connection, then try again."],
  401: ["An API key is needed", ""],
  403: ["This is not open to you", ""],
  404: ["This is no longer here", ""],
  413: ["The picture is too large", "Choose a smaller one."],
  422: ["The picture cannot be used", "Choose another one: a JPEG, PNG or WebP, for example."],
  502: ["The search is not available right now", LATER],
  503: ["The search is not available right now", LATER],
};

/**
 * @param {HTMLElement} place
 * @param {Error} error
 * @param {() => void} again
 */
export function draw(place, error, again) {
  if (!(error instanceof Problem)) console.error(error);
  const [title, advice] = WORDS[error.status] ?? [error.title ?? "The page failed", ""];
  const said = [error.title, error.detail ?? String(error)].filter((each) => each && each !== title).join(": ");
  const parts = [element("h2", { textContent: title })];
  if (advice) {
    parts.push(element("p", { textContent: advice }));
    const details = element("details", {}, element("summary", { textContent: "What exactly happened" }));
    details.append(element("p", { textContent: said }));
    parts.push(error.status === 422 || error.status === 413 ? element("p", { className: "said", textContent: said }) : details);
  } else parts.push(element("p", { textContent: said }));
  place.replaceChildren(...parts, error.status === 401 ? keyForm(again) : retry(again));
  place.hidden = false;
}

function retry(again) {
  const button = element("button", { type: "button", className: "primary", textContent: "Try again" });
  button.addEventListener("click", () => again());
  return button;
}

function keyForm(again) {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", required: true });
  const name = element("label", { htmlFor: "key", textContent: "API key" });
  const form = element("form", { className: "key" }, name, input, element("button", { textContent: "Use it" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    key.set(input.value.trim());
    again();
  });
  return form;
}
