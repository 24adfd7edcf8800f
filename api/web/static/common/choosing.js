// A form that narrows a page: what is chosen takes effect at once, and is in the address.

import { refresh } from "./live.js";

export function choosing(form) {
  if (!form) return;
  const chosen = () => {
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(pairs).toString();
    return location.pathname + (query ? `?${query}` : "");
  };
  const go = () => {
    const address = chosen();
    if (address !== location.pathname + location.search) history.pushState(null, "", address);
    return refresh(address);
  };
  form.addEventListener("change", go);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  addEventListener("popstate", () => {
    const given = new URLSearchParams(location.search);
    for (const each of form.elements) {
      if (each.type === "checkbox") each.checked = given.get(each.name) === each.value;
      else if (each.name) each.value = given.get(each.name) ?? "";
    }
    refresh();
  });
}
