// Takes the key of the link out of the address, where it stands behind #: into the form, and out of the browser's history.

const field = /** @type {HTMLInputElement} */ (document.getElementById("token"));

function take() {
  if (location.hash.length > 1) {
    field.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
  /** @type {HTMLElement} */ (document.getElementById("link")).hidden = field.value !== "";
}

// The link may be opened where this page is open already.
addEventListener("hashchange", take);
take();
