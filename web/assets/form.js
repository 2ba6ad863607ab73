// What every page does: it takes a second click for the first, and comes back fresh from the past.

/** How long a form may be on its way until a click means that it is to be sent again, in ms. */
const PATIENCE = 30000;

/**
 * A form is on its way, and its answer leads on. To go elsewhere meanwhile would lose that answer, and with it what it
 * brings: the cookie of whoever typed the right code.
 */
export function isLeaving() {
  return [...document.forms].some((form) => performance.now() - Number(form.dataset.busy) < PATIENCE);
}

/** Goes elsewhere, once nothing is on its way any more. @param {() => void} go */
export function leave(go) {
  if (isLeaving()) setTimeout(() => leave(go), 1000);
  else go();
}

// A page out of the back-forward cache shows the past.
addEventListener("pageshow", (event) => event.persisted && location.reload());
// A second click does what the first does already.
addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.timeStamp - Number(form.dataset.busy) < PATIENCE) event.preventDefault();
  else form.dataset.busy = String(event.timeStamp);
});
