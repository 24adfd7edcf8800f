// Who decides: asked once, kept in this browser, and sent as `by`.

import { element } from "./words.js";

const KEPT = "visual-search.by";

/** The name that is kept, or "". */
export const known = () => localStorage.getItem(KEPT) ?? "";

/** The name, asked for where there is none; null where somebody thought better of it. */
export async function who() {
  return known() || change();
}

/** Ask for the name, also where there is one. */
export async function change() {
  const answer = await ask({
    title: "Who are you?",
    text: "Your name is noted with what you decide, and kept in this browser.",
    fields: [{ name: "by", label: "Your name", value: known(), maxLength: 100, required: true, autocomplete: "name" }],
    yes: "Go on",
  });
  const name = answer?.by.trim();
  if (!name) return null;
  localStorage.setItem(KEPT, name);
  return name;
}

/**
 * A question with fields; what was written, or null.
 * @param {{title: string, text?: string, fields?: object[], yes: string, no?: string}} asked fields as an input's properties, and a label
 * @returns {Promise<Object<string, string>|null>}
 */
export function ask({ title, text = "", fields = [], yes, no = "Cancel" }) {
  const inputs = fields.map(({ label, ...given }) => element("label", {}, label, element("input", { type: "text", ...given })));
  const stop = element("button", { type: "button", textContent: no });
  const go = element("button", { className: "primary", textContent: yes });
  const form = element("form", { method: "dialog" }, ...inputs, element("div", { className: "buttons" }, stop, go));
  const heading = element("h2", { textContent: title, id: "asked" });
  const dialog = element("dialog", {}, heading, ...(text ? [element("p", { textContent: text })] : []), form);
  dialog.setAttribute("aria-labelledby", "asked");
  const before = document.activeElement;
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = null;
    form.addEventListener("submit", () => { answer = Object.fromEntries(new FormData(form)); });
    stop.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(answer);
    });
    dialog.showModal();
    if (!inputs.length) go.focus();
  });
}
