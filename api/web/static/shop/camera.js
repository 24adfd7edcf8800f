// A photo taken here: first words about what will be asked and why, then the browser's own question.

const REASONS = {
  NotAllowedError: "The camera was not allowed. You can allow it in your browser's settings for this page, or choose a photo instead.",
  NotFoundError: "No camera was found. You can choose a photo instead.",
  NotReadableError: "The camera is used by something else. Close that and try again, or choose a photo instead.",
};

/**
 * @param {{button: HTMLButtonElement, dialog: HTMLDialogElement, taken: (photo: File) => void}} parts
 */
export function listen({ button, dialog, taken }) {
  if (!navigator.mediaDevices?.getUserMedia) return; // not over plain http, except on this machine
  button.hidden = false;
  const part = (name) => dialog.querySelector(`[data-part="${name}"]`);
  const video = part("view");
  let stream = null;
  let isOpen = false;

  function stage(name, words = "") {
    dialog.dataset.stage = name;
    part("words").textContent = words;
    part("words").hidden = !words;
    for (const each of ["ask", "look"]) part(each).hidden = each !== name;
    video.hidden = name !== "look";
  }

  function close() {
    isOpen = false;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
  }

  button.addEventListener("click", () => {
    isOpen = true;
    stage("ask");
    dialog.showModal();
  });
  dialog.addEventListener("close", close);
  part("allow").addEventListener("click", async () => {
    try {
      const found = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1600 } },
      });
      if (!isOpen) {
        found.getTracks().forEach((track) => track.stop()); // closed while the browser asked
        return;
      }
      stream = found;
      video.srcObject = stream;
      await video.play();
      stage("look");
      part("take").focus();
    } catch (error) {
      if (isOpen) stage("ask", REASONS[error.name] ?? "The camera does not work here. You can choose a photo instead.");
    }
  });
  part("take").addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      dialog.close();
      if (blob) taken(new File([blob], "camera.jpg", { type: "image/jpeg" }));
    }, "image/jpeg", 0.92);
  });
  for (const each of dialog.querySelectorAll("[data-part=cancel]")) each.addEventListener("click", () => dialog.close());
}
