// A photo to search by: chosen, dropped or pasted.

const SIDE = 2000;

/** @param {(photo: File) => void} chosen */
export function listen({ input, overlay, limit, chosen, refused }) {
  const take = async (file) => {
    if (!file) return;
    if (!file.type.startsWith("image/")) {
      refused(`${file.name || "That"} is not a picture.`);
      return;
    }
    chosen(await fitted(file, limit));
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
}

/** A photo over the upload limit is made smaller here; any other is sent as it is. */
async function fitted(file, limit) {
  if (file.size <= limit) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}
