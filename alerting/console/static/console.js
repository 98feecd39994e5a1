// What a page does by itself: its clocks tick, it follows the alarms, and it says so plainly when it does not.
// Every act is an ordinary form: without this script all works, only not live.
"use strict";

(() => {
  const HEARTBEAT_MISSED_MS = 7000; // heartbeats come each 3 s: one may be lost, and what has stopped is said within 8 s
  const CUT_OFF_MS = 4000; // a connection lost for so long is said, not waited out
  const SETTLED_MS = 1500; // a key acts on what has been first for so long, and was read
  const page = document.body;
  const find = (id) => document.getElementById(id);

  // --- Time: the server's, carried on by this machine's steady clock ---------------------------------
  const serverAtLoad = Date.parse(page.dataset.now);
  const now = () => serverAtLoad + performance.now() - loadedAt;
  const loadedAt = performance.now();
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", timeStyle: "medium" });

  function asClock(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds >= 172800) return `${Math.floor(seconds / 86400)} days`;
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tick() {
    for (const each of document.querySelectorAll("[data-age]")) write(each, asClock(now() - Date.parse(each.dataset.age)));
    for (const each of document.querySelectorAll("[data-left]")) {
      const left = Date.parse(each.dataset.left) - now();
      write(each, left > 0 ? asClock(left + 999) : "0:00");
    }
    showLiveness();
    if (refreshOwed && !busyAnywhere()) refresh();
  }

  // --- Liveness: by this page's own clock ------------------------------------------------------------
  let heardAt = null; // by performance.now(), which no change of the wall clock moves
  let missing; // the timer that runs while nothing is heard
  let cutAt = null; // since when the stream is cut off
  let staleAt = null; // since when what is shown cannot be fetched again, though heartbeats may still come

  function isLive() {
    const at = performance.now();
    const lasts = (since) => since !== null && at - since >= CUT_OFF_MS;
    return heardAt !== null && at - heardAt < HEARTBEAT_MISSED_MS && !lasts(cutAt) && !lasts(staleAt);
  }

  function showLiveness() {
    const pill = find("live");
    if (!pill || !("live" in page.dataset)) return;
    const begun = performance.now() - loadedAt > 3000;
    const live = isLive();
    pill.hidden = !live && !begun;
    pill.classList.toggle("is-lost", !live);
    write(find("live-word"), live ? "Live" : "Not live");
    write(find("live-clock"), clock.format(now()));
    const banner = find("not-live");
    const lost = !live && begun;
    if (lost && banner.hidden) {
      const since = heardAt === null ? "since this page was opened" : `since ${clock.format(now() - (performance.now() - heardAt))}`;
      write(banner, `Not live ${since}. What you see may be old: new alarms do not come up here. Trying again by itself.`);
    }
    banner.hidden = !lost;
    if (live) for (const each of document.querySelectorAll("[data-looked]")) write(each, clock.format(now() - (performance.now() - heardAt)));
  }

  function heard() {
    heardAt = performance.now();
    cutAt = null;
    clearTimeout(missing);
    missing = setTimeout(showLiveness, HEARTBEAT_MISSED_MS); // not at the next tick, up to a second late
    showLiveness();
  }

  function follow() {
    const source = new EventSource("/api/stream");
    source.addEventListener("open", () => refresh());
    source.addEventListener("heartbeat", () => {
      heard();
      refresh(); // what no alarm tells: that nothing comes in any more
    });
    source.addEventListener("alarm", (message) => {
      heard();
      const alarm = JSON.parse(message.data);
      if (refreshes() && (page.classList.contains("on-queue") || location.pathname === `/alarms/${alarm.id}`)) refresh();
    });
    source.addEventListener("error", () => {
      cutAt ??= performance.now();
      if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
    });
  }

  // --- Refreshing: the server renders, this patches what differs -------------------------------------
  const shown = new WeakMap(); // part -> what the server said of it
  let refreshing = false;
  let refreshOwed = false;
  let firstSince = performance.now();

  const refreshes = () => document.querySelector("[data-refresh]");

  function said(part) {
    const copy = part.cloneNode(true);
    for (const ticking of copy.querySelectorAll("[data-age], [data-left], [data-looked]")) ticking.textContent = "";
    return copy.outerHTML;
  }

  function busy(part) {
    const active = document.activeElement;
    if (part.contains(active) && active.matches("input, textarea, select")) return true;
    if (part.querySelector("details[open]")) return true;
    return [...part.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
  }

  const busyAnywhere = () => [...document.querySelectorAll("[data-part]")].some(busy);

  async function refresh() {
    const room = refreshes();
    if (!room) return;
    if (refreshing) { refreshOwed = true; return; }
    refreshing = true;
    refreshOwed = false;
    try {
      const answer = await fetch(room.dataset.refresh, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (answer.redirected || answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(answer.statusText);
      patch(room, await answer.text());
      staleAt = null;
    } catch {
      staleAt ??= performance.now();
      refreshOwed = true;
    } finally { refreshing = false; }
  }

  function patch(room, html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const focused = document.activeElement && document.activeElement.id;
    const before = firstOf();
    const old = new Map([...room.children].filter((part) => part.dataset.part).map((part) => [part.dataset.part, part]));
    let place = room.querySelector(":scope > [data-part]");
    for (const part of [...fresh.body.children].filter((each) => each.dataset.part)) {
      const present = old.get(part.dataset.part);
      old.delete(part.dataset.part);
      const kept = present && (shown.get(present) === said(part) || busy(present));
      if (present && kept && shown.get(present) !== said(part)) refreshOwed = true;
      if (!kept) shown.set(part, said(part));
      const stays = kept ? present : document.adoptNode(part);
      if (present && !kept) { if (place === present) place = present.nextElementSibling; present.remove(); }
      if (place === stays) place = place.nextElementSibling;
      else room.insertBefore(stays, place);
    }
    for (const gone of old.values()) gone.remove();
    if (focused && document.activeElement === document.body) find(focused)?.focus();
    settle(before);
    tick();
  }

  const top = () => document.querySelector("[data-part='top']");
  const firstOf = () => top()?.dataset.first ?? null;

  function settle(before) {
    const head = top();
    if (!head) return;
    const waiting = Number(head.dataset.waiting);
    document.title = waiting ? `(${waiting}) Queue · Telecare` : "Queue · Telecare";
    if (firstOf() === before) return;
    firstSince = performance.now();
    write(find("announce"), head.dataset.say ? `First now: ${head.dataset.say}` : "Nobody is waiting");
  }

  // --- Keys: single letters, which can be switched off (WCAG 2.1.4) ----------------------------------
  let keys = localStorage.getItem("keys") !== "off";

  function showKeys() {
    page.classList.toggle("no-keys", !keys);
    const button = find("keys-switch");
    if (!button) return;
    find("keys").hidden = false;
    button.setAttribute("aria-pressed", String(keys));
    write(button, keys ? "Keys: on" : "Keys: off");
  }

  document.addEventListener("keydown", (press) => {
    if (!keys || press.ctrlKey || press.metaKey || press.altKey || press.repeat) return;
    if (press.target.closest("input, textarea, select, [contenteditable]")) return;
    if (press.key === "q") location.assign("/");
    if (press.key === "/") { press.preventDefault(); location.assign("/people"); }
    if (press.key === "a") acknowledge();
  });

  function acknowledge() {
    const button = document.querySelector("[data-key='a']");
    if (!button) return;
    if (page.classList.contains("on-queue") && performance.now() - firstSince < SETTLED_MS) {
      write(find("announce"), "The list has just changed: look again.");
      return;
    }
    button.form.requestSubmit(button);
  }

  // --- Forms: once is enough -------------------------------------------------------------------------
  document.addEventListener("submit", (submitted) => {
    const button = submitted.submitter;
    if (!button || submitted.target.method !== "post") return;
    if (button.getAttribute("aria-disabled") === "true") submitted.preventDefault();
    button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-disabled='true']")) button.removeAttribute("aria-disabled");
  });

  document.addEventListener("toggle", (toggled) => {
    if (toggled.target.open) toggled.target.querySelector("textarea, input")?.focus();
  }, true);

  // --- Begin -----------------------------------------------------------------------------------------
  for (const part of document.querySelectorAll("[data-part]")) shown.set(part, said(part));
  settle(firstOf());
  showKeys();
  find("keys-switch")?.addEventListener("click", () => {
    keys = !keys;
    localStorage.setItem("keys", keys ? "on" : "off");
    showKeys();
  });
  if (location.pathname === "/people") find("q")?.focus();
  if ("live" in page.dataset) follow();
  tick();
  setInterval(tick, 1000);
})();
