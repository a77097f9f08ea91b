// Two comforts. Every page reads the same without them.
"use strict";

document.addEventListener("keydown", (event) => {
  const search = document.getElementById("q");
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (!search || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && document.activeElement === search) {
    search.blur();
  }
});

// A page that says data-refresh="15" is read again every 15 seconds, unless someone is reading it
// more closely: with the focus inside it, a reason opened, or words selected.
const refreshed = () => document.querySelector("main[data-refresh]");
if (refreshed()) {
  setInterval(async () => {
    const main = refreshed();
    const busy =
      document.hidden ||
      main.querySelector("details[open]") ||
      (document.activeElement !== main && main.contains(document.activeElement)) ||
      !document.getSelection().isCollapsed;
    if (busy) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main[data-refresh]");
      if (fresh) main.replaceWith(document.adoptNode(fresh));
    } catch {
      // The hub is not there just now; the next turn asks again.
    }
  }, 1000 * Number(refreshed().dataset.refresh || 15));
}
