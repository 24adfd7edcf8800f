// Cards of the products found.

import { show } from "../common/http.js";
import { icon } from "../common/icons.js";
import { element, price, value as shown, webAddress } from "../common/words.js";

const WIDTH = 320;
const EAGER = 8; // the first rows are what is looked at: they load at once
const known = new Map(); // what products that were shown are called and look like, by id

/** What was shown of a product: {title, image}. */
export const seen = (id) => known.get(id);

export const remember = (id, product) => known.set(id, product);

/**
 * @param {HTMLElement} place
 * @param {object[]} found hits
 * @param {{byPicture: boolean, more?: string[], less?: string[], moreLike?: (id: string) => string,
 *   canJudge?: boolean}} options
 */
export function draw(place, found, options) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...found.map((hit, index) => element("li", {}, card(hit, index, options))));
  if (focused) [...place.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus();
}

/** Room for what is on its way. */
export function drawSkeletons(place, count) {
  const cards = Array.from({ length: count }, () => {
    const made = element("li", { className: "skeleton" }, element("div", { className: "frame" }), element("p"), element("p"));
    made.setAttribute("aria-hidden", "true");
    return made;
  });
  place.replaceChildren(...cards);
}

function card(hit, index, { byPicture, more = [], less = [], moreLike, canJudge = true }) {
  const title = hit.title || hit.id;
  known.set(hit.product_id, { title, image: hit.image });
  known.set(hit.id, { title, image: hit.image });
  if (hit.region) known.set(hit.region, { title, image: hit.image });
  const made = element("article", { className: "hit" }, frame(hit, title, index), heading(hit, title));
  const notes = kind(hit.attributes, title);
  if (notes) made.append(element("p", { className: "kind", textContent: notes }));
  if (typeof hit.attributes.price === "number") {
    made.append(element("p", { className: "price", textContent: price(hit.attributes.price, hit.attributes.currency) }));
  }
  if (byPicture) made.append(match(hit));
  if (hit.image) made.append(actions(hit, title, { more, less, moreLike, canJudge }));
  return made;
}

function frame(hit, title, index) {
  const made = element("div", { className: "frame" });
  if (hit.image) {
    const image = element("img", { alt: title, decoding: "async", width: WIDTH, height: WIDTH });
    image.loading = index < EAGER ? "eager" : "lazy";
    image.addEventListener("error", () => made.classList.add("missing"), { once: true });
    show(image, hit.image, WIDTH);
    made.append(image);
    if (hit.box) made.append(part(image, hit.box));
  } else made.classList.add("missing");
  if (hit.attributes.in_stock === false) made.append(element("span", { className: "sold", textContent: "Out of stock" }));
  return made;
}

/** A frame around the part of the picture that matched, drawn once it is known how the picture lies in its square. */
function part(image, [x, y, width, height]) {
  const made = element("span", { className: "matched" });
  made.setAttribute("aria-hidden", "true");
  image.addEventListener("load", () => {
    const side = Math.max(image.naturalWidth, image.naturalHeight);
    const [across, down] = [image.naturalWidth / side, image.naturalHeight / side];
    const percent = (value) => `${(100 * value).toFixed(2)}%`;
    made.style.left = percent((1 - across) / 2 + x * across);
    made.style.top = percent((1 - down) / 2 + y * down);
    made.style.width = percent(width * across);
    made.style.height = percent(height * down);
  });
  return made;
}

function actions(hit, title, { more, less, moreLike, canJudge }) {
  const made = element("div", { className: "actions" });
  if (moreLike) {
    const like = element("a", { className: "like", href: moreLike(hit.region ?? hit.id), textContent: "More like this" });
    like.dataset.like = hit.region ?? hit.id;
    like.dataset.key = `like ${hit.id}`;
    like.setAttribute("aria-label", `More like this: ${title}`);
    made.append(like);
  }
  if (!canJudge) return made;
  made.append(opinion("less", "not", `Not this: ${title}`, hit, less), opinion("more", "heart", `I like this: ${title}`, hit, more));
  return made;
}

function opinion(kind, sign, text, hit, chosen) {
  const button = element("button", { type: "button", className: `opinion ${sign}`, title: text.split(":")[0] }, icon(sign));
  button.dataset[kind] = hit.product_id;
  button.dataset.key = `${kind} ${hit.product_id}`;
  button.setAttribute("aria-label", text);
  button.setAttribute("aria-pressed", String(chosen.includes(hit.product_id)));
  return button;
}

function heading(hit, title) {
  const address = webAddress(hit.attributes.url);
  if (!address) return element("h3", { title, textContent: title });
  const inner = element("a", { href: address, rel: "noreferrer", textContent: title });
  inner.dataset.key = `open ${hit.id}`;
  return element("h3", { title }, inner);
}

function kind(attributes, title) {
  const words = [attributes.brand, attributes.category, attributes.color].flat().filter(Boolean).map(String);
  return [...new Set(words.map(shown))].filter((word) => word.toLowerCase() !== title.toLowerCase()).join(" · ");
}

function match(hit) {
  if (hit.distance === null) return element("p", { className: "match", textContent: "No picture to compare" });
  const percent = Math.round(hit.score * 100);
  const bar = element("span", { className: "fill" });
  bar.style.inlineSize = `${percent}%`;
  const track = element("span", { className: "track" }, bar);
  track.setAttribute("aria-hidden", "true");
  const title = `squared distance ${hit.distance.toPrecision(4)}`;
  return element("p", { className: "match", title }, track, `${percent}% match`);
}
