/* What the page does without asking the server: cards on hover, keys, scrolling, links, copies, downloads.
   Text from documents only ever arrives as escaped HTML from the server or goes through textContent. */
(() => {
  "use strict";

  const root = document.documentElement;
  let send = () => {};
  let opener = null;

  // -- theme: the reader's choice, else the system's ---------------------------------------------------

  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private mode */ } };
  const wanted = () => stored("qa-theme")
    ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const paint = () => document.body?.classList.toggle("dark", wanted() === "dark");

  // -- the card that a marker shows ---------------------------------------------------------------------

  const card = document.createElement("div");
  card.id = "card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  let hiding = 0;

  const show = (marker) => {
    const reference = document.getElementById(marker.dataset.card);
    if (!reference) return;
    clearTimeout(hiding);
    if (!card.isConnected) document.querySelector(".gradio-container").append(card);
    card.replaceChildren(...[...reference.childNodes].map((node) => node.cloneNode(true)));
    card.hidden = false;
    marker.setAttribute("aria-describedby", "card");
    const box = marker.getBoundingClientRect();
    const width = card.offsetWidth, height = card.offsetHeight, gap = 8;
    const left = Math.min(Math.max(gap, box.left + box.width / 2 - width / 2), innerWidth - width - gap);
    // below, so that the sentence it belongs to stays in view; above where the composer or the window ends
    const floor = document.getElementById("composer")?.getBoundingClientRect().top ?? innerHeight;
    const below = box.bottom + gap, above = box.top - height - gap;
    const fits = below + height < Math.max(floor, box.bottom) || above < gap;
    card.style.left = `${left}px`;
    card.style.top = `${Math.min(fits ? below : above, innerHeight - height - gap)}px`;
  };
  const hide = (wait = 120) => {
    clearTimeout(hiding);
    hiding = setTimeout(() => {
      card.hidden = true;
      document.querySelector("[aria-describedby='card']")?.removeAttribute("aria-describedby");
    }, wait);
  };
  const marker = (event) => event.target.closest?.(".cite");

  document.addEventListener("mouseover", (e) => { const m = marker(e); if (m) show(m); });
  document.addEventListener("mouseout", (e) => { if (marker(e)) hide(); });
  document.addEventListener("focusin", (e) => { const m = marker(e); if (m?.matches(":focus-visible")) show(m); });
  document.addEventListener("focusout", (e) => { if (marker(e)) hide(0); });
  card.addEventListener("mouseenter", () => clearTimeout(hiding));
  card.addEventListener("mouseleave", () => hide());
  addEventListener("scroll", () => { if (!card.hidden) hide(0); }, { passive: true, capture: true });

  // -- the reading pane -----------------------------------------------------------------------------------

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pane = () => document.querySelector("#pane .pane");

  const opened = () => {
    const open = pane();
    document.body.classList.toggle("reading", Boolean(open));
    if (!open) return;
    const text = open.querySelector(".text");
    const focus = open.querySelector("#focus");
    if (focus) {
      const place = focus.getBoundingClientRect().top - text.getBoundingClientRect().top + text.scrollTop;
      text.scrollTo({ top: Math.max(0, place - text.clientHeight / 3), behavior: calm() ? "auto" : "smooth" });
    }
    open.focus({ preventScroll: true });
  };
  const close = () => {
    send("shut", {});
    document.body.classList.remove("reading");
    if (opener?.isConnected) opener.focus();
  };

  // -- links -------------------------------------------------------------------------------------------------

  const chosen = () => [...document.querySelectorAll("[data-unfilter]")].map((e) => JSON.parse(e.dataset.unfilter));
  const singular = { sources: "source", publishers: "publisher", kinds: "kind", languages: "language" };
  const link = (question) => {
    const url = new URL(location.pathname, location.origin);
    if (question) url.searchParams.set("q", question);
    for (const { name, value } of chosen()) url.searchParams.append(singular[name] ?? name, value);
    return url.href;
  };
  const questionOf = (turn) => turn.querySelector(".asked h2").textContent;

  const thank = (turn, words) => {
    const place = turn.querySelector(".thanks");
    place.textContent = words;
    setTimeout(() => { if (place.textContent === words) place.textContent = ""; }, 4000);
  };

  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed: the old way */ }
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };

  const download = (file) => {
    if (!file) return;
    const url = URL.createObjectURL(new Blob([file.text], { type: file.media }));
    Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };

  const print = (turn) => {
    const folded = [...document.querySelectorAll(".references:not([open])")];
    folded.forEach((d) => { d.open = true; });
    turn?.classList.add("to-print");
    document.body.classList.add("printing");
    window.print();
    document.body.classList.remove("printing");
    turn?.classList.remove("to-print");
    folded.forEach((d) => { d.open = false; });
  };

  const menu = (button, open) => {
    button.setAttribute("aria-expanded", String(open));
    button.nextElementSibling.hidden = !open;
    if (open) button.nextElementSibling.querySelector("button").focus();
  };
  const shutMenus = (but) => document.querySelectorAll("[data-do=menu][aria-expanded=true]")
    .forEach((button) => { if (button !== but) menu(button, false); });

  // -- what a button does -----------------------------------------------------------------------------------

  const doings = {
    theme: () => { store("qa-theme", wanted() === "dark" ? "light" : "dark"); paint(); },
    close,
    filters: (button) => {
      const filters = document.getElementById("filters");
      const open = filters.classList.toggle("is-open");
      button.setAttribute("aria-expanded", String(open));
      if (open) filters.scrollIntoView({ block: "nearest" });
    },
    edit: (button, turn) => send("edit", { turn: Number(turn.dataset.turn) }),
    retry: (button, turn) => send("ask", { turn: Number(turn.dataset.turn) }),
    copy: async (button, turn) => thank(turn, (await copy(button.dataset.text)) ? "Copied" : "Copying is not allowed here"),
    link: async (button, turn) => thank(turn, (await copy(link(questionOf(turn)))) ? "Link copied" : "Copying is not allowed here"),
    menu: (button) => { shutMenus(button); menu(button, button.getAttribute("aria-expanded") !== "true"); },
    export: (button, turn) => {
      shutMenus();
      send("export", { turn: Number(turn.dataset.turn), format: button.dataset.format });
    },
    print: (button, turn) => { shutMenus(); print(turn); },
    up: (button, turn) => rate(turn, "up", { reason: "", note: "" }),
    down: (button, turn) => { const form = turn.querySelector(".why"); form.hidden = !form.hidden; form.querySelector("input")?.focus(); },
  };
  let rated = null;
  const rate = (turn, verdict, { reason, note }) => {
    rated = { id: turn.id, verdict };
    send("feedback", { turn: Number(turn.dataset.turn), verdict, reason, note });
    const form = turn.querySelector(".why");
    if (form.contains(document.activeElement)) turn.querySelector("[data-do=down]").focus();
    form.hidden = true;
  };
  const noted = () => {
    const turn = document.getElementById(rated?.id);
    if (!turn) return;
    for (const name of ["up", "down"])
      turn.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(name === rated.verdict));
    thank(turn, "Noted, thank you");
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-read], [data-do], [data-ask], [data-unfilter], [data-manage]");
    if (!button?.closest("[data-do=menu], .items")) shutMenus();
    if (!button || button.disabled) return;
    const { read, ask, unfilter, manage } = button.dataset;
    if (read) {
      if (!button.closest("#pane")) opener = button;
      document.querySelectorAll(".cite.is-open").forEach((m) => m.classList.remove("is-open"));
      [...document.querySelectorAll(".cite")].filter((m) => m.dataset.read === read).forEach((m) => m.classList.add("is-open"));
      hide(0);
      send("read", JSON.parse(read));
    } else if (ask) send("ask", { question: ask });
    else if (unfilter) send("unfilter", JSON.parse(unfilter));
    else if (manage) { managing = manage; button.blur(); send("manage", JSON.parse(manage)); }
    else doings[button.dataset.do]?.(button, button.closest(".turn"));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(".why");
    if (!form) return;
    event.preventDefault();
    rate(form.closest(".turn"), "down", {
      reason: form.querySelector("input:checked")?.value ?? "other",
      note: form.querySelector("textarea").value,
    });
  }, true);

  const sift = (field) => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const row of field.closest(".sources").querySelectorAll("tbody tr")) {
      const text = row.textContent.toLocaleLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };
  document.addEventListener("input", (event) => {
    const field = event.target.closest?.("[data-find]");
    if (field) sift(field);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!card.hidden) { hide(0); return; }
      const open = document.querySelector("[data-do=menu][aria-expanded=true]");
      if (open) { menu(open, false); open.focus(); return; }
      if (pane()) close();
      return;
    }
    const items = event.target.closest?.(".items");
    if (items && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const all = [...items.querySelectorAll("button")];
      all.at((all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)) % all.length).focus();
      return;
    }
    if (event.target.closest?.("#pane") && !event.altKey && !event.ctrlKey && !event.metaKey)
      document.querySelector(`#pane [data-key=${CSS.escape(event.key)}]:not(:disabled)`)?.click();
  });

  // -- while an answer comes in -------------------------------------------------------------------------------

  const say = (words) => {
    const live = document.getElementById("live");
    if (live && live.textContent !== words) live.textContent = words;
  };
  let followed = "";

  const changed = (element) => {
    const turn = element.querySelector(".turn");
    if (!turn) return;
    const busy = turn.querySelector(".busy");
    const told = turn.querySelector(".answer"), else_ = busy ?? turn.querySelector(".error, .stopped");
    say(told && !busy ? `Answer: ${told.textContent.trim().slice(0, 400)}` : else_?.textContent.trim() ?? "");
    if (followed !== turn.id && busy) {
      followed = turn.id;
      turn.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
      history.replaceState(null, "", link(questionOf(turn)));
    }
    if (!busy) followed = "";
  };

  const follow = (element, then) =>
    new MutationObserver(() => then(element)).observe(element, { childList: true, subtree: true });

  // back to what opened the fields that are now gone
  let managing = "";
  const left = () => setTimeout(() => {
    [...document.querySelectorAll("[data-manage]")].find((button) => button.dataset.manage === managing)?.focus();
  });

  // what was pressed is gone from the table: go on at what came of it
  const managed = () => setTimeout(() => {
    if (document.activeElement !== document.body) return;
    const seen = (selector) => [...document.querySelectorAll(selector)].find((e) => e.offsetParent);
    const next = seen("#correcting input") ?? seen(".notice button");
    next?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    next?.focus({ preventScroll: true });
  });

  window.qa = {
    managed,
    left,
    noted,
    connect: (trigger) => { send = trigger; },
    turn: (element) => follow(element, changed),
    table: (element) => follow(element, () => element.querySelectorAll("[data-find]").forEach(sift)),
    pane: (element) => {
      let last = null;
      follow(element, () => { const now = pane(); if (now !== last) { last = now; opened(); } });
    },
    download,
  };
  dispatchEvent(new Event("qa"));

  const start = () => {
    paint();
    root.lang = root.lang || "en";
    new MutationObserver(() => { if (document.body.classList.contains("dark") !== (wanted() === "dark")) paint(); })
      .observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };
  if (document.body) start(); else addEventListener("DOMContentLoaded", start);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
