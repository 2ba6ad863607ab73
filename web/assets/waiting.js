// Makes the waiting page live. All words stand in the page; this only chooses which of them show.

import { Live, backOff, stateOf, timeLeft } from "./live.js";

const card = /** @type {HTMLElement} */ (document.getElementById("approval"));
const { id, purpose, version, status, delivery, now, created, expires } = /** @type {Record<string, string>} */ (card.dataset);
const api = `/api/approvals/${id}`;
const skew = Number(now) - Date.now();

/** @type {WebSocket | null} */
let socket = null;
/** @type {import("./live.js").Approval} */
let approval = {
  version: Number(version),
  status,
  delivery,
  expires_at: new Date(Number(expires)).toISOString(),
};
let shown = card.dataset.state;

const live = new Live(
  {
    connect() {
      const mine = new WebSocket(`${location.origin.replace("http", "ws")}${api}/events`, "countersign.v1");
      mine.onopen = () => mine === socket && live.opened();
      mine.onmessage = (event) => mine === socket && live.frame(event.data);
      mine.onclose = (event) => mine === socket && live.closed(event.code);
      socket = mine;
    },
    drop() {
      const old = socket;
      socket = null;
      old?.close();
    },
    ping() {
      if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
    },
    async poll(since) {
      const answer = await fetch(`${api}?wait=25&since=${since}`);
      if (answer.status === 401 || answer.status === 404) return null;
      if (!answer.ok) throw answer;
      return answer.json();
    },
    after: (work, ms) => window.setTimeout(work, ms),
    forget: (timer) => clearTimeout(timer),
    random: Math.random,
    tell,
    line: (word) => choose("[data-line]", (part) => part.dataset.line === word),
    reload: () => location.reload(),
  },
  approval.version,
);

/** @param {import("./live.js").Approval} news */
function tell(news) {
  approval = news;
  show();
  // Taken back here, or not needed any more because a code led in: the server knows which.
  if (shown === "cancelled") location.reload();
  goOn();
}

function goOn() {
  if (shown === "approved") complete(0);
  if (shown === "replaced" && approval.replaced_by) location.replace(`/approvals/${approval.replaced_by}`);
  // Long enough to read why.
  if ((shown === "no_app" || shown === "unavailable") && purpose !== "transaction") setTimeout(toCode, 1500);
}

// The code may have come by another way meanwhile, and the state with it.
function toCode() {
  if (approval.status === "pending") location.replace("/code");
}

function show() {
  const left = Number(expires) - Date.now() - skew;
  byId("left").textContent = timeLeft(left);
  byId("arc").setAttribute("stroke-dashoffset", String(100 - (100 * Math.max(0, left)) / (Number(expires) - Number(created))));
  const state = stateOf(approval, Date.now() + skew);
  if (state === shown) return;
  shown = card.dataset.state = state;
  choose("[data-for]", (part) => part.dataset.for?.split(" ").includes(state) === true);
  const heading = /** @type {HTMLElement} */ (card.querySelector("div:not([hidden]) > h1"));
  document.title = document.title.replace(/^.*(?= - )/, heading.innerText);
  if (approval.status !== "pending") heading.focus();
}

/** The server confirms; asking again is harmless. @param {number} tries */
async function complete(tries) {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("complete"));
  if (form) form.hidden = tries === 0;
  try {
    const answer = await fetch(`${api}/complete`, { method: "POST", headers: { "content-type": "application/json" } });
    if (answer.ok) return form && location.replace("/account");
    if (answer.status < 500) return form?.submit();
  } catch {
    // No line: tried again below.
  }
  setTimeout(() => complete(tries + 1), backOff(tries, Math.random()));
}

/** @param {string} parts @param {(part: HTMLElement | SVGElement) => boolean} shows */
function choose(parts, shows) {
  for (const part of /** @type {NodeListOf<HTMLElement | SVGElement>} */ (card.querySelectorAll(parts))) {
    part.toggleAttribute("hidden", !shows(part));
  }
}

/** @param {string} name */
function byId(name) {
  return /** @type {HTMLElement} */ (document.getElementById(name));
}

addEventListener("online", () => live.wake());
addEventListener("visibilitychange", () => document.hidden || live.wake());
// A page out of the back-forward cache shows the past.
addEventListener("pageshow", (event) => event.persisted && location.reload());
// A second click does what the first does already.
addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.busy) event.preventDefault();
  form.dataset.busy = "1";
});

goOn();
if (approval.status === "pending") {
  live.start();
  setInterval(() => approval.status === "pending" && show(), 1000);
}
