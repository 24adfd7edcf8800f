// The products found, and how they were found.

import { show } from "./api.js";
import { duration, element, price, value as shown, webAddress } from "./words.js";

const WIDTH = 320;

/** @param {{hits: object[]}} result */
export function draw(place, result, byPicture) {
  place.replaceChildren(...result.hits.map((hit, index) => card(hit, index, byPicture)));
}

function card(hit, index, byPicture) {
  const title = hit.title || hit.id;
  const frame = element("div", { className: "frame" });
  if (hit.image) {
    const image = element("img", { alt: "", decoding: "async" });
    // The first rows are what is looked at: they load at once.
    image.loading = index < 8 ? "eager" : "lazy";
    image.addEventListener("error", () => frame.classList.add("missing"), { once: true });
    show(image, hit.image, WIDTH);
    frame.append(image);
    if (hit.box) frame.append(part(image, hit.box));
  } else frame.classList.add("missing");
  if (hit.attributes.in_stock === false) {
    frame.append(element("span", { className: "sold", textContent: "Out of stock" }));
  }

  const made = element("article", { className: "hit" }, frame, heading(hit, title));
  const notes = kind(hit.attributes, title);
  if (notes) made.append(element("p", { className: "kind", textContent: notes }));
  if (typeof hit.attributes.price === "number") {
    made.append(element("p", { className: "price", textContent: price(hit.attributes.price, hit.attributes.currency) }));
  }
  if (byPicture) made.append(match(hit));
  if (hit.image) {
    const like = element("button", { type: "button", className: "like", textContent: "More like this" });
    like.dataset.like = hit.region ?? hit.id;
    like.dataset.title = title;
    like.dataset.image = hit.image;
    like.setAttribute("aria-label", `More like this: ${title}`);
    made.append(like);
  }
  return element("li", {}, made);
}

/** A frame around the part of the picture that matched, drawn once it is known how the picture lies in its square. */
function part(image, [x, y, width, height]) {
  const made = element("span", { className: "part" });
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

function heading(hit, title) {
  const address = webAddress(hit.attributes.url);
  const inner = address ? element("a", { href: address, rel: "noreferrer", textContent: title }) : title;
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

export function drawPlan({ plan, way, took, requests }, result) {
  way.textContent = `${result.plan.mode}: ${result.plan.reason} · ${duration(result.took.total)}`;
  const rows = [
    ["Reading the photo", duration(result.took.extract)],
    ["Solr", duration(result.took.solr)],
    ["All together", duration(result.took.total)],
    ["Way", result.plan.way],
  ];
  if (result.plan.candidates !== null) rows.push(["Candidates", result.plan.candidates]);
  if (result.plan.matching !== null) rows.push(["Pictures counted", result.plan.matching]);
  took.replaceChildren(
    ...rows.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", { textContent: text })]),
  );
  requests.replaceChildren(
    ...result.plan.requests.map((text) => element("li", {}, element("code", { textContent: text.replaceAll("\u001f", "\u241f") }))),
  );
  plan.hidden = false;
}
