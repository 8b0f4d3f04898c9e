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
  const call = async (path, { query, json, method = json ? "POST" : "GET", body, signal } = {}) => {
    const headers = json ? { "Content-Type": "application/json" } : {};
    const reply = await fetch(address(path, query), { method, headers, signal, body: json ? JSON.stringify(json) : body })
      .catch(() => { throw new Error("The server cannot be reached; what stands here is kept. Try again."); });
    if (reply.ok) return reply;
    throw new Error((await reply.json().catch(() => ({}))).error ?? `The server answered ${reply.status}.`);
  };
  const get = async (path, query) => (await call(path, { query })).json();
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
  const save = (url) => Object.assign(document.createElement("a"), { href: url, download: "" }).click();

  // -- what stands where: slots are filled as soon as Gradio has put them there --------------------------------

  const held = new Map();
  const fill = (slots) => {
    const chosen = walls();
    for (const [name, html] of Object.entries(slots)) {
      held.set(name, html);
      for (const slot of all(`[data-slot="${name}"]`)) slot.innerHTML = html;
    }
    if ("filters" in slots) choose(chosen);
    if ("table" in slots) glance();
    all("[data-find=table]").forEach(sift);
  };
  const mount = (element) => {
    for (const slot of all("[data-slot]", element)) slot.innerHTML = held.get(slot.dataset.slot) ?? "";
    for (const code of all(".programs code", element))
      code.textContent = code.textContent.replaceAll("ORIGIN", location.origin).replace("QUESTION", "Who met whom, and where?");
    if (one("[data-slot=quality]", element)) get("quality").then(({ html }) => fill({ quality: html }));
    if (one("[data-slot=glances]", element)) glance();
    if (one("#turns", element)) load();
  };

  const say = (words) => { const live = one("#live"); if (live && live.textContent !== words) live.textContent = words; };
  /* what came of a press, where it was pressed: in the tab's own place, or beside the question */
  const place = (from) => one(".told", from?.closest?.("[data-tab]") ?? one("#composer")) ?? one("#composer .told");
  const tell = (from, html) => {
    place(from).innerHTML = html;
    place(from).firstElementChild?.scrollIntoView({ block: "nearest", behavior: calm() });
  };
  const fail = (from, error) => {
    const notice = Object.assign(document.createElement("div"), { className: "notice error", role: "alert", textContent: error.message });
    tell(from, "");
    place(from).append(notice);
    notice.scrollIntoView({ block: "nearest", behavior: calm() });
  };

  // -- theme: the reader's choice, else the system's ---------------------------------------------------------

  const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private mode */ } };
  const wanted = () => stored("qa-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const paint = () => document.body?.classList.toggle("dark", wanted() === "dark");

  // -- the conversation ----------------------------------------------------------------------------------------

  const turns = () => one("#turns");
  const titled = (title) => { document.title = title ? `${title} · qa` : "qa"; };
  const go = (query, { replace = false, hash = "" } = {}) => {
    const url = new URL(location.pathname, location.origin);
    url.search = query;
    url.hash = hash;
    history[replace ? "replaceState" : "pushState"](null, "", url);
    here = { c: url.searchParams.get("c") ?? "", a: url.searchParams.get("a") ?? "" };
  };

  const load = async () => {
    const asked = new URLSearchParams(location.search);
    here = { c: asked.get("c") ?? "", a: asked.get("a") ?? "" };
    const mine = { ...here };
    let state;
    try { state = await get("state", here); } catch (error) { fail(null, error); state = await get("state").catch(() => null); go("", { replace: true }); }
    if (!state || (mine.c !== here.c && here.c)) return;
    fill(state.slots);
    choose(state.walls);
    titled(state.title);
    busy(state.running);
    if (state.tab) one(`[role=tab][data-tab-id=${state.tab}]`)?.click();
    if (state.running) lines(await call(`follow/${here.c}`), grow).finally(() => busy(false));
    if (state.changing) follow(null, await call(`follow/${here.c}/documents`));
    if (location.hash) await restore(); else shut();
    suggest();
    goOn();
  };
  /* questions to begin with are found while the page is already up */
  const suggest = async (tries = 20) => {
    if (!tries || one(".turn") || one(".starters") || !one(".welcome")) return;
    await new Promise((done) => setTimeout(done, 1500));
    if (one(".turn") || one(".adding input:focus")) return suggest(tries - 1);
    const { slots } = await get("state", here).catch(() => ({ slots: null }));
    if (slots?.hello.includes("starters")) fill({ hello: slots.hello });
    else suggest(tries - 1);
  };

  const busy = (on) => {
    document.body.classList.toggle("asking", on);
    one("#send").hidden = on;
    one("#stop").hidden = !on;
  };
  const grow = (line) => {
    if (line.conversation !== here.c) go(`?c=${line.conversation}`);
    titled(line.title);
    const html = document.createRange().createContextualFragment(line.html);
    const old = one(`#turn-${line.turn}`);
    if (old) old.replaceWith(html); else turns().append(html);
    const turn = one(`#turn-${line.turn}`);
    if (!old) turn.scrollIntoView({ block: "start", behavior: calm() });
    const answer = one(".answer", turn), other = one(".error, .stopped", turn);
    say(line.busy || (answer ? `Answer: ${answer.textContent.trim().slice(0, 400)}` : other?.textContent.trim() ?? ""));
  };
  /* what the sources can answer next is tried first; it comes when it comes */
  const goOn = async () => {
    const turn = one(".turn:last-child", turns()), slot = turn && one(".next", turn);
    if (slot) slot.innerHTML = (await get(`conversations/${here.c}/${turn.dataset.turn}/next`).catch(() => ({ html: "" }))).html;
  };
  const ask = async (question, before = null) => {
    if (document.body.classList.contains("asking")) return;
    const field = one("#question textarea");
    tell(null, "");
    busy(true);
    field.value = "";
    try {
      const reply = await call("ask", { json: { conversation: here.c, question, before, walls: walls() } });
      if (before !== null) all(".turn", turns()).slice(before).forEach((turn) => turn.remove());
      if (here.a) turns().replaceChildren();
      await lines(reply, grow);
      const last = one(".turn:last-child", turns());
      if (one(".stopped", last) && !one(".answer", last)) { field.value = question; field.focus(); }
    } catch (error) {
      if (!field.value) field.value = question;
      fail(null, error);
    }
    busy(false);
    goOn();
  };

  // -- filters -----------------------------------------------------------------------------------------------------

  const several = ["sources", "publishers", "kinds", "languages"], dates = ["since", "until"];
  const walls = () => {
    const form = one("#filters");
    if (!form) return {};
    const data = new FormData(form);
    return Object.fromEntries([...several.map((name) => [name, data.getAll(name)]), ...dates.map((name) => [name, data.get(name) ?? ""])]);
  };
  const choose = (given) => {
    for (const field of one("#filters")?.elements ?? []) {
      if (field.type === "checkbox") field.checked = (given[field.name] ?? []).includes(field.value);
      else if (dates.includes(field.name)) field.value = given[field.name] ?? "";
    }
    chips();
  };
  const chips = () => {
    const set = [...one("#filters").elements].filter((field) => (field.type === "checkbox" ? field.checked : field.value?.trim()));
    one("#chips").hidden = !set.length;
    one("#chips").replaceChildren(...set.map((field) => {
      const words = field.type === "checkbox" ? field.parentElement.textContent.trim() : `${field.name === "since" ? "from" : "until"} ${field.value.trim()}`;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: `${words} ✕` });
      button.setAttribute("aria-label", `Remove the filter ${words}`);
      button.addEventListener("click", () => {
        if (field.type === "checkbox") field.checked = false; else field.value = "";
        chips();
        one("#chips button, [data-do=filters]")?.focus();
      });
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
  };

  // -- the card that a marker shows -----------------------------------------------------------------------------

  const card = Object.assign(document.createElement("div"), { id: "card", hidden: true });
  card.setAttribute("role", "tooltip");
  let hiding = 0;
  const show = (marker) => {
    const reference = document.getElementById(marker.dataset.card);
    if (!reference) return;
    clearTimeout(hiding);
    if (!card.isConnected) one(".gradio-container").append(card);
    card.replaceChildren(...[...reference.childNodes].map((node) => node.cloneNode(true)));
    card.hidden = false;
    marker.setAttribute("aria-describedby", "card");
    const box = marker.getBoundingClientRect(), gap = 8;
    // below, so that the sentence it belongs to stays in view; above where the composer or the window ends
    const floor = one("#composer")?.getBoundingClientRect().top ?? innerHeight;
    const below = box.bottom + gap, above = box.top - card.offsetHeight - gap;
    const fits = below + card.offsetHeight < Math.max(floor, box.bottom) || above < gap;
    card.style.left = `${Math.min(Math.max(gap, box.left + (box.width - card.offsetWidth) / 2), innerWidth - card.offsetWidth - gap)}px`;
    card.style.top = `${Math.min(fits ? below : above, innerHeight - card.offsetHeight - gap)}px`;
  };
  const hide = (wait = 120) => {
    clearTimeout(hiding);
    hiding = setTimeout(() => { card.hidden = true; one("[aria-describedby=card]")?.removeAttribute("aria-describedby"); }, wait);
  };
  const marker = (event) => event.target.closest?.(".cite");
  document.addEventListener("mouseover", (e) => { const m = marker(e); if (m) show(m); });
  document.addEventListener("mouseout", (e) => { if (marker(e)) hide(); });
  document.addEventListener("focusin", (e) => { const m = marker(e); if (m?.matches(":focus-visible")) show(m); });
  document.addEventListener("focusout", (e) => { if (marker(e)) hide(0); });
  card.addEventListener("mouseenter", () => clearTimeout(hiding));
  card.addEventListener("mouseleave", () => hide());
  addEventListener("scroll", () => { if (!card.hidden) hide(0); }, { passive: true, capture: true });

  // -- the reading pane: its place is in the address, so that reload and back find it ------------------------------

  let opener = null, at = "";
  const pane = () => one("#pane .pane");
  const look = () => {
    const text = one("#pane .text"), focus = one("#focus");
    if (text && focus) text.scrollTop += focus.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
  };
  const read = async (place, { from = null, restored = false } = {}) => {
    if (from && !from.closest("#pane")) opener = from;
    at = place;
    hide(0);
    let html;
    try { ({ html } = await get("read", { at: place, ...here })); } catch (error) { return fail(from, error); }
    if (at !== place) return;
    const first = !pane();
    fill({ pane: html });
    document.body.classList.add("reading");
    for (const m of all(".cite")) m.classList.toggle("is-open", m.dataset.read === place);
    for (const link of all("[data-file]", pane())) link.href = address(`file/${encodeURIComponent(link.dataset.file)}`, { c: here.c });
    const picture = one("[data-picture]", pane());
    one(".original", pane())?.addEventListener("toggle", () => { picture.src = address("picture", { at: place, ...here }); }, { once: true });
    pane().focus({ preventScroll: true });
    look();
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
    const edge = Number(button.dataset.edge), before = button.dataset.more === "before";
    const text = one("#pane .text"), height = text.scrollHeight;
    const { html, first, last } = await get("text", { at, ...here, first: before ? Math.max(0, edge - 12000) : edge, last: before ? edge : edge + 12000 });
    button.parentElement.insertAdjacentHTML(before ? "afterend" : "beforebegin", html);
    if (before) text.scrollTop += text.scrollHeight - height;
    const over = before ? first === 0 : last < edge + 12000;
    if (over) button.parentElement.remove();
    else { button.dataset.edge = before ? first : last; button.textContent = before ? "Show what stands before this" : "Show what stands after this"; }
  };
  addEventListener("popstate", () => {
    const asked = new URLSearchParams(location.search);
    if ((asked.get("c") ?? "") !== here.c || (asked.get("a") ?? "") !== here.a) load();
    else if (location.hash) restore();
    else shut();
  });

  /* what the sources are about, as it is found; a later look takes the place of an earlier one */
  let looking = null;
  const glance = async (query = {}) => {
    const slot = one("[data-slot=glances]");
    if (!slot) return;
    looking?.abort();
    const look = (looking = new AbortController());
    if (!query.first) fill({ glances: '<p class="busy"><span class="pulse" aria-hidden="true"></span>Reading the sources</p>' });
    try { await follow(slot, await call("overview", { query: { c: here.c, ...query }, signal: look.signal })); }
    catch (error) { if (!look.signal.aborted) { fill({ glances: "" }); fail(slot, error); } }
  };

  // -- documents ----------------------------------------------------------------------------------------------------

  const follow = async (from, reply) => {
    await lines(reply, (line) => {
      if (line.conversation && line.conversation !== here.c) go(`?c=${line.conversation}`);
      if (line.step !== undefined) {
        if (!one(".told .going", place(from).parentElement)) {
          tell(from, '<p class="going busy" role="status"><span class="pulse" aria-hidden="true"></span><span class="how"></span> <button type="button" class="link" data-do="cancel">Cancel</button></p>');
        }
        const far = line.total ? ` ${line.done} of ${line.total}` : "";
        one(".how", place(from)).textContent = `${line.step[0].toUpperCase()}${line.step.slice(1)}${far}`;
      }
      if (line.slots) fill(line.slots);
      for (const [name, html] of Object.entries(line.append ?? {})) {
        const slot = one(`[data-slot="${name}"]`);
        slot.insertAdjacentHTML("beforeend", html);
        held.set(name, slot.innerHTML);
      }
      if (line.notice) {
        tell(from, line.notice);
        one("button", place(from))?.focus({ preventScroll: true });
      }
    });
    suggest();
  };
  const changing = async (from, path, given) => {
    const told = from?.closest?.("[data-tab]") ?? one("#talk");
    try { await follow(told, await call(path, given)); } catch (error) { fail(told, error); }
  };
  const add = (from, files, url = "") => {
    const body = new FormData();
    for (const file of files) body.append("files", file);
    body.append("address", url);
    body.append("c", here.c);
    return changing(from, "documents", { method: "POST", body });
  };
  const change = (from, given) => changing(from, "documents/change", { json: { ...given, conversation: here.c } });
  const inside = (event) => event.dataTransfer?.types.includes("Files") && one("[data-form=add]");
  addEventListener("dragover", (event) => { if (inside(event)) { event.preventDefault(); document.body.classList.add("dropping"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    if (!inside(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    add(all("[data-tab]").find((tab) => tab.offsetParent), event.dataTransfer.files);
  });

  // -- with an answer ---------------------------------------------------------------------------------------------

  const thank = (turn, words) => {
    const where = one(".thanks", turn);
    where.textContent = words;
    setTimeout(() => { if (where.textContent === words) where.textContent = ""; }, 4000);
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
  const copied = async (turn, text, words) => thank(turn, (await copy(text)) ? words : "Copying is not allowed here");
  const print = (turn) => {
    const folded = all(".references:not([open])");
    folded.forEach((d) => { d.open = true; });
    turn.classList.add("to-print");
    document.body.classList.add("printing");
    window.print();
    document.body.classList.remove("printing");
    turn.classList.remove("to-print");
    folded.forEach((d) => { d.open = false; });
  };
  const rate = async (turn, verdict, given = {}) => {
    try { await call(`conversations/${here.c}/${turn.dataset.turn}/opinion`, { json: { verdict, ...given } }); } catch (error) { return thank(turn, error.message); }
    for (const name of ["up", "down"]) one(`[data-do=${name}]`, turn).setAttribute("aria-pressed", String(name === verdict));
    const form = one(".why", turn);
    if (form.contains(document.activeElement)) one("[data-do=down]", turn).focus();
    form.hidden = true;
    thank(turn, "Noted, thank you");
  };
  const menu = (button, open) => {
    button.setAttribute("aria-expanded", String(open));
    button.nextElementSibling.hidden = !open;
    if (open) one("button", button.nextElementSibling).focus();
  };
  const shutMenus = (but) => all("[data-do=menu][aria-expanded=true]").forEach((button) => { if (button !== but) menu(button, false); });
  const list = async (find = one("[data-find=conversations]").value) => fill({ conversations: (await get("conversations", { find })).html });
  const measure = async (button) => {
    button.disabled = true;
    try { await follow(button, await call("quality", { method: "POST" })); tell(button, ""); } catch (error) { fail(button, error); }
    button.disabled = false;
  };

  // -- what is pressed ---------------------------------------------------------------------------------------------

  const doings = {
    theme: () => { store("qa-theme", wanted() === "dark" ? "light" : "dark"); paint(); },
    close,
    filters: (button) => {
      const filters = one("#filters");
      filters.hidden = !filters.hidden;
      button.setAttribute("aria-expanded", String(!filters.hidden));
      if (!filters.hidden) filters.scrollIntoView({ block: "nearest" });
    },
    new: () => { go(""); load().then(() => one("#question textarea").focus()); },
    stop: () => call(`stop/${here.c}`, { method: "POST" }).catch((error) => fail(null, error)),
    cancel: () => call(`stop/${here.c}/documents`, { method: "POST" }).catch((error) => fail(null, error)),
    edit: (button, turn) => {
      const field = one("#question textarea");
      field.value = one(".asked h2", turn).textContent;
      field.dataset.before = turn.dataset.turn;
      field.focus();
    },
    retry: (button, turn) => ask(one(".asked h2", turn).textContent, Number(turn.dataset.turn)),
    copy: (button, turn) => copied(turn, button.dataset.text, "Copied"),
    link: async (button, turn) => {
      const { link } = await (await call(`conversations/${here.c}/${turn.dataset.turn}/link`, { method: "POST" })).json();
      copied(turn, new URL(link, location.origin + location.pathname).href, "Link copied");
    },
    menu: (button) => { shutMenus(button); menu(button, button.getAttribute("aria-expanded") !== "true"); },
    export: (button, turn) => { shutMenus(); save(address(`conversations/${here.c}/export`, { form: button.dataset.format, turn: turn?.dataset.turn ?? "" })); },
    report: () => save(address(`check/${here.c}/report`)),
    print: (button, turn) => { shutMenus(); print(turn); },
    up: (button, turn) => rate(turn, "up"),
    down: (button, turn) => { const form = one(".why", turn); form.hidden = !form.hidden; one("input", form)?.focus(); },
    measure,
    glance: (button) => { button.parentElement.remove(); glance({ first: button.dataset.first }); },
    correct: async (button) => {
      const { html } = await get(`documents/${encodeURIComponent(button.dataset.id)}/correct`, { c: here.c });
      one("#correcting").innerHTML = html;
      one("#correcting input").focus();
    },
    leave: () => {
      const { id } = one("#correcting form").dataset;
      one("#correcting").replaceChildren();
      all("[data-do=correct]").find((button) => button.dataset.id === id)?.focus();
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

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-read], [data-do], [data-ask], [data-change], [data-more], [data-go]");
    if (!button?.closest("[data-do=menu], .items")) shutMenus();
    if (!button || button.disabled || event.ctrlKey || event.metaKey) return;
    const set = button.dataset;
    if (set.read) read(set.read, { from: button });
    else if (set.ask) { one("[role=tab][data-tab-id=ask]")?.click(); ask(set.ask); }
    else if (set.change) change(button, JSON.parse(set.change));
    else if (set.more) more(button);
    else if (set.go) { event.preventDefault(); one("#history").hidePopover(); go(set.go); load(); }
    else doings[set.do]?.(button, button.closest(".turn"));
  });

  const forms = {
    ask: (form) => {
      const field = form.elements.question, question = field.value, { before } = field.dataset;
      delete field.dataset.before;
      ask(question, before === undefined ? null : Number(before));
    },
    add: (form) => add(form, [], form.elements.address.value),
    topic: (form) => glance({ topic: form.elements.topic.value }),
    find: async (form) => fill({ found: (await get("find", { words: form.elements.words.value, c: here.c })).html }),
    correct: (form) => {
      const fields = Object.fromEntries(new FormData(form));
      one("#correcting").replaceChildren();
      change(one("#shelf"), { do: "describe", id: form.dataset.id, fields });
    },
    check: async (form) => {
      const body = new FormData(form);
      body.append("c", here.c);
      const button = one("button.primary", form);
      button.disabled = true;
      try { await follow(form, await call("check", { method: "POST", body })); tell(form, ""); } catch (error) { fail(form, error); }
      button.disabled = false;
    },
    rename: async (form) => {
      await call(`conversations/${form.closest("li").dataset.conversation}`, { method: "PATCH", json: { title: form.elements.title.value } });
      await list();
    },
  };
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    if (form.matches(".why")) {
      const reason = one("input:checked", form)?.value ?? "other";
      rate(form.closest(".turn"), "down", { reason, note: one("textarea", form).value });
    } else Promise.resolve(forms[form.dataset.form]?.(form)).catch((error) => fail(form, error));
  }, true);

  const sift = (field) => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const row of all("tbody tr", field.closest(".sources"))) {
      const text = row.textContent.toLocaleLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };
  let finding = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.dataset?.find === "table") sift(field);
    if (field.dataset?.find === "conversations") { clearTimeout(finding); finding = setTimeout(list, 200); }
    if (field.closest?.("#filters")) chips();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-files]") || !field.files.length) return;
    add(field, field.files);
    field.value = "";
  });
  document.addEventListener("toggle", (event) => { if (event.target.id === "history" && event.newState === "open") list(); }, true);

  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("#question textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") {
      if (one("#history:popover-open")) return; // the browser shuts it
      const open = one("[data-do=menu][aria-expanded=true]");
      if (!card.hidden) hide(0);
      else if (open) { menu(open, false); open.focus(); }
      else close();
      return;
    }
    const items = event.target.closest?.(".items");
    if (items && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const buttons = all("button", items);
      buttons.at((buttons.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)) % buttons.length).focus();
      return;
    }
    if (event.target.closest?.("#pane") && !event.altKey && !event.ctrlKey && !event.metaKey)
      one(`#pane [data-key=${CSS.escape(event.key)}]:not(:disabled)`)?.click();
  });

  window.qa = { mount };
  dispatchEvent(new Event("qa"));
  const start = () => {
    paint();
    document.documentElement.lang ||= "en";
    new MutationObserver(() => { if (document.body.classList.contains("dark") !== (wanted() === "dark")) paint(); })
      .observe(document.body, { attributes: true, attributeFilter: ["class"] });
  };
  if (document.body) start(); else addEventListener("DOMContentLoaded", start);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
