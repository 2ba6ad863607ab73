// Takes the invitation out of the address, where its key and its email address stand behind #: into the form, and out of the
// browser's history.

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

// The link may be opened where this page is open already.
addEventListener("hashchange", take);
take();
