// Names, numbers and elements as readers see them.

const numbers = new Intl.NumberFormat();

export const number = (value) => numbers.format(value);

export function label(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function value(text) {
  const known = { true: "Yes", false: "No" };
  return known[text.toLowerCase()] ?? text;
}

export function price(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return [numbers.format(amount), currency].filter(Boolean).join(" ");
  }
}

export function duration(milliseconds) {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** An element with properties and children; text is always set as text. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Only web addresses become links: a catalogue could say `javascript:`. */
export function webAddress(text) {
  try {
    const { protocol, href } = new URL(text);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
