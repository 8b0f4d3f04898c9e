/* The page in the browser: it asks `routes`, puts the HTML that comes where it belongs, and minds focus, keys, scrolling.
   Text from documents only ever arrives as escaped HTML from the server or goes through textContent. */
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  const parsed = (html) => document.createRange().createContextualFragment(html);

  // -- the server, told each time which conversation this window shows (c), or which answer a link opened (a)

  let here = { c: "", a: "" };
  const address = (path, query = {}) => {
    const url = new URL(`/page/${path.replace("{c}", here.c)}`, location.origin);
    for (const [name, value] of Object.entries({ ...here, ...query })) if (value !== "") url.searchParams.set(name, value);
    return url;
  };
  const call = async (path, { query, body, method = body ? "POST" : "GET", signal } = {}) => {
    const reply = await fetch(address(path, query), { method, body, signal }).catch((error) => {
      throw signal?.aborted ? error : new Error("The server cannot be reached; what stands here is kept. Try again.");
    });
    if (reply.ok) return reply;
    throw new Error((await reply.json().catch(() => ({}))).error ?? `The server answered ${reply.status}.`);
  };
  const get = async (path, query) => (await call(path, { query })).json();
  /* for each request a signal that ends the one before it */
  const newest = (last) => () => { last?.abort(); last = new AbortController(); return last.signal; };
  /* asks, and shows what each line of the reply says, where it was pressed */
  const work = async (from, path, given) => {
    const told = from?.closest(".acts, [data-tab]") ?? one("#talk");
    const reader = (await call(path, given)).body.pipeThrough(new TextDecoderStream()).getReader();
    for (let left = ""; ;) {
      const { done, value = "\n" } = await reader.read(), parts = (left + value).split("\n");
      left = parts.pop();
      for (const part of parts) if (part) show(told, JSON.parse(part));
      if (done) return;
    }
  };
  const show = (told, line) => {
    if (line.conversation && line.conversation !== here.c) go(`?c=${line.conversation}`);
    if (line.title !== undefined) document.title = line.title ? `${line.title} · qa` : "qa";
    if (line.step !== undefined) {
      const spot = place(told);
      if (!one(".going", spot)) tell(told, one("#going").content.cloneNode(true));
      one(".going button", spot).hidden = !line.conversation; // only a change of the documents can be taken back half-way
      one(".how", spot).textContent = line.step[0].toUpperCase() + line.step.slice(1) + (line.total ? ` ${line.done} of ${line.total}` : "");
    }
    fill(line.slots ?? {});
    for (const [name, html] of Object.entries(line.append ?? {})) {
      const slot = one(`[data-slot="${name}"]`);
      slot.insertAdjacentHTML("beforeend", html);
      held.set(name, slot.innerHTML);
    }
    if (line.turn !== undefined) grow(line);
    if (line.notice !== undefined) {
      tell(told, parsed(line.notice));
      one("button", place(told))?.focus({ preventScroll: true });
    }
    for (const thumb of line.rated ? all(".thumbs button", told) : []) thumb.ariaPressed = String(thumb.value === line.rated);
    if (line.gone && line.gone === here.c) { go(""); load(); }
  };

  // -- what stands where: slots are filled as soon as Gradio has put them there

  const held = new Map();
  const fill = (slots) => {
    const set = filters();
    for (const [name, html] of Object.entries(slots)) {
      held.set(name, html);
      for (const slot of all(`[data-slot="${name}"]`)) {
        const sheet = slot.contains(document.activeElement) && slot.closest("[popover]");
        slot.innerHTML = html;
        if (sheet) one("input", sheet).focus();
        one("dialog", slot)?.showModal();
      }
    }
    // what is set stays so when the sources change
    for (const input of "filters" in slots ? all("#filters input") : [])
      if (input.type === "checkbox") input.checked ||= set.getAll(input.name).includes(input.value);
      else input.value ||= set.get(input.name) ?? "";
    if ("table" in slots) { all("[data-find=table]").forEach(sift); look(); }
    // questions to begin with are found, and tried, while the page is already up
    if ("hello" in slots && !slots.turns) get("starters").then(fill, () => {});
  };
  const mount = (element) => {
    for (const slot of all("[data-slot]", element)) slot.innerHTML = held.get(slot.dataset.slot) ?? "";
    for (const code of all(".programs code", element))
      code.textContent = code.textContent.replaceAll("ORIGIN", location.origin).replace("QUESTION", "Who met whom, and where?");
    if (one("[data-slot=quality]", element)) get("quality").then(fill);
    if (one("[data-slot=glances]", element)) look();
    if (one("#turns", element)) load();
  };
  /* what came of a press, where it was pressed: under the answer, in the tab's own place, or beside the question */
  const place = (from) => one(".told", from?.closest(".acts, [data-tab]:not(#talk)") ?? one("#composer")) ?? one("#composer .told");
  const tell = (from, ...what) => {
    place(from).replaceChildren(...what);
    place(from).firstElementChild?.scrollIntoView({ block: "nearest", behavior: calm() });
  };
  const say = (from, words, more = {}) => tell(from, Object.assign(document.createElement("p"), { className: "notice", textContent: words, ...more }));
  const fail = (from, error) => error.name !== "AbortError" && say(from, error.message, { className: "notice error", role: "alert" });

  // -- light or dark: the reader's choice, else the system's

  const root = document.documentElement;
  root.lang ||= "en";
  try { root.dataset.theme = localStorage.getItem("qa-theme") ?? ""; } catch { /* nothing may be stored */ }
  const paint = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("qa-theme", root.dataset.theme); } catch { /* for this visit, then */ }
  };

  // -- the conversation: its place is in the address, so that reload and back find it

  const turns = () => one("#turns");
  const field = () => one("#question textarea");
  const filters = () => (field() ? new FormData(one("#question")) : null);
  const windows = new BroadcastChannel("qa");
  windows.onmessage = ({ data }) => { if (data === here.c && !document.body.classList.contains("asking")) load(); };
  const where = () => Object.fromEntries(["c", "a"].map((name) => [name, new URLSearchParams(location.search).get(name) ?? ""]));
  const go = (query, { replace = false, hash = "" } = {}) => {
    history[replace ? "replaceState" : "pushState"](null, "", `${location.pathname}${query}${hash && `#${hash}`}`);
    here = where();
  };
  const load = async () => {
    const mine = (here = where());
    let state;
    try { state = await get("state"); } catch (error) {
      fail(null, error);
      go("", { replace: true });
      state = await get("state").catch(() => null);
    }
    if (!state || (mine.c !== here.c && here.c)) return;
    one("#filters").replaceChildren();
    show(null, state);
    busy(state.running);
    if (state.tab) one(`[role=tab][data-tab-id=${state.tab}]`)?.click();
    if (state.running) work(null, "follow/{c}").finally(() => busy(false)).then(goOn);
    if (state.changing) work(null, "follow/{c}/documents").catch(load); // over meanwhile: as it is now
    if (location.hash) await restore(); else shut();
    goOn();
  };
  const busy = (on) => {
    document.body.classList.toggle("asking", on);
    one("#send").hidden = on;
    one("#stop").hidden = !on;
  };
  const grow = (line) => {
    const old = one(`#turn-${line.turn}`), html = parsed(line.html);
    if (old) old.replaceWith(html); else turns().append(html);
    const turn = one(`#turn-${line.turn}`);
    all(".turn", turns()).slice(line.turn + 1).forEach((later) => later.remove()); // they stay in the conversation before
    if (!old || one(".acts, .error", old)) { turn.scrollIntoView({ block: "start", behavior: calm() }); windows.postMessage(here.c); }
    const words = line.busy || one(".answer, .error, .stopped", turn)?.textContent.trim().slice(0, 400) || "";
    if (one("#live").textContent !== words) one("#live").textContent = words;
  };
  /* what the sources can answer next is tried first; it comes when it comes, and is not waited for once more is asked */
  const going = newest();
  const goOn = () => {
    const next = one(".turn:last-child .next", turns()), signal = going();
    if (next) work(null, `conversations/{c}/${next.closest(".turn").dataset.turn}/next`, { signal }).catch(() => {});
  };
  const ask = async (question, before = "") => {
    if (document.body.classList.contains("asking")) return say(null, "A question is being answered; stop it, or wait for it.");
    going();
    const body = filters();
    body.set("question", question);
    body.set("before", before);
    one("#composer .notice")?.remove(); // but not how far a change of the documents is
    busy(true);
    field().value = "";
    delete field().dataset.before;
    try {
      await work(null, "ask", { body });
      const last = one(".turn:last-child", turns());
      if (one(".stopped", last) && !one(".answer", last)) { field().value = question; field().focus(); }
    } catch (error) {
      if (!field().value) Object.assign(field(), { value: question }).dataset.before = before;
      fail(null, error);
    }
    busy(false);
    goOn();
  };

  // -- the card that a marker shows: who says so, and the words

  const card = Object.assign(document.createElement("div"), { id: "card", popover: "manual" });
  const hover = ({ type, target }) => {
    const marker = target.closest?.(".cite[aria-describedby]"), reference = marker && document.getElementById(marker.getAttribute("aria-describedby"));
    if (!card.contains(target)) card.hidePopover();
    if (!reference || (type === "focusin" && !marker.matches(":focus-visible"))) return;
    if (!card.isConnected) one("#talk").append(card);
    card.replaceChildren(...[...reference.childNodes].map((node) => node.cloneNode(true)));
    card.showPopover({ source: marker });
  };
  document.addEventListener("mouseover", hover);
  document.addEventListener("focusin", hover);

  // -- the reading pane

  let opener = null, at = "";
  const pane = () => one("#pane .pane");
  const read = async (place, { from = null, restored = false } = {}) => {
    if (from && !from.closest("#pane")) opener = from;
    at = place;
    card.hidePopover();
    let got;
    try { got = await get("read", { at }); } catch (error) { return fail(from, error); }
    if (at !== place) return;
    const first = !pane();
    fill({ pane: got.html });
    document.body.classList.add("reading");
    for (const m of all(".cite")) m.classList.toggle("is-open", m.dataset.read === place);
    pane().focus({ preventScroll: true });
    const text = one("#pane .text"), focus = one("#focus");
    if (focus) text.scrollTop += focus.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
    if (!restored) go(location.search, { replace: !first, hash: encodeURIComponent(place) });
  };
  const restore = () => read(decodeURIComponent(location.hash.slice(1)), { restored: true });
  const shut = () => {
    at = "";
    fill({ pane: "" });
    document.body.classList.remove("reading");
    all(".cite.is-open").forEach((m) => m.classList.remove("is-open"));
    if (opener?.isConnected) opener.focus();
    opener = null;
  };
  const close = () => { if (pane()) { shut(); go(location.search, { replace: true }); } };
  addEventListener("popstate", () => {
    const now = where();
    if (now.c !== here.c || now.a !== here.a) load();
    else if (location.hash) restore();
    else shut();
  });

  // -- documents: dropped anywhere, they go the way of the form; a later look at them takes the place of an earlier one --

  const dropped = (event) => event.dataTransfer?.types.includes("Files") && one("[data-files]");
  addEventListener("dragover", (event) => { if (dropped(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    if (!dropped(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    const body = new FormData();
    for (const file of event.dataTransfer.files) body.append("files", file);
    send(all("[data-tab]").find((tab) => tab.offsetParent), "documents", { body });
  });
  const looking = newest();
  const look = (query) => {
    const slot = one("[data-slot=glances]");
    return slot && send(slot, "overview", { query, signal: looking() });
  };

  // -- what is pressed

  const send = (from, path, given) => work(from, path, given).catch((error) => fail(from, error));
  const copy = (from, text, words) => navigator.clipboard.writeText(text).then(() => say(from, words), () => say(from, text));
  const asked = (turn) => one(".asked h2", turn).textContent;
  const list = async () => fill((await get("conversations", { find: one("[data-find=conversations]").value })).slots);
  const doings = {
    theme: paint,
    close,
    filters: (button) => button.setAttribute("aria-expanded", String(one("#filters").classList.toggle("open"))),
    new: () => { go(""); load().then(() => field().focus()); },
    edit: (_, turn) => {
      Object.assign(field(), { value: asked(turn) }).dataset.before = turn.dataset.turn;
      field().focus();
    },
    retry: (_, turn) => ask(asked(turn), turn.dataset.turn),
    copy: (button) => copy(button, button.dataset.text, "Copied"),
    link: async (button, turn) => {
      const { link } = await (await call(turn ? `conversations/{c}/${turn.dataset.turn}/link` : "check/link", { method: "POST" })).json();
      copy(button, new URL(link, location.origin + location.pathname).href, "Link copied");
    },
    export: (button, turn) => location.assign(address("conversations/{c}/export", { form: button.dataset.format, turn: turn?.dataset.turn ?? "" })),
    report: () => location.assign(address("check/report")),
    print: (_, turn) => { turn.classList.add("to-print"); window.print(); turn.classList.remove("to-print"); },
    more: async (button) => {
      const text = one("#pane .text"), height = text.scrollHeight, before = button.dataset.edge.startsWith("before");
      button.parentElement.outerHTML = (await get(`text?${button.dataset.edge}`, { at })).html;
      if (before) text.scrollTop += text.scrollHeight - height;
    },
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-read], [data-do], [data-ask], .talks a");
    if (!button || button.disabled || event.ctrlKey || event.metaKey) return;
    const { read: wanted, ask: question, do: name } = button.dataset;
    if (wanted) read(wanted, { from: button });
    else if (question) { one("[role=tab][data-tab-id=ask]")?.click(); ask(question); }
    else if (name) Promise.resolve(doings[name](button, button.closest(".turn"))).catch((error) => fail(button, error));
    else { event.preventDefault(); one("#history").hidePopover(); go(button.search); load(); }
    button.closest(".items")?.hidePopover();
  });
  /* a form, or the button in it, says where it goes; what comes back says what to show */
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    const { target: form, submitter } = event, body = new FormData(form, submitter);
    const told = form.closest(".acts, [data-tab]"), pressed = submitter ?? form; // the form itself may be gone by then
    const set = (name) => submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name), path = set("action");
    form.closest("dialog")?.close();
    if (form.popover) form.hidePopover();
    if (form.matches(".once")) form.remove();
    if (path === "ask") ask(body.get("question"), field().dataset.before);
    else if (path === "overview") look(Object.fromEntries(body));
    else if (path && !pressed.ariaBusy) { // not disabled: that would lose the focus
      pressed.ariaBusy = "true";
      send(told, path, set("method") === "post" ? { body } : { query: Object.fromEntries(body) }).then(() => { pressed.ariaBusy = null; });
    }
  }, true);

  const sift = (input) => {
    const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const row of all("tbody tr", input.closest(".sources"))) row.hidden = !words.every((word) => row.textContent.toLocaleLowerCase().includes(word));
  };
  let finding = 0;
  document.addEventListener("input", ({ target }) => {
    if (target === field()) one("#composer .error")?.remove();
    if (target.dataset?.find === "table") sift(target);
    if (target.dataset?.find === "conversations") { clearTimeout(finding); finding = setTimeout(list, 200); }
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-files]") || !target.files.length) return;
    target.form.requestSubmit();
    target.value = "";
  });
  document.addEventListener("toggle", ({ target, newState }) => { if (target.id === "history" && newState === "open") list(); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("#question textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Escape") {
      if (one("#card:popover-open")) card.hidePopover();
      else if (!one("[popover=auto]:popover-open, dialog[open]")) close(); // what lies open above the page is shut by the browser
    } else if (event.target.closest?.("#pane") && !event.altKey && !event.ctrlKey && !event.metaKey)
      one(`#pane [data-key=${CSS.escape(event.key)}]:not(:disabled)`)?.click();
  });

  window.qa = { mount };
  dispatchEvent(new Event("qa"));
})();
