// Drawn signs; each goes with words, for those who do not see it.

const PATHS = {
  heart: "M12 20.3 4.6 13a4.9 4.9 0 0 1 6.9-6.9l.5.5.5-.5a4.9 4.9 0 0 1 6.9 6.9Z",
  not: "M6 6l12 12M18 6 6 18",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { viewBox: "0 0 24 24", width: "20", height: "20", "aria-hidden": "true", focusable: "false" };
  for (const [key, text] of Object.entries(attributes)) svg.setAttribute(key, text);
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
