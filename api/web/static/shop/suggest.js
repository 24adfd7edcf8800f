// Suggestions below the search field: a combobox with a list, by the ARIA Authoring Practices (1.2 pattern).

import * as api from "./api.js";
import { element, label, number, value as shown } from "../common/words.js";

const WAIT = 120; // ms without a key before the server is asked

/**
 * @param {{input: HTMLInputElement, list: HTMLUListElement, status: HTMLElement, chosen: (text: string) => void}} parts
 */
export function listen({ input, list, status, chosen }) {
  let suggestions = [];
  let active = -1;
  let typed = "";
  let timer = 0;
  let asking = null;

  function close() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
    suggestions = [];
    active = -1;
    list.replaceChildren();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    status.textContent = "";
  }

  async function ask() {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    typed = input.value;
    try {
      const found = await api.suggest(typed, mine.signal);
      if (asking === mine && document.activeElement === input) draw(found.suggestions);
    } catch {
      if (asking === mine) close(); // a search says what is wrong; suggestions only help
    }
  }

  function draw(found) {
    suggestions = found;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...found.map(option));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length ? `${number(found.length)} ${found.length === 1 ? "suggestion" : "suggestions"}` : "";
  }

  function option({ text, total, field, value }, index) {
    const name = element("span", { className: "text", textContent: text });
    const kind = element("span", { className: "kind", textContent: field ? label(field) : "" });
    const count = element("span", { className: "number", textContent: number(total) });
    const made = element("li", { id: `suggestion-${index}`, role: "option" }, name, kind, count);
    made.setAttribute("aria-selected", "false");
    const about = field && value !== text ? `${label(field)} ${shown(value)}, ` : field ? `${label(field)}, ` : "";
    made.setAttribute("aria-label", `${text}, ${about}${number(total)} ${total === 1 ? "product" : "products"}`);
    return made;
  }

  /** Move to a suggestion, or with -1 back to what was typed. */
  function move(to) {
    const options = [...list.children];
    options[active]?.setAttribute("aria-selected", "false");
    active = to;
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
      input.value = typed;
      return;
    }
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[active].id);
    input.value = suggestions[active].text;
  }

  function take(index) {
    const { text } = suggestions[index];
    input.value = text;
    close();
    chosen(text);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim() === "") close();
    else timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const { key } = event;
    if (key === "Escape" && !list.hidden) {
      event.preventDefault();
      input.value = typed;
      close();
    } else if (key === "Enter" || key === "Tab") {
      close(); // the form is sent, or the focus goes on, with what the field holds
    } else if (key === "ArrowDown" && list.hidden && input.value.trim()) {
      event.preventDefault();
      ask();
    } else if ((key === "ArrowDown" || key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      const places = suggestions.length + 1; // what was typed is one of them
      move(((active + 1 + (key === "ArrowDown" ? 1 : places - 1)) % places) - 1);
    }
  });
  input.addEventListener("blur", close);
  // The field keeps the focus, so that choosing by mouse or finger is no blur.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", ({ target }) => {
    const index = [...list.children].indexOf(target.closest("li"));
    if (index >= 0) take(index);
  });
  return { close };
}
