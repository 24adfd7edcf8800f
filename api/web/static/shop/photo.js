// A photo to search by: chosen, dropped or pasted.

import { prepared } from "./shrink.js";

/**
 * @param {{input: HTMLInputElement, overlay: HTMLElement, limit: number, chosen: (photo: Promise<File>) => void,
 *   refused: (why: string) => void}} parts
 * @returns {(file: File) => void} takes a photo that came another way
 */
export function listen({ input, overlay, limit, chosen, refused }) {
  const server = { limit, accepted: input.accept.split(",") };
  const take = (file) => {
    if (!file) return;
    if (file.type.startsWith("image/")) chosen(prepared(file, server));
    else refused(`${file.name || "That"} is not a picture.`);
  };

  input.addEventListener("change", () => {
    take(input.files[0]);
    input.value = "";
  });

  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    take(file);
  });

  // dragenter and dragleave fire for every element on the way: count them.
  let depth = 0;
  const leave = () => {
    depth = 0;
    overlay.hidden = true;
  };
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    overlay.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    if (depth <= 0) leave();
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    leave();
    take(event.dataTransfer.files[0]);
  });
  return take;
}
