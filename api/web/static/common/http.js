// Requests to the server; errors carry the server's problem+json. Who signed in is known by a cookie.

export class Problem extends Error {
  constructor({ title, detail, status, field }) {
    super(detail);
    Object.assign(this, { title, detail, status, field });
  }
}

export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The server does not answer", detail: "Is it running? Try again.", status: 0 });
  }
  if (response.ok) return response;
  const fallback = { title: response.statusText || "Error", detail: `The server answered ${response.status}.` };
  const problem = await response.json().catch(() => fallback);
  throw new Problem({ ...fallback, ...problem, status: response.status });
}

export const get = async (path, signal) => (await ask(path, { signal })).json();

export const post = async (path, body, signal) => {
  const options = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal };
  return (await ask(path, options)).json();
};

/** Show a picture of the server in the width that the screen needs, or one from elsewhere as it is. */
export function show(image, address, width) {
  if (address.startsWith("/v1/")) {
    image.srcset = `${address}?w=${width} 1x, ${address}?w=${width * 2} 2x`;
    image.src = `${address}?w=${width}`;
  } else image.src = address;
}
