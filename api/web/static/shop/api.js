// What the shop asks the server for.

import { ask, get, post } from "../common/http.js";

export const search = (request, signal) => post("/v1/search", request, signal);

/** The things in a photo that is kept. */
export const detect = (id) => post("/v1/detect", { upload_id: id });

/** A list of products for each thing in a photo. */
export const looks = (request, signal) => post("/v1/looks", request, signal);

/** A step of looking around. */
export const navigate = (request, signal) => post("/v1/navigation", request, signal);

/** Completions of what is typed. */
export const suggest = (typed, signal) => get(`/v1/suggest?${new URLSearchParams({ q: typed })}`, signal);

/** Let the server keep a photo for a while; answers with its `upload_id`. */
export async function keep(photo) {
  const form = new FormData();
  form.append("image", photo, photo.name || "photo.jpg");
  return (await ask("/v1/images", { method: "POST", body: form })).json();
}

export const uploaded = (id) => `/v1/images/${encodeURIComponent(id)}`;

/** What there is to filter by; the range of prices is that of one currency, where there are several. */
export const facets = (currency = "") => get(`/v1/facets?${new URLSearchParams(currency ? { currency, field: "currency" } : {})}`);

export const product = (id) => get(`/v1/products/${encodeURIComponent(id)}`);
