// Moves an invitation's key and email address from the end of the URL, after #, into the form, and removes them from
// the browser's history.

const key = /** @type {HTMLInputElement} */ (document.getElementById("invitation"));
const email = /** @type {HTMLInputElement} */ (document.getElementById("email"));

function take() {
  const [token, address] = location.hash.slice(1).split(":");
  if (token) {
    history.replaceState(null, "", location.pathname);
    key.value = token;
    if (address) email.value = decodeURIComponent(address);
    email.readOnly = Boolean(address);
  }
  const wrong = key.getAttribute("aria-invalid") === "true";
  /** @type {HTMLElement} */ (document.getElementById("link")).hidden = key.value !== "" && !wrong;
}

// The link may be opened in a tab that already shows this page.
addEventListener("hashchange", take);
take();
