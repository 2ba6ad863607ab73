// What every page with an approval does: it hears of it by whichever connection works. Decides nothing: live.js says what
// to open and when. Only the session that asked is told; another one of the same person has to look now and then.

import { leave } from "./form.js";
import { Live, pollQuery, retryAfter } from "./live.js";

/**
 * Follows an approval until it is decided.
 * @param {string} id
 * @param {number} version the one that the page shows already
 * @param {(approval: import("./live.js").Approval) => void} tell
 * @param {(word: string) => void} line
 * @param {(ms: number) => void} left
 */
export function follow(id, version, tell, line, left = () => {}) {
  const api = `/api/approvals/${id}`;
  /** @type {WebSocket | null} */
  let socket = null;
  let polling = new AbortController();
  let polls = 0;

  const live = new Live(
    {
      connect() {
        const mine = opened(() => new WebSocket(`${location.origin.replace("http", "ws")}${api}/events`, "countersign.v1"));
        socket = mine;
        if (!mine) return void setTimeout(() => socket ?? live.closed(1006));
        mine.onopen = () => mine === socket && live.opened();
        mine.onmessage = (event) => mine === socket && live.frame(event.data);
        mine.onclose = (event) => mine === socket && live.closed(event.code);
      },
      drop() {
        const old = socket;
        socket = null;
        old?.close();
      },
      ping() {
        if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
      },
      async poll(since, wait) {
        const mine = (polling = new AbortController());
        const timer = setTimeout(() => mine.abort(), (wait + 5) * 1000);
        try {
          const answer = await fetch(api + pollQuery(since, wait, (polls += 1)), { signal: mine.signal, cache: "no-store" });
          if (isGone(answer)) return null;
          if (answer.status === 429 || answer.status === 503) throw retryAfter(answer.headers.get("retry-after"));
          if (!answer.ok) throw new Error(`${answer.status}`);
          return correct(answer, await answer.json(), left);
        } finally {
          clearTimeout(timer);
        }
      },
      hush: () => polling.abort(),
      after: (work, ms) => window.setTimeout(work, ms),
      forget: (timer) => clearTimeout(timer),
      random: Math.random,
      tell,
      line,
      left,
      reload: () => leave(() => location.reload()),
    },
    version,
  );
  addEventListener("online", () => live.wake());
  addEventListener("visibilitychange", () => document.hidden || live.wake());
  live.start();
}

/**
 * A connection, where the browser has such a thing and lets us have one.
 * @template T
 * @param {() => T} open
 */
function opened(open) {
  try {
    return open();
  } catch {
    return null;
  }
}

/** Whether it is us who say that this is not, or no longer, ours to see. Others on the way say so too, and do not know. @param {Response} answer */
function isGone(answer) {
  return (answer.status === 401 || answer.status === 404) && answer.headers.get("content-type") === "application/problem+json";
}

/**
 * Passes on the time left by the server's clock.
 * @param {Response} answer
 * @param {import("./live.js").Approval} approval
 * @param {(ms: number) => void} left
 */
function correct(answer, approval, left) {
  const now = answer.headers.get("countersign-now");
  if (now) left(Date.parse(approval.expires_at) - Date.parse(now));
  return approval;
}

/** Between two looks at what another session asked for, in ms. */
const LOOK = 3000;

/**
 * The same for what another session asked for, until it is decided.
 * @param {string} id
 * @param {number} version
 * @param {(approval: import("./live.js").Approval) => void} tell
 * @param {(word: string) => void} line
 * @param {(ms: number) => void} left
 */
export async function look(id, version, tell, line, left) {
  line("connecting");
  for (let status = "pending"; status === "pending"; ) {
    await new Promise((go) => setTimeout(go, LOOK));
    const answer = await fetch(`/api/approvals/${id}`, { signal: AbortSignal.timeout(LOOK), cache: "no-store" }).catch(() => null);
    if (answer && isGone(answer)) return location.reload();
    const news = answer?.ok ? await answer.json().catch(() => null) : null;
    line(news ? "live" : "lost");
    if (answer && news) correct(answer, news, left);
    if (news?.version > version) tell(news);
    [version, status] = [news?.version ?? version, news?.status ?? status];
  }
}
