// Calls as they happen: cards for the one who looks, lines for everybody, by server-sent events.
// Texts in here come from our own server, which has made markup of them; other people's words are escaped there.
import { tick } from "./clock.js";
import { notify, offer } from "./notify.js";

const RETRY_MS = 3000;

// What of a card is asked of ITFlow comes later than the card, or not at all.
async function fill(card) {
  const place = card.querySelector("[data-assets]");
  if (!place) return;
  const answer = await fetch(place.dataset.assets, { redirect: "manual" }).catch(() => null);
  if (answer?.status !== 200) return;
  place.replaceChildren(document.createRange().createContextualFragment(await answer.text()));
  place.hidden = false;
}

export function follow(live) {
  const cards = document.getElementById("cards");
  const lines = document.getElementById("lines");
  const state = document.getElementById("state");
  let after = live.dataset.after;
  let source = null;
  let retry = 0;

  // Lists are told to be empty by their having no child at all.
  for (const list of [cards, lines]) if (!list.children.length) list.textContent = "";

  function put(list, row, html) {
    const made = document.createRange().createContextualFragment(html).querySelector(`[data-row="${row}"]`);
    const known = list.querySelector(`[data-row="${row}"]`);
    const focused = known && known.contains(document.activeElement);
    if (known) known.replaceWith(made);
    else list.append(made); // beneath the others: none is overwritten
    if (focused) made.focus();
    fill(made);
    tick();
    return !known;
  }

  function drop(list, row) {
    const known = list.querySelector(`[data-row="${row}"]`);
    if (known) known.remove();
    if (!list.children.length) list.textContent = "";
  }

  function card(event) {
    const { row, mine, html, title, text } = JSON.parse(event.data);
    const known = cards.querySelector(`[data-row="${row}"]`);
    if (mine === "over") {
      // Whoever talked still writes it up; what only rang, and rings no more, is gone.
      if (known && known.dataset.mine === "talking") put(cards, row, html);
      else if (known?.dataset.mine !== "over") drop(cards, row);
      return;
    }
    const fresh = put(cards, row, html);
    performance.mark(`card ${row}`);
    if (fresh && mine === "ringing") notify(title, text);
  }

  function open() {
    clearTimeout(retry);
    if (source) source.close();
    source = new EventSource(`${live.dataset.live}?after=${after}`);
    source.addEventListener("open", () => { state.textContent = "Calls appear here by themselves."; live.dataset.state = "open"; });
    source.addEventListener("card", card);
    source.addEventListener("line", (event) => { const { row, html } = JSON.parse(event.data); put(lines, row, html); });
    source.addEventListener("gone", (event) => drop(lines, JSON.parse(event.data).row));
    source.addEventListener("seen", (event) => { after = event.data; });
    source.addEventListener("error", () => {
      live.dataset.state = "lost";
      state.textContent = "The connection is lost; calls are shown again once it is back.";
      if (source.readyState === EventSource.CLOSED) again();
    });
  }

  // The browser gives up where the answer is no stream: signed out, too many pages, a proxy's error.
  async function again() {
    const answer = await fetch(live.dataset.live, { method: "HEAD", redirect: "manual" }).catch(() => null);
    if (answer && answer.status === 401) location.reload();
    else retry = setTimeout(open, RETRY_MS);
  }

  cards.addEventListener("click", (event) => {
    const closed = event.target.closest("[data-close]")?.closest("[data-row]");
    if (closed) { drop(cards, closed.dataset.row); cards.querySelector("[data-row]")?.focus(); }
  });
  // A browser opens few connections to one host; pages that nobody sees leave them to others, unless they notify.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !(window.Notification?.permission === "granted")) { source.close(); clearTimeout(retry); live.dataset.state = "hidden"; }
    else if (!document.hidden && source.readyState === EventSource.CLOSED) open();
  });
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  for (const shown of cards.children) fill(shown);
  offer(document.getElementById("notify"));
  setInterval(tick, 1000);
  tick();
  open();
}
