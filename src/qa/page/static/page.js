/* The page in the browser: it asks `routes`, puts the HTML that comes where it belongs, and minds focus, keys, scrolling.
   Text from documents only ever arrives as escaped HTML from the server or goes through textContent. */
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

  // -- the server ------------------------------------------------------------------------------------------

  /* the conversation this window shows (c), or the answer that a link opened (a) */
  let here = { c: "", a: "" };
  const address = (path, query = {}) => {
    const url = new URL(`/page/${path}`, location.origin);
    for (const [name, value] of Object.entries(query)) if (value !== "") url.searchParams.set(name, value);
    return url;
  };
  const call = async (path, { query, json, body = json && JSON.stringify(json), method = body ? "POST" : "GET", signal } = {}) => {
    const headers = json ? { "Content-Type": "application/json" } : {};
    const reply = await fetch(address(path, query), { method, headers, signal, body }).catch((error) => {
      throw signal?.aborted ? error : new Error("The server cannot be reached; what stands here is kept. Try again.");
    });
    if (reply.ok) return reply;
    throw new Error((await reply.json().catch(() => ({}))).error ?? `The server answered ${reply.status}.`);
  };
  const get = async (path, query) => (await call(path, { query })).json();
  const post = (path) => call(path, { method: "POST" });
  const lines = async (reply, then) => {
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let left = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (left + value).split("\n");
      left = parts.pop();
      for (const part of parts) if (part) then(JSON.parse(part));
    }
  };

  // -- what stands where: slots are filled as soon as Gradio has put them there --------------------------------

  const held = new Map();
  const fill = (slots) => {
    const chosen = walls();
    for (const [name, html] of Object.entries(slots)) {
      held.set(name, html);
      for (const slot of all(`[data-slot="${name}"]`)) slot.innerHTML = html;
    }
    if ("filters" in slots) choose(chosen);
    if ("table" in slots) { all("[data-find=table]").forEach(sift); glance(); }
    // questions to begin with are found, and tried, while the page is already up
    if ("hello" in slots && !slots.turns) get("starters", here).then(fill, () => {});
  };
  const mount = (element) => {
    for (const slot of all("[data-slot]", element)) slot.innerHTML = held.get(slot.dataset.slot) ?? "";
    for (const code of all(".programs code", element))
      code.textContent = code.textContent.replaceAll("ORIGIN", location.origin).replace("QUESTION", "Who met whom, and where?");
    if (one("[data-slot=quality]", element)) get("quality").then(fill);
    if (one("[data-slot=glances]", element)) glance();
    if (one("#turns", element)) load();
  };
  /* what came of a press, where it was pressed: in the tab's own place, or beside the question */
  const place = (from) => one(".told", from?.closest?.("[data-tab]") ?? one("#composer")) ?? one("#composer .told");
  const tell = (from, ...what) => {
    place(from).replaceChildren(...what);
    place(from).firstElementChild?.scrollIntoView({ block: "nearest", behavior: calm() });
  };
  const parsed = (html) => document.createRange().createContextualFragment(html);
  const fail = (from, error) =>
    tell(from, Object.assign(document.createElement("p"), { className: "notice error", role: "alert", textContent: error.message }));

  // -- light or dark: the reader's choice, else the system's -----------------------------------------------------

  const root = document.documentElement;
  root.lang ||= "en";
  try { root.dataset.theme = localStorage.getItem("qa-theme") ?? ""; } catch { /* nothing may be stored */ }
  const paint = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("qa-theme", root.dataset.theme); } catch { /* for this visit, then */ }
  };

  // -- the conversation: its place is in the address, so that reload and back find it -------------------------------

  const turns = () => one("#turns");
  const field = () => one("#question textarea");
  const windows = new BroadcastChannel("qa");
  windows.onmessage = ({ data }) => { if (data === here.c && !document.body.classList.contains("asking")) load(); };
  const where = () => Object.fromEntries(["c", "a"].map((name) => [name, new URLSearchParams(location.search).get(name) ?? ""]));
  const go = (query, { replace = false, hash = "" } = {}) => {
    history[replace ? "replaceState" : "pushState"](null, "", `${location.pathname}${query}${hash && `#${hash}`}`);
    here = where();
  };
  const titled = (title) => { document.title = title ? `${title} · qa` : "qa"; };
  const load = async () => {
    const mine = (here = where());
    let state;
    try { state = await get("state", mine); } catch (error) {
      fail(null, error);
      state = await get("state").catch(() => null);
      go("", { replace: true });
    }
    if (!state || (mine.c !== here.c && here.c)) return;
    fill(state.slots);
    choose(state.walls);
    titled(state.title);
    busy(state.running);
    if (state.tab) one(`[role=tab][data-tab-id=${state.tab}]`)?.click();
    if (state.running) lines(await call(`follow/${here.c}`), grow).finally(() => busy(false)).then(goOn);
    if (state.changing) follow(null, await call(`follow/${here.c}/documents`));
    if (location.hash) await restore(); else shut();
    goOn();
  };
  const busy = (on) => {
    document.body.classList.toggle("asking", on);
    one("#send").hidden = on;
    one("#stop").hidden = !on;
  };
  const grow = (line) => {
    if (line.conversation !== here.c) go(`?c=${line.conversation}`);
    titled(line.title);
    const old = one(`#turn-${line.turn}`), html = parsed(line.html);
    if (old) old.replaceWith(html); else turns().append(html);
    const turn = one(`#turn-${line.turn}`);
    if (!old) { turn.scrollIntoView({ block: "start", behavior: calm() }); windows.postMessage(here.c); }
    const words = line.busy || one(".answer, .error, .stopped", turn)?.textContent.trim().slice(0, 400) || "";
    if (one("#live").textContent !== words) one("#live").textContent = words;
  };
  /* what the sources can answer next is tried first; it comes when it comes */
  const goOn = async () => {
    const turn = one(".turn:last-child", turns()), slot = turn && one(".next", turn);
    if (slot) slot.innerHTML = (await get(`conversations/${here.c}/${turn.dataset.turn}/next`).catch(() => ({ html: "" }))).html;
  };
  const ask = async (question, before = null) => {
    if (document.body.classList.contains("asking")) return;
    tell(null);
    busy(true);
    field().value = "";
    try {
      const reply = await call("ask", { json: { conversation: here.c, question, before, walls: walls() } });
      if (before !== null) all(".turn", turns()).slice(before).forEach((turn) => turn.remove());
      if (here.a) turns().replaceChildren();
      await lines(reply, grow);
      const last = one(".turn:last-child", turns());
      if (one(".stopped", last) && !one(".answer", last)) { field().value = question; field().focus(); }
    } catch (error) {
      field().value ||= question;
      fail(null, error);
    }
    busy(false);
    goOn();
  };

  // -- filters: the form itself, of which only what is set is shown while it is shut ---------------------------------

  const several = ["sources", "publishers", "kinds", "languages"], dates = ["since", "until"];
  const walls = () => {
    if (!one("#filters")) return {};
    const data = new FormData(one("#filters"));
    return Object.fromEntries([...several.map((name) => [name, data.getAll(name)]), ...dates.map((name) => [name, data.get(name) ?? ""])]);
  };
  const choose = (given) => {
    for (const input of one("#filters")?.elements ?? []) {
      if (input.type === "checkbox") input.checked = (given[input.name] ?? []).includes(input.value);
      else if (dates.includes(input.name)) input.value = given[input.name] ?? "";
    }
  };

  // -- the card that a marker shows: who says so, and the words ------------------------------------------------------

  const card = Object.assign(document.createElement("div"), { id: "card", popover: "manual" });
  let hiding = 0;
  const hide = (wait = 120) => { clearTimeout(hiding); hiding = setTimeout(() => card.isConnected && card.hidePopover(), wait); };
  const show = (marker) => {
    const reference = document.getElementById(marker.getAttribute("aria-describedby"));
    if (!reference) return;
    clearTimeout(hiding);
    if (!card.isConnected) one(".gradio-container").append(card);
    card.replaceChildren(...[...reference.childNodes].map((node) => node.cloneNode(true)));
    card.hidePopover();
    card.showPopover({ source: marker });
  };
  const marker = (event) => event.target.closest?.(".cite[aria-describedby]");
  document.addEventListener("mouseover", (e) => { if (marker(e)) show(marker(e)); else if (card.contains(e.target)) clearTimeout(hiding); });
  document.addEventListener("mouseout", (e) => { if (marker(e) || card.contains(e.target)) hide(); });
  document.addEventListener("focusin", (e) => { if (marker(e)?.matches(":focus-visible")) show(marker(e)); });
  document.addEventListener("focusout", (e) => { if (marker(e)) hide(0); });

  // -- the reading pane ------------------------------------------------------------------------------------------------

  let opener = null, at = "";
  const pane = () => one("#pane .pane");
  const read = async (place, { from = null, restored = false } = {}) => {
    if (from && !from.closest("#pane")) opener = from;
    at = place;
    hide(0);
    let got;
    try { got = await get("read", { at: place, ...here }); } catch (error) { return fail(from, error); }
    if (at !== place) return;
    const first = !pane();
    fill({ pane: got.html });
    document.body.classList.add("reading");
    for (const m of all(".cite")) m.classList.toggle("is-open", m.dataset.read === place);
    for (const link of all("[data-file]", pane())) link.href = address(`file/${encodeURIComponent(link.dataset.file)}`, { c: here.c });
    for (const picture of all("[data-picture]", pane())) picture.src = address("picture", { at: place, ...here });
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
  const more = async (button) => {
    const before = button.dataset.more === "before", edge = Number(button.dataset.edge);
    const text = one("#pane .text"), height = text.scrollHeight;
    const { html, first, last } = await get("text", { at, ...here, first: before ? Math.max(0, edge - 12000) : edge, last: before ? edge : edge + 12000 });
    button.parentElement.insertAdjacentHTML(before ? "afterend" : "beforebegin", html);
    if (before) text.scrollTop += text.scrollHeight - height;
    if (before ? first === 0 : last < edge + 12000) button.parentElement.remove();
    else { button.dataset.edge = before ? first : last; button.textContent = `Show what stands ${button.dataset.more} this`; }
  };
  addEventListener("popstate", () => {
    const now = where();
    if (now.c !== here.c || now.a !== here.a) load();
    else if (location.hash) restore();
    else shut();
  });

  // -- documents ----------------------------------------------------------------------------------------------------

  const follow = (from, reply) =>
    lines(reply, (line) => {
      if (line.conversation && line.conversation !== here.c) go(`?c=${line.conversation}`);
      if (line.step !== undefined) {
        if (!one(".going", place(from))) tell(from, one("#going").content.cloneNode(true));
        one(".how", place(from)).textContent = line.step[0].toUpperCase() + line.step.slice(1) + (line.total ? ` ${line.done} of ${line.total}` : "");
      }
      fill(line.slots ?? {});
      for (const [name, html] of Object.entries(line.append ?? {})) {
        const slot = one(`[data-slot="${name}"]`);
        slot.insertAdjacentHTML("beforeend", html);
        held.set(name, slot.innerHTML);
      }
      if (line.notice) {
        tell(from, parsed(line.notice));
        one("button", place(from))?.focus({ preventScroll: true });
      }
    });
  const work = async (from, path, given, button) => {
    const told = from?.closest?.("[data-tab]") ?? one("#talk");
    if (button) button.disabled = true;
    try { await follow(told, await call(path, given)); if (button) tell(told); } catch (error) { fail(told, error); }
    if (button) button.disabled = false;
  };
  const add = (from, files, url = "") => {
    const body = new FormData();
    for (const file of files) body.append("files", file);
    body.append("address", url);
    body.append("c", here.c);
    return work(from, "documents", { body });
  };
  const change = (from, given) => work(from, "documents/change", { json: { ...given, conversation: here.c } });
  const dropped = (event) => event.dataTransfer?.types.includes("Files") && one("[data-form=add]");
  addEventListener("dragover", (event) => { if (dropped(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    if (!dropped(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    add(all("[data-tab]").find((tab) => tab.offsetParent), event.dataTransfer.files);
  });
  /* what the sources are about, as it is found; a later look takes the place of an earlier one */
  let looking = null;
  const glance = async (query = {}) => {
    const slot = one("[data-slot=glances]");
    if (!slot) return;
    looking?.abort();
    const { signal } = (looking = new AbortController());
    if (!query.first) fill({ glances: '<p class="busy"><span class="pulse" aria-hidden="true"></span>Reading the sources</p>' });
    try { await follow(slot, await call("overview", { query: { c: here.c, ...query }, signal })); }
    catch (error) { if (!signal.aborted) { fill({ glances: "" }); fail(slot, error); } }
  };

  // -- what is pressed ---------------------------------------------------------------------------------------------

  const thank = (turn, words) => { one(".thanks", turn).textContent = words; };
  const copy = (turn, text, words) => navigator.clipboard.writeText(text).then(() => thank(turn, words), () => thank(turn, text));
  const rate = async (turn, verdict, given = {}) => {
    try { await call(`conversations/${here.c}/${turn.dataset.turn}/opinion`, { json: { verdict, ...given } }); }
    catch (error) { return thank(turn, error.message); }
    for (const name of ["up", "down"]) one(`[data-do=${name}]`, turn).setAttribute("aria-pressed", String(name === verdict));
    if (one(".why", turn).contains(document.activeElement)) one("[data-do=down]", turn).focus();
    one(".why", turn).hidden = true;
    thank(turn, "Noted, thank you");
  };
  const list = async () => fill({ conversations: (await get("conversations", { find: one("[data-find=conversations]").value })).html });
  const doings = {
    theme: paint,
    close,
    filters: (button) => button.setAttribute("aria-expanded", String(one("#filters").classList.toggle("open"))),
    new: () => { go(""); load().then(() => field().focus()); },
    stop: () => post(`stop/${here.c}`),
    cancel: () => post(`stop/${here.c}/documents`),
    edit: (_, turn) => {
      Object.assign(field(), { value: one(".asked h2", turn).textContent }).dataset.before = turn.dataset.turn;
      field().focus();
    },
    retry: (_, turn) => ask(one(".asked h2", turn).textContent, Number(turn.dataset.turn)),
    copy: (button, turn) => copy(turn, button.dataset.text, "Copied"),
    link: async (_, turn) => {
      const { link } = await (await post(`conversations/${here.c}/${turn.dataset.turn}/link`)).json();
      copy(turn, new URL(link, location.origin + location.pathname).href, "Link copied");
    },
    export: (button, turn) => location.assign(address(`conversations/${here.c}/export`, { form: button.dataset.format, turn: turn?.dataset.turn ?? "" })),
    report: () => location.assign(address(`check/${here.c}/report`)),
    print: (_, turn) => { turn.classList.add("to-print"); window.print(); turn.classList.remove("to-print"); },
    up: (_, turn) => rate(turn, "up"),
    down: (_, turn) => { const form = one(".why", turn); form.hidden = !form.hidden; one("input", form).focus(); },
    measure: (button) => work(button, "quality", { method: "POST" }, button),
    glance: (button) => { button.parentElement.remove(); glance({ first: button.dataset.first }); },
    correct: async (button) => {
      one("#correcting").innerHTML = (await get(`documents/${encodeURIComponent(button.dataset.id)}/correct`, { c: here.c })).html;
      one("#correcting input").focus();
    },
    leave: (button) => {
      const { id } = button.form.dataset;
      one("#correcting").replaceChildren();
      all("[data-do=correct]").find((other) => other.dataset.id === id)?.focus();
    },
    rename: (button) => { const form = one("form", button.closest("li")); form.hidden = !form.hidden; one("input", form).select(); },
    delete: async (button) => {
      if (!button.dataset.sure) { button.dataset.sure = "yes"; button.textContent = "Delete for good?"; return; }
      const { conversation } = button.closest("li").dataset;
      await call(`conversations/${conversation}`, { method: "DELETE" });
      if (conversation === here.c) { go(""); load(); }
      await list();
      one("[data-find=conversations]").focus();
    },
  };
  const forms = {
    ask: ({ elements: { question } }) => {
      const { before } = question.dataset;
      delete question.dataset.before;
      ask(question.value, before === undefined ? null : Number(before));
    },
    add: (form) => add(form, [], form.elements.address.value),
    topic: (form) => glance({ topic: form.elements.topic.value }),
    find: async (form) => fill({ found: (await get("find", { words: form.elements.words.value, c: here.c })).html }),
    correct: (form) => {
      const fields = Object.fromEntries(new FormData(form));
      one("#correcting").replaceChildren();
      change(one("#shelf"), { do: "describe", id: form.dataset.id, fields });
    },
    check: (form) => {
      const body = new FormData(form);
      body.append("c", here.c);
      return work(form, "check", { body }, one("button.primary", form));
    },
    rename: async (form) => {
      await call(`conversations/${form.closest("li").dataset.conversation}`, { method: "PATCH", json: { title: form.elements.title.value } });
      await list();
    },
    why: (form) => rate(form.closest(".turn"), "down", { reason: one("input:checked", form).value, note: one("textarea", form).value }),
  };
  const tried = (from, work) => Promise.resolve(work).catch((error) => fail(from, error));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-read], [data-do], [data-ask], [data-change], [data-more], [data-go]");
    if (!button || button.disabled || event.ctrlKey || event.metaKey) return;
    const set = button.dataset;
    if (set.read) read(set.read, { from: button });
    else if (set.ask) { one("[role=tab][data-tab-id=ask]")?.click(); ask(set.ask); }
    else if (set.change) change(button, JSON.parse(set.change));
    else if (set.more) tried(button, more(button));
    else if (set.go) { event.preventDefault(); one("#history").hidePopover(); go(set.go); load(); }
    else { tried(button, doings[set.do]?.(button, button.closest(".turn"))); button.closest(".items")?.hidePopover(); }
  });
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    tried(event.target, forms[event.target.dataset.form]?.(event.target));
  }, true);

  const sift = (input) => {
    const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const row of all("tbody tr", input.closest(".sources"))) row.hidden = !words.every((word) => row.textContent.toLocaleLowerCase().includes(word));
  };
  let finding = 0;
  document.addEventListener("input", ({ target }) => {
    if (target.dataset?.find === "table") sift(target);
    if (target.dataset?.find === "conversations") { clearTimeout(finding); finding = setTimeout(list, 200); }
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-files]") || !target.files.length) return;
    add(target, target.files);
    target.value = "";
  });
  document.addEventListener("toggle", ({ target, newState }) => { if (target.id === "history" && newState === "open") list(); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("#question textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Escape") {
      if (one("#card:popover-open")) hide(0);
      else if (!one("[popover=auto]:popover-open")) close(); // what lies open above the page is shut by the browser
    } else if (event.target.closest?.("#pane") && !event.altKey && !event.ctrlKey && !event.metaKey)
      one(`#pane [data-key=${CSS.escape(event.key)}]:not(:disabled)`)?.click();
  });

  window.qa = { mount };
  dispatchEvent(new Event("qa"));
})();
