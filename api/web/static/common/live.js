// Keeps a part of a page as the server writes it now: the page's own address is fetched again, and `#live` taken over.
// What is marked, opened or focused in it stays so, and what a module draws by itself where it says `data-kept`.

import { ask } from "./http.js";

const SELECTOR = "#live";
const parser = new DOMParser();
let current = null;
let timer = 0;

/** Times as the reader's clock shows them. */
export function localise(root = document) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const at = new Date(each.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    const withDay = each.textContent.trim().length > 8;
    each.title ||= at.toLocaleString();
    each.textContent = withDay ? at.toLocaleString(undefined, { hour12: false }) : at.toLocaleTimeString(undefined, { hour12: false });
  }
}

/**
 * Fetch a page and take over what changed of it.
 * @param {string} address the page's own, with other parameters at most
 * @returns {Promise<boolean>} whether it was taken over
 */
export async function refresh(address = location.pathname + location.search) {
  current?.abort();
  current = new AbortController();
  const place = document.querySelector(SELECTOR);
  place.setAttribute("aria-busy", "true");
  try {
    const response = await ask(address, { signal: current.signal, headers: { Accept: "text/html" } });
    const fresh = parser.parseFromString(await response.text(), "text/html").querySelector(SELECTOR);
    if (!fresh) throw new Error("another page came");
    swap(place, fresh);
    say("");
    document.dispatchEvent(new Event("refreshed"));
    return true;
  } catch (error) {
    if (error.name !== "AbortError") say(lost(error));
    return false;
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function lost(error) {
  if (error.status === 0) return "The server does not answer. What is shown is what was known last; this page keeps trying.";
  return error.status ? `${error.title}: ${error.message}` : "You are signed out, or the server was changed: load the page again.";
}

function say(text) {
  const line = document.getElementById("connection");
  if (line && line.textContent !== text) line.textContent = text;
}

function swap(place, fresh) {
  localise(fresh);
  morph(place, fresh);
}

/** Make one element like another in place, so that what the reader is at is not lost. */
function morph(old, fresh) {
  if (old.hasAttribute("data-kept") && fresh.hasAttribute("data-kept")) return;
  for (const { name } of [...old.attributes]) {
    const own = name === "aria-busy" || (name === "open" && old.tagName === "DETAILS");
    if (!own && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const after = [...fresh.childNodes];
  after.forEach((node, index) => {
    const before = old.childNodes[index];
    if (!before) old.append(node);
    else if (before.nodeType !== node.nodeType || before.nodeName !== node.nodeName || before.id !== node.id) place(old, before, node);
    else if (node.nodeType === Node.ELEMENT_NODE) morph(before, node);
    else if (before.data !== node.data) before.data = node.data;
  });
  while (old.childNodes.length > after.length) old.lastChild.remove();
}

/** An element that only moved is moved, with its focus; any other is new. */
function place(parent, before, node) {
  const known = node.id ? parent.querySelector(`:scope > #${CSS.escape(node.id)}`) : null;
  if (known) {
    parent.insertBefore(known, before);
    morph(known, node);
  } else before.replaceWith(node);
}

/** Look again every few seconds, while somebody looks. */
export function follow(seconds) {
  const again = async () => {
    if (document.visibilityState === "visible") await refresh();
    timer = setTimeout(again, seconds * 1000);
  };
  clearTimeout(timer);
  timer = setTimeout(again, seconds * 1000);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
}
