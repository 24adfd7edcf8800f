// Keys of a page: one letter each, not while something is written; "?" shows them.

import { element } from "../common/words.js";

/**
 * @param {Object<string, [string, () => void]>} keys by `event.key`, letters small: what it does in words, and how
 * @param {() => boolean} active whether the page listens now
 */
export function listen(keys, active = () => true) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog") || document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      help(keys);
      return;
    }
    const known = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!known || !active()) return;
    event.preventDefault();
    known[1]();
  });
}

const NAMES = { ArrowRight: "→", ArrowLeft: "←", ArrowDown: "↓", ArrowUp: "↑", " ": "Space" };

export function help(keys) {
  const list = element("dl", { className: "keys" });
  const words = new Map();
  for (const [key, [text]] of Object.entries(keys)) words.set(text, [...(words.get(text) ?? []), key]);
  for (const [text, names] of words) {
    const shown = names.flatMap((name, index) => [
      ...(index ? [" "] : []), element("kbd", { textContent: NAMES[name] ?? name.toUpperCase() }),
    ]);
    list.append(element("dt", {}, ...shown), element("dd", { textContent: text }));
  }
  const close = element("button", { className: "primary", textContent: "Close" });
  const dialog = element("dialog", {}, element("h2", { textContent: "Keys", id: "keys" }), list,
    element("form", { method: "dialog" }, element("div", { className: "buttons" }, close)));
  dialog.setAttribute("aria-labelledby", "keys");
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}
