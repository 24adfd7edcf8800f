// Photos of this visit: the server keeps each for a while; what is still here can be sent again.

import * as api from "./api.js";
import * as http from "../common/http.js";

const sent = new Map(); // by upload id: {file, address}

/** Let the server keep a photo; its id. */
export async function send(file) {
  const { upload_id: id } = await api.keep(file);
  sent.set(id, { file, address: URL.createObjectURL(file) });
  return id;
}

/** The id that a photo has now, or "" where it is no longer here to be sent again. */
export async function again(id) {
  const known = sent.get(id);
  return known ? send(known.file) : "";
}

/** Show a photo that is kept: as it is here, or as the server has it. */
export function show(image, id, width) {
  const here = sent.get(id)?.address;
  if (here) {
    image.removeAttribute("srcset");
    image.src = here;
  } else http.show(image, api.uploaded(id), width);
}
