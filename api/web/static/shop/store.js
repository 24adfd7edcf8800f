// The one state of the page, kept in step with the address.

import { everything, fromAddress, toAddress } from "./state.js";

let state = everything();
let tokens = [""]; // the page tokens up to the page shown: tokens[n - 1] opens page n
let run = () => {};

export const get = () => state;

/** @param {() => Promise<void>} ask called whenever another thing is asked for */
export function onChange(ask) {
  run = ask;
}

/** Ask for something else: a step that Back takes back. `pages` are the tokens of its pages, as far as they are known. */
export function change(changes, pages = [""]) {
  state = { ...state, page: "", number: 1, ...changes };
  tokens = pages;
  history.pushState({ tokens }, "", toAddress(state));
  return run();
}

/** Change the state in place, without a step back to what no longer works. */
export function amend(changes = {}) {
  state = { ...state, page: "", number: 1, ...changes };
  tokens = [""];
  history.replaceState({ tokens }, "", toAddress(state));
}

/** Ask for what another address says. */
export const follow = (query) => change(fromAddress(query), []);

/** Ask for the same once more. */
export const again = () => run();

/** Whether the address asks for what is asked already: a link within the page changes what stands behind its "#" alone. */
export const isShown = () => toAddress(fromAddress(location.search)) === toAddress(state);

export function restore() {
  state = fromAddress(location.search);
  tokens = history.state?.tokens ?? [];
  return run();
}

/** The page after this one, by the token that came with it. */
export function next(token) {
  const pages = [...tokens];
  pages[state.number] = token;
  return change({ page: token, number: state.number + 1 }, pages);
}

/** The page before this one: by its token where this visit came by it, else by its number. */
export function previous() {
  const number = state.number - 1;
  return change({ page: tokens[number - 1] ?? "", number }, tokens);
}

export const addressOf = (changes) => toAddress({ ...state, page: "", number: 1, ...changes });
