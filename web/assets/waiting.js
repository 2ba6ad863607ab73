// Makes the waiting page live. All words and addresses stand in the page; this only chooses which of them show.

import { isLeaving, leave } from "./form.js";
import { Countdown, backOff, stateOf, timeLeft } from "./live.js";
import { follow, look } from "./page.js";

const card = /** @type {HTMLElement} */ (document.getElementById("approval"));
const { id, version, status, delivery, now, created, expires, code, next } = /** @type {Record<string, string>} */ (card.dataset);
// Another session asked: here the person only looks.
const elsewhere = card.dataset.elsewhere !== undefined;
// The page was written just before its first byte came; this script may have come much later.
const written = performance.getEntriesByType("navigation")[0]?.responseStart || performance.now();
const countdown = new Countdown(Number(expires) - Number(now), written);
// Whoever comes back from the code form wants to be here.
const stays = document.referrer === location.origin + code;

/** @type {import("./live.js").Approval} */
let approval = {
  version: Number(version),
  status,
  delivery,
  expires_at: new Date(Number(expires)).toISOString(),
};
let shown = card.dataset.state;

/** @param {import("./live.js").Approval} news */
function tell(news) {
  approval = news;
  show();
  // Taken back here, or not needed any more because a code led in: the server knows which. It does not reload while a
  // form is being sent, which may be the one that cancelled it.
  if (shown === "cancelled") leave(() => location.reload());
  goOn();
}

function goOn() {
  if (shown === "replaced" && approval.replaced_by) location.replace(`/approvals/${approval.replaced_by}`);
  if (elsewhere) return;
  if (shown === "approved") complete(0);
  // Long enough to read why.
  if ((shown === "no_app" || shown === "unavailable") && !stays) setTimeout(toCode, 1500);
}

// The code may have come by another way meanwhile, and the state with it.
function toCode() {
  if (approval.status === "pending" && !isLeaving()) location.replace(code);
}

function show() {
  const left = countdown.left(performance.now());
  byId("left").textContent = timeLeft(left);
  byId("arc").setAttribute("stroke-dashoffset", String(100 - (100 * Math.max(0, left)) / (Number(expires) - Number(created))));
  const state = stateOf(approval, Date.parse(approval.expires_at) - left);
  if (state === shown) return;
  shown = card.dataset.state = state;
  const focused = document.activeElement;
  choose("[data-for]", (part) => part.dataset.for?.split(" ").includes(state) === true);
  const heading = /** @type {HTMLElement} */ (card.querySelector("div:not([hidden]) > h1"));
  document.title = `${heading.innerText} - ${card.dataset.product}`;
  if (approval.status !== "pending" || focused?.closest("[hidden]")) heading.focus();
}

/** How long the server may take to confirm until it is asked again, and until the button shows, in ms. */
const [CONFIRMING, BUTTON] = [5000, 2000];

/** The server confirms; asking again is harmless. @param {number} tries */
async function complete(tries) {
  const form = /** @type {HTMLFormElement | null} */ (document.getElementById("complete"));
  if (form && tries === 0) {
    form.hidden = true;
    setTimeout(() => (form.hidden = false), BUTTON);
  }
  try {
    const answer = await fetch(`/api/approvals/${id}/complete`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(CONFIRMING),
    });
    // Only our own words count: whoever answers for us on the way has confirmed nothing.
    const said = await answer.json();
    if (said.next === "done") return next && location.replace(next);
    if (said.type && answer.status < 500) return form?.submit();
  } catch {
    // No line, or no word of ours: tried again below.
  }
  setTimeout(() => complete(tries + 1), backOff(tries, Math.random()));
}

/** @param {string} parts @param {(part: HTMLElement | SVGElement) => boolean} shows */
function choose(parts, shows) {
  for (const part of /** @type {NodeListOf<HTMLElement | SVGElement>} */ (document.querySelectorAll(parts))) {
    part.toggleAttribute("hidden", !shows(part));
  }
}

/** @param {string} name */
function byId(name) {
  return /** @type {HTMLElement} */ (document.getElementById(name));
}

goOn();
if (approval.status === "pending") {
  const line = (/** @type {string} */ word) => choose("[data-line]", (part) => part.dataset.line === word);
  (elsewhere ? look : follow)(id, approval.version, tell, line, (left) => countdown.correct(left, performance.now()));
  setInterval(() => approval.status === "pending" && show(), 1000);
}
