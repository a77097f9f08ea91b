// The keyboard: / searches everything, g and a letter goes to a page, ? tells what there is.
"use strict";

(() => {
  const PLACES = {
    t: ["Today", "/"], a: ["Accounts", "/accounts"], i: ["Invoices", "/invoices"],
    c: ["Cases", "/cases"], p: ["Identity", "/identity"], n: ["Connections", "/connections"],
    d: ["Deliveries", "/deliveries"], m: ["Commands", "/commands"], l: ["Audit log", "/audit"],
  };
  let going = 0;

  const made = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  };

  const dialog = (name, ...inside) => {
    const box = made("dialog", { class: name, "aria-label": name }, ...inside);
    box.addEventListener("close", () => box.remove());
    box.addEventListener("click", (event) => event.target === box && box.close());
    document.body.append(box);
    box.showModal();
    return box;
  };

  const search = () => {
    if (document.querySelector("dialog")) return;
    const input = made("input", {
      type: "text", maxlength: "200", autocomplete: "off", role: "combobox", "aria-expanded": "true",
      "aria-controls": "found", "aria-label": "Search everything",
      placeholder: "A name, e-mail address, invoice number, key or id",
    });
    const list = made("ul", { id: "found", role: "listbox" });
    const note = made("p", { class: "note" }, "↑ ↓ to choose, Enter to open, Esc to close");
    dialog("palette", input, list, note);
    input.focus();
    let asked = 0;
    let chosen = 0;

    const choose = (number) => {
      const rows = [...list.children];
      chosen = rows.length ? (number + rows.length) % rows.length : 0;
      rows.forEach((row, place) => row.setAttribute("aria-selected", place === chosen));
      rows[chosen]?.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", rows[chosen]?.id ?? "");
    };

    const show = ({ found, whole }) => {
      list.replaceChildren(...found.map((one, place) => {
        const link = made("a", { href: one.path, tabindex: "-1" },
          made("span", { class: "kind" }, one.kind),
          made("span", {}, made("span", { class: "title" }, one.title),
            made("span", { class: "meta" }, one.detail)));
        return made("li", { role: "option", id: `found-${place}` }, link);
      }));
      const nothing = input.value.trim() && !found.length;
      note.textContent = !whole ? "Names are still being read …"
        : nothing ? "Nothing is called so." : "↑ ↓ to choose, Enter to open, Esc to close";
      choose(0);
    };

    const ask = async () => {
      const number = ++asked;
      const wanted = input.value.trim();
      if (!wanted) return show({ found: [], whole: true });
      note.textContent = "Searching …";
      try {
        const answer = await fetch(`/search?q=${encodeURIComponent(wanted)}`,
          { headers: { Accept: "application/json" } });
        const told = await answer.json();
        if (number !== asked) return;
        show(told);
        if (!told.whole) setTimeout(() => number === asked && input.isConnected && ask(), 400);
      } catch {
        if (number === asked) note.textContent = "The hub does not answer; try again.";
      }
    };

    let typing = 0;
    input.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(ask, 90);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if (event.key === "Enter") {
        const link = list.children[chosen]?.querySelector("a");
        location.href = link ? link.href : `/search?q=${encodeURIComponent(input.value.trim())}`;
      } else return;
      event.preventDefault();
    });
  };

  const help = () => {
    const rows = [["/", "Search everything"], ["?", "These keys"], ["Esc", "Close"]];
    for (const [key, [name]] of Object.entries(PLACES)) rows.push([`g ${key}`, name]);
    const told = rows.map(([keys, words]) => made("div", {},
      made("dt", {}, ...keys.split(" ").map((key) => made("kbd", {}, key))), made("dd", {}, words)));
    dialog("keys", made("h2", {}, "Keys"), made("dl", {}, ...told));
  };

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going && PLACES[event.key]) {
      location.href = PLACES[event.key][1];
    } else if (event.key === "/") {
      event.preventDefault();
      search();
    } else if (event.key === "?") {
      help();
    }
    clearTimeout(going);
    going = event.key === "g" ? setTimeout(() => { going = 0; }, 1200) : 0;
  });

  for (const opener of document.querySelectorAll("[data-search], .side form.search")) {
    opener.addEventListener(opener.tagName === "FORM" ? "focusin" : "click", (event) => {
      event.preventDefault();
      document.activeElement.blur();
      search();
    });
  }
  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", () => form.submit());
  }
})();
