// Keeps the open page up to date: the hub says which sections changed, and they are read again.
"use strict";

(() => {
  const main = () => document.getElementById("main");
  const sign = document.querySelector(".live");
  if (!main()?.dataset.marks || !window.EventSource) return;

  let stale = new Set();
  let reading = false;
  let last = 0;

  const tell = (state, words) => {
    if (!sign) return;
    sign.dataset.state = state;
    sign.querySelector(".live-words").textContent = words;
  };

  // Somebody works in this region: typing, or with words selected in it.
  const busy = (region) => {
    const at = document.activeElement;
    const typing = region.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
    const chosen = document.getSelection();
    const selecting = !chosen.isCollapsed && region.contains(chosen.anchorNode);
    return typing || selecting || region.querySelector("details.act[open]");
  };

  const place = (element, region) => {
    const all = [...region.querySelectorAll("a, button, summary")];
    return all.indexOf(element);
  };

  const swap = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML) return;
    const keys = new Set([...old.querySelectorAll("[data-key]")].map((e) => e.dataset.key));
    const open = [...old.querySelectorAll("details[open][id]")].map((e) => e.id);
    const focus = old.contains(document.activeElement) ? place(document.activeElement, old) : -1;
    old.replaceChildren(...document.adoptNode(fresh).childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focus >= 0) old.querySelectorAll("a, button, summary")[focus]?.focus({ preventScroll: true });
    if (!keys.size) return;
    for (const one of old.querySelectorAll("[data-key]"))
      if (!keys.has(one.dataset.key)) one.classList.add("fresh");
  };

  const read = async () => {
    if (reading || document.hidden || !stale.size) return;
    const wanted = stale;
    const wait = 400 - (Date.now() - last);
    if (wait > 0) return void setTimeout(read, wait);
    reading = true;
    stale = new Set();
    last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { "Tricord-Part": "main" } });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const region of document.querySelectorAll("[data-live]")) {
        const parts = region.dataset.live.split(" ").filter((part) => wanted.has(part));
        const fresh = page.getElementById(region.id);
        if (!parts.length || !fresh) continue;
        if (busy(region)) parts.forEach((part) => stale.add(part));
        else swap(region, fresh);
      }
      if (stale.size) setTimeout(read, 2000);
    } catch {
      wanted.forEach((part) => stale.add(part));
      setTimeout(read, 2000);
    } finally {
      reading = false;
    }
  };

  tell("waiting", "Connecting …");
  const source = new EventSource(`/live?since=${encodeURIComponent(main().dataset.marks)}`);
  source.addEventListener("open", () => tell("live", "Live"));
  source.addEventListener("change", (event) => {
    JSON.parse(event.data).forEach((part) => stale.add(part));
    read();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) tell("off", "Not live: load the page again");
    else tell("waiting", "Reconnecting …");
  });
  document.addEventListener("visibilitychange", read);
})();
