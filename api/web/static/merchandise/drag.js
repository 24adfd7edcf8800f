// Dragging a card onto one of two places; a swipe far enough to one side counts as well.

const FAR = 110;

/**
 * @param {HTMLElement} card
 * @param {{no: HTMLElement, yes: HTMLElement}} zones
 * @param {(side: "yes"|"no") => void} dropped
 */
export function draggable(card, zones, dropped) {
  let from = null;

  const side = ({ clientX, clientY, pointerType }) => {
    for (const [name, zone] of Object.entries(zones)) {
      const box = zone.getBoundingClientRect();
      if (clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom) return name;
    }
    const along = clientX - from.x;
    if (pointerType === "touch" && Math.abs(along) > FAR) return along > 0 ? "yes" : "no";
    return null;
  };

  const light = (name) => {
    for (const [each, zone] of Object.entries(zones)) zone.classList.toggle("over", each === name);
  };

  const end = () => {
    from = null;
    card.classList.remove("held");
    card.style.transform = "";
    light(null);
  };

  card.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY };
    card.setPointerCapture(event.pointerId);
    card.classList.add("held");
  });
  card.addEventListener("pointermove", (event) => {
    if (!from) return;
    const along = event.clientX - from.x;
    const down = event.pointerType === "touch" ? 0 : event.clientY - from.y;
    card.style.transform = `translate(${along}px, ${down}px) rotate(${along / 40}deg)`;
    light(side(event));
  });
  card.addEventListener("pointerup", (event) => {
    if (!from) return;
    const where = side(event);
    end();
    if (where) dropped(where);
  });
  card.addEventListener("pointercancel", end);
  card.addEventListener("dragstart", (event) => event.preventDefault());
}
