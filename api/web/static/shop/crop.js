// The part of the photo that is meant: a box that is drawn, moved and resized by mouse, finger or keyboard.

const LEAST = 0.06; // of the photo's side
const STEP = 0.02;
const SETTLED = 450; // ms without a key before it is searched
const WHOLE = [0, 0, 1, 1];
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const isWhole = (box) => box[2] > 0.985 && box[3] > 0.985;

/**
 * Corners' handles say in `data-corner` which sides they move: "tl", "tr", "bl", "br".
 * @param {{stage: HTMLElement, frame: HTMLElement, handles: HTMLElement[], status: HTMLElement,
 *   changed: (box: number[] | null) => void}} parts
 * @returns {(box: number[] | null) => void} shows a box, null for the whole photo
 */
export function listen({ stage, frame, handles, status, changed }) {
  let box = WHOLE;
  let timer = 0;

  function draw(next) {
    box = next;
    const [x, y, w, h] = box.map((each) => `${each * 100}%`);
    for (const [name, text] of Object.entries({ "--x": x, "--y": y, "--w": w, "--h": h })) stage.style.setProperty(name, text);
    stage.classList.toggle("whole", isWhole(box));
  }

  function settle(wait) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      status.textContent = words(box);
      changed(isWhole(box) ? null : box);
    }, wait);
  }

  /** Where in the photo a pointer is, 0 to 1. */
  function place({ clientX, clientY }) {
    const { left, top, width, height } = stage.getBoundingClientRect();
    return [clamp((clientX - left) / width, 0, 1), clamp((clientY - top) / height, 0, 1)];
  }

  /** Follow a pointer until it is let go; `shape` makes the box of where it began and where it is. */
  function follow(event, shape) {
    event.preventDefault();
    const began = place(event);
    const before = box;
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    const move = (each) => draw(shape(before, began, place(each)));
    const end = (each) => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
      if (each.type === "pointercancel" || box[2] < LEAST || box[3] < LEAST) draw(before);
      if (box !== before) settle(0);
    };
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
  }

  const drawn = (_, [x0, y0], [x1, y1]) => [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  // With a mouse a new box is drawn beside the one there is; a finger there scrolls the page.
  stage.addEventListener("pointerdown", (event) => {
    if (event.target !== stage.firstElementChild || event.pointerType === "touch" || event.button) return;
    follow(event, drawn);
  });
  frame.addEventListener("pointerdown", (event) => {
    if (event.button || (isWhole(box) && event.pointerType === "touch")) return;
    frame.focus({ preventScroll: true });
    follow(event, isWhole(box) ? drawn : (before, from, to) => moved(before, to[0] - from[0], to[1] - from[1]));
  });
  for (const handle of handles) {
    const { corner } = handle.dataset;
    handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      handle.focus({ preventScroll: true });
      follow(event, (before, from, to) => resized(before, corner, to[0] - from[0], to[1] - from[1]));
    });
    handle.addEventListener("keydown", (event) => byKey(event, (dx, dy) => resized(box, corner, dx, dy)));
  }
  frame.addEventListener("keydown", (event) =>
    byKey(event, (dx, dy) => (event.shiftKey ? resized(box, "br", dx, dy) : moved(box, dx, dy))),
  );

  function byKey(event, shape) {
    if (event.key === "Escape" && !isWhole(box)) {
      event.preventDefault();
      draw(WHOLE);
      settle(0);
    }
    const direction = KEYS[event.key];
    if (!direction || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    draw(shape(direction[0] * STEP, direction[1] * STEP));
    settle(SETTLED);
  }

  return (next) => {
    clearTimeout(timer);
    draw(next ?? WHOLE);
  };
}

function moved([x, y, w, h], dx, dy) {
  return [clamp(x + dx, 0, 1 - w), clamp(y + dy, 0, 1 - h), w, h];
}

function resized([x, y, w, h], corner, dx, dy) {
  let [left, top, right, bottom] = [x, y, x + w, y + h];
  if (corner.includes("l")) left = clamp(left + dx, 0, right - LEAST);
  else right = clamp(right + dx, left + LEAST, 1);
  if (corner.includes("t")) top = clamp(top + dy, 0, bottom - LEAST);
  else bottom = clamp(bottom + dy, top + LEAST, 1);
  return [left, top, right - left, bottom - top];
}

export function words(box) {
  if (isWhole(box)) return "The whole photo is searched.";
  const [x, y, w, h] = box.map((each) => Math.round(each * 100));
  return `The part searched is ${w} % wide and ${h} % high, ${x} % from the left and ${y} % from the top.`;
}
