// What products are called and look like, by their own or their pictures' ids; asked for together, and kept.

import { get, show } from "../common/http.js";
import { element } from "../common/words.js";

const MOST = 100;
const kept = new Map();

/** Take in what a page came with. */
export function remember(products) {
  for (const [id, product] of Object.entries(products)) kept.set(id, product);
}

/** See that these are known; ids that are not in the index stay unknown. */
export async function learn(ids, signal) {
  const missing = [...new Set(ids)].filter((id) => !kept.has(id));
  const parts = [];
  for (let start = 0; start < missing.length; start += MOST) parts.push(missing.slice(start, start + MOST));
  const answers = await Promise.all(
    parts.map((part) => get(`/v1/products?${new URLSearchParams(part.map((id) => ["id", id]))}`, signal)),
  );
  for (const { products } of answers) remember(products);
}

export const product = (id) => kept.get(id);

export const title = (id) => kept.get(id)?.title || id;

/** A picture in its frame, `width` pixels wide on the page. */
export function picture(id, width, { eager = false, alt = title(id) } = {}) {
  const frame = element("span", { className: "pic" });
  const address = kept.get(id)?.image;
  if (address) {
    const image = element("img", { alt, width, height: width, decoding: "async", loading: eager ? "eager" : "lazy" });
    show(image, address, width);
    frame.append(image);
  }
  return frame;
}

/** Values as they are shown, `kind` being "old" or "new" where one takes the other's place. */
export function values(list, kind = "") {
  if (!list?.length) return [element("span", { className: "none", textContent: "none" })];
  return list.flatMap((each, index) => [
    ...(index ? [" "] : []), element("span", { className: `value ${kind}`.trim(), textContent: each }),
  ]);
}
