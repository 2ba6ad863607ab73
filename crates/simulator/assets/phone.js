// Keeps the page of a simulated phone as the server has it, and counts down. Without it the page works as plain forms.

const parts = () => [...document.querySelectorAll("[data-live]")];
const asSent = new Map(parts().map((part) => [part.id, part.outerHTML]));

// Replaces the parts whose text differs from what the server sent before; the rest keeps focus and selection.
function show(html, address) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = [...page.querySelectorAll("[data-live]")];
  if (fresh.map((part) => part.id).join() !== parts().map((part) => part.id).join()) {
    location.replace(address);
    return;
  }
  const focused = document.activeElement?.id;
  for (const part of fresh) {
    if (asSent.get(part.id) === part.outerHTML) continue;
    asSent.set(part.id, part.outerHTML);
    const place = document.getElementById(part.id);
    // A status region stays in place, so that its new words are read aloud.
    if (part.getAttribute("role") === "status") place.textContent = part.textContent;
    else place.replaceWith(document.adoptNode(part));
  }
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  tick();
}

let looking = false;
let lookAgain = false;

async function look() {
  lookAgain = looking;
  if (looking) return;
  looking = true;
  try {
    const response = await fetch(location.pathname);
    if (response.ok) show(await response.text(), response.url);
    else location.replace("/");
  } catch {
    // The simulator is away. The event stream connects again by itself, and its first event looks again.
  }
  looking = false;
  if (lookAgain) look();
}

function tick() {
  for (const place of document.querySelectorAll("[data-ends]")) {
    const seconds = Math.max(0, Math.ceil((Date.parse(place.dataset.ends) - Date.now()) / 1000));
    const text = seconds < 6000 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left` : "";
    if (place.textContent !== text) place.textContent = text;
    if (seconds === 0 && !place.dataset.over) {
      place.dataset.over = "true";
      look();
    }
  }
  // A picture that cannot be had is no picture on a real phone either.
  for (const logo of document.images) logo.hidden = logo.complete && logo.naturalWidth === 0;
  for (const time of document.querySelectorAll("time:not([data-local])")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString();
    time.dataset.local = "true";
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  try {
    const response = await fetch(form.action, { method: "POST", body });
    show(await response.text(), response.url);
  } catch {
    location.reload();
  }
});

new EventSource("/events").addEventListener("change", look);
setInterval(tick, 250);
tick();
