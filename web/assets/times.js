// Shows each time of a page in the reader's own time zone. The server writes UTC, which stays if no script runs.

/**
 * A moment as the server writes it, as in "22 Nov 2026, 10:05 GMT+1", in another zone.
 * @param {string} moment RFC 3339
 * @param {string} [zone] an IANA name; the reader's own without it
 */
export function inZone(moment, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
    timeZoneName: "short",
  });
  const parts = Object.fromEntries(format.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
  return `${parts.day} ${parts.month} ${parts.year}, ${parts.hour}:${parts.minute} ${parts.timeZoneName}`;
}

/** Rewrites the moments of a page. The time in UTC stays as its title. @param {Document} page */
export function rewrite(page) {
  for (const time of page.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = inZone(time.dateTime);
  }
}

if (globalThis.document) rewrite(document);
