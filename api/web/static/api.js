// Requests to the server, with the API key where one is needed; errors carry the server's problem+json.

const KEY = "visual-search-key";

export class Problem extends Error {
  constructor({ title, detail, status, field }) {
    super(detail);
    Object.assign(this, { title, detail, status, field });
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
};

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  if (key.get()) headers.set("X-API-Key", key.get());
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The server does not answer", detail: "Is it running? Try again.", status: 0 });
  }
  if (response.ok) return response;
  const fallback = { title: response.statusText || "Error", detail: `The server answered ${response.status}.` };
  const problem = await response.json().catch(() => fallback);
  throw new Problem({ ...fallback, ...problem, status: response.status });
}

const post = (path, body, signal) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal });

export async function search(request, signal) {
  return (await post("/v1/search", request, signal)).json();
}

/** The things in a photo that is kept. */
export async function detect(id) {
  return (await post("/v1/detect", { upload_id: id })).json();
}

/** A list of products for each thing in a photo. */
export async function looks(request, signal) {
  return (await post("/v1/looks", request, signal)).json();
}

/** A step of looking around. */
export async function navigate(request, signal) {
  return (await post("/v1/navigation", request, signal)).json();
}

/** Completions of what is typed. */
export async function suggest(typed, signal) {
  return (await ask(`/v1/suggest?${new URLSearchParams({ q: typed })}`, { signal })).json();
}

/** Let the server keep a photo for a while; answers with its `upload_id`. */
export async function keep(photo) {
  const form = new FormData();
  form.append("image", photo, photo.name || "photo.jpg");
  return (await ask("/v1/images", { method: "POST", body: form })).json();
}

export const uploaded = (id) => `/v1/images/${encodeURIComponent(id)}`;

/** What there is to filter by; the range of prices is that of one currency, where there are several. */
export async function facets(currency = "") {
  return (await ask(`/v1/facets?${new URLSearchParams(currency ? { currency, field: "currency" } : {})}`)).json();
}

export async function product(id) {
  return (await ask(`/v1/products/${encodeURIComponent(id)}`)).json();
}

/** Show a picture: by its address, or fetched with the key, which an <img> cannot send. */
export function show(image, address, width) {
  if (!address.startsWith("/v1/")) {
    image.src = address;
    return;
  }
  if (key.get()) {
    ask(`${address}?w=${width * 2}`)
      .then((response) => response.blob())
      .then((blob) => {
        image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
        image.src = URL.createObjectURL(blob);
      })
      .catch(() => image.dispatchEvent(new Event("error")));
    return;
  }
  image.srcset = `${address}?w=${width} 1x, ${address}?w=${width * 2} 2x`;
  image.src = `${address}?w=${width}`;
}
