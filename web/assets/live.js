// How a page hears of its approval: by a WebSocket, and by polls as long as the socket is silent. Knows no document, no
// connection and no clock: all of these are handed in, so that tests can play them.

/**
 * @typedef {{version: number, status: string, delivery: string, expires_at: string, replaced_by?: string | null}} Approval
 * @typedef {object} World
 * @property {() => void} connect opens a socket; its life is told by `opened`, `frame` and `closed`
 * @property {() => void} drop forgets the socket; nothing more is heard of it
 * @property {() => void} ping asks the server over the socket for the present state
 * @property {(since: number, wait: number) => Promise<Approval | null>} poll the next state, or what there is after
 *   `wait` seconds; null when there is no such approval for us. Fails with the seconds to leave the server alone when
 *   it is asked too much, 0 when nothing says how many
 * @property {() => void} hush forgets the poll; nothing more is heard of it
 * @property {(work: () => void, ms: number) => number} after
 * @property {(timer: number) => void} forget
 * @property {() => number} random at least 0, less than 1
 * @property {(approval: Approval) => void} tell shows the state
 * @property {(ms: number) => void} left takes the time left by the server's clock
 * @property {(word: "connecting" | "live" | "lost" | "slow") => void} line shows the connection
 * @property {() => void} reload
 */

/** Between a state that came over the socket and the next question, in ms. */
const BEAT = 1000;
/** How long an answer may take until polls begin; twice as long each time that it came after all. */
const SOON = 800;
const LATE = 4500;
/** How long nothing may be heard, by whatever way, until the connection is called lost. */
const SILENCE = 6000;
/** How long until a silent socket is given up. */
const PATIENCE = 5000;
/**
 * How long the server may think about a poll, in seconds. Proxies give up a server that is silent for longer than they
 * allow, and may then send nothing more to it for a while; few allow less than 5 s. What does not get through is
 * shortened; where the polls are refused for being too many, longer ones make them fewer.
 */
const [SHORTEST_WAIT, WAIT, LONGEST_WAIT] = [1, 4, 25];
/** An answer without news that comes sooner than this, in ms, was not waited for; the next poll is held back for so long. */
const PACE = 1000;
/** A poll without an answer is given up 5 s after its time; the next one, which does not wait, needs a moment too, in ms. */
const GRACE = 2000;
/** How a poll that was refused for being one of too many backs off: as if it had failed so often. */
const PATIENT = 4;
/**
 * The pauses before a socket that never worked, or that polls stand in for, are this many times longer: limits of
 * requests count these tries too.
 */
const RARELY = 4;

/**
 * What the page says; the template has the same names.
 * @param {Approval} approval
 * @param {number} now Unix time in ms, by the server's clock
 */
export function stateOf({ status, delivery, expires_at, replaced_by }, now) {
  if (status !== "pending") return replaced_by && status !== "approved" ? "replaced" : status;
  return now < Date.parse(expires_at) ? delivery : "checking";
}

/** A message may be this late, in ms, before it corrects the time left. */
const DELAY = 1500;

/**
 * The time that an approval has left. Counts by a monotonic clock, because people and programs may set the other one. A
 * monotonic clock may stop while the machine sleeps; the server's next message corrects that.
 */
export class Countdown {
  #end;

  /** @param {number} left in ms @param {number} at the time of the monotonic clock in ms */
  constructor(left, at) {
    this.#end = at + left;
  }

  /** @param {number} at */
  left(at) {
    return this.#end - at;
  }

  /** The server says how much is left. @param {number} left @param {number} at */
  correct(left, at) {
    if (Math.abs(left - this.left(at)) > DELAY) this.#end = at + left;
  }
}

/** A span in ms as 1:26. @param {number} ms */
export function timeLeft(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** From a quarter of a second to eight, up to half of it off. @param {number} tries @param {number} random */
export function backOff(tries, random) {
  return Math.min(8000, 250 * 2 ** tries) * (1 - random / 2);
}

/**
 * The query of a poll. Zeros before a number do not change it, but make another address, which no cache has yet.
 * @param {number} since @param {number} wait @param {number} polls how many there were
 */
export function pollQuery(since, wait, polls) {
  return `?wait=${"0".repeat(polls % 100)}${wait}&since=${since}`;
}

/**
 * How long a refusing server wants to be left alone, in seconds, by `Retry-After` (RFC 9110, 10.2.3). 0 when the header is
 * missing or a date; a minute at most.
 * @param {string | null} header
 */
export function retryAfter(header) {
  return Math.min(60, Math.max(0, Number(header) || 0));
}

export class Live {
  /** @type {"none" | "connecting" | "open"} */
  #link = "none";
  #tries = 0;
  /** Whether polls go on. */
  #polls = false;
  /** Whether a socket was lost that worked, and polls do not stand in for it: it is worth many tries. */
  #missed = false;
  /** Which loop of polls is in force. A poll may outlast its loop. */
  #loop = 0;
  #over = false;
  /** How long an answer may take on this line. */
  #soon = SOON;
  /** How long the server may think about the next poll, in seconds. */
  #wait = WAIT;
  /** The longest wait that may still get through, in seconds: each poll that was cut off shortens it for good. */
  #longest = LONGEST_WAIT;
  /** For the socket, for the doubt about it, for the pause between polls, and for the silence on both. */
  #timers = { link: 0, doubt: 0, pause: 0, silence: 0 };

  /** @param {World} world @param {number} version the one that the page shows already */
  constructor(world, version) {
    this.world = world;
    this.version = version;
  }

  start() {
    this.world.line("connecting");
    this.#listen(SILENCE);
    this.#connect();
  }

  /** The laptop woke, the tab was looked at again, the network came back. */
  wake() {
    if (this.#over) return;
    if (this.#link === "open") this.#ask();
    if (this.#link === "none") this.#connect();
  }

  opened() {
    this.#link = "open";
  }

  /** @param {string} text */
  frame(text) {
    const message = JSON.parse(text);
    if (message.type === "reconnect") return this.#lost(message.after_ms);
    if (message.type !== "state" || this.#over) return;
    this.#tries = 0;
    if (this.#polls) this.#soon = Math.min(LATE, 2 * this.#soon);
    this.#trust();
    this.#heard("live");
    this.#set("link", () => this.#ask(), BEAT);
    this.#clock(message);
    this.#news(message.approval);
  }

  /** @param {number} code */
  closed(code) {
    if (this.#over) return;
    if (code === 4401) this.#gone();
    else this.#lost();
  }

  #connect() {
    this.#link = "connecting";
    this.world.connect();
    this.#doubt();
  }

  // A socket may look open long after the line is dead; only an answer proves it.
  #ask() {
    this.world.ping();
    this.#doubt();
  }

  /** @param {number} [wait] */
  #lost(wait = backOff(this.#tries, this.world.random()) * (this.#missed ? 1 : RARELY)) {
    if (this.#over) return;
    this.#link = "none";
    this.#tries += 1;
    this.world.drop();
    this.#doubt();
    this.#set("link", () => this.#connect(), wait);
  }

  #doubt() {
    if (!this.#polls && !this.#timers.doubt) this.#set("doubt", () => this.#poll(), this.#soon);
    this.#set("link", () => this.#lost(), PATIENCE);
  }

  #trust() {
    this.#forget("doubt");
    this.#forget("pause");
    if (this.#polls) this.world.hush();
    this.#polls = false;
    this.#loop += 1;
  }

  async #poll() {
    this.#timers.doubt = 0;
    this.#polls = true;
    const mine = (this.#loop += 1);
    // The first answer after a silence comes at once, and shows that there is a line.
    for (let [tries, wait] = [0, 0]; this.#loop === mine; ) {
      let early = true;
      const paced = this.#pause(PACE).then(() => (early = false));
      try {
        const approval = await this.world.poll(this.version, wait);
        if (this.#loop !== mine) return;
        if (!approval) return this.#gone();
        const idle = wait > 0 && approval.version <= this.version;
        // Only a poll that waited shows that waiting works.
        [tries, wait] = [wait ? 0 : tries, this.#wait];
        this.#heard("slow", wait * 1000 + GRACE);
        this.#news(approval);
        if (idle && early) await paced;
      } catch (refusal) {
        if (this.#loop !== mine) return;
        const seconds = typeof refusal === "number" ? refusal : 0;
        // A server that says how long to leave it alone can be reached.
        if (seconds) this.#heard("slow", seconds * 1000);
        if (refusal === 0) [tries, this.#wait, this.#missed] = [Math.max(tries, PATIENT), this.#longest, false];
        else if (!early && wait > 0) this.#wait = this.#longest = Math.max(SHORTEST_WAIT, Math.floor(wait / 2));
        await this.#pause(Math.max(backOff(tries, this.world.random()), 1000 * seconds));
        [tries, wait] = [tries + 1, 0];
      }
    }
  }

  /** @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise((go) => this.#set("pause", go, ms));
  }

  /** @param {"live" | "slow"} word @param {number} [quiet] for how long there may be nothing to hear, in ms */
  #heard(word, quiet = 0) {
    this.#missed = word === "live";
    this.world.line(word);
    this.#listen(SILENCE + quiet);
  }

  /** @param {number} ms */
  #listen(ms) {
    this.#set("silence", () => this.world.line("lost"), ms);
  }

  /** A hub of an older version does not say its time. @param {{approval: Approval, now?: string}} message */
  #clock({ approval, now }) {
    if (now) this.world.left(Date.parse(approval.expires_at) - Date.parse(now));
  }

  /** @param {Approval} approval */
  #news(approval) {
    if (approval.version <= this.version) return;
    this.version = approval.version;
    if (approval.status !== "pending") this.#end();
    this.world.tell(approval);
  }

  // The server says what is: to another page, or to the form for signing in.
  #gone() {
    this.#end();
    this.world.reload();
  }

  #end() {
    this.#over = true;
    this.#forget("link");
    this.#forget("silence");
    this.#trust();
    this.world.drop();
  }

  /** @param {"link" | "doubt" | "pause" | "silence"} name @param {() => void} work @param {number} ms */
  #set(name, work, ms) {
    this.#forget(name);
    this.#timers[name] = this.world.after(work, ms);
  }

  /** @param {"link" | "doubt" | "pause" | "silence"} name */
  #forget(name) {
    this.world.forget(this.#timers[name]);
    this.#timers[name] = 0;
  }
}
