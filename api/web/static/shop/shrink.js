// A photo made ready for sending: upright, no larger than is looked at, in a format that the server reads.

const SIDE = 1600; // pixels; extractors look at a few hundred
const SMALL = 300_000; // bytes; a file of no more is sent as it is, if the server reads it
const QUALITY = 0.9;

/**
 * @param {File} file
 * @param {{limit: number, accepted: string[]}} server most bytes, and the types it reads
 * @returns {Promise<File>} the file itself where nothing has to be done, or where it cannot be read here
 */
export async function prepared(file, { limit, accepted }) {
  const isRead = accepted.includes(file.type);
  if (isRead && file.size <= Math.min(SMALL, limit)) return file;
  let picture;
  try {
    // What the camera noted about which way up is applied here, as it is lost with the file's other notes.
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file; // the server says what is wrong with it
  }
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  if (isRead && scale === 1 && file.size <= limit) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.fillStyle = "#fff"; // below what is transparent, as the server has it
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
}
