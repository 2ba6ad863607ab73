// How the waiting page hears of its approval: a WebSocket, and a long poll while there is none.
// Knows no document, no socket and no clock: all of these are handed in, so that tests can play them.

/**
 * @typedef {{version: number, status: string, delivery: string, expires_at: string, replaced_by?: string | null}} Approval
 * @typedef {object} World
 * @property {() => void} connect opens a socket; its life is told by `opened`, `frame` and `closed`
 * @property {() => void} drop forgets the socket; nothing more is heard of it
 * @property {() => void} ping asks the server for the present state
 * @property {(since: number) => Promise<Approval | null>} poll the next state; null when there is no such approval for us
 * @property {(work: () => void, ms: number) => number} after
 * @property {(timer: number) => void} forget
 * @property {() => number} random at least 0, less than 1
 * @property {(approval: Approval) => void} tell shows the state
 * @property {(word: "connecting" | "live" | "lost" | "slow") => void} line shows the connection
 * @property {() => void} reload
 */

const PATIENCE = 5000;
const BEAT = 15000;

/**
 * What the page says; the template has the same names.
 * @param {Approval} approval
 * @param {number} now Unix time in ms, by the server's clock
 */
export function stateOf({ status, delivery, expires_at, replaced_by }, now) {
  if (status === "cancelled" && replaced_by) return "replaced";
  if (status !== "pending") return status;
  return now < Date.parse(expires_at) ? delivery : "checking";
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

export class Live {
  /** @type {"none" | "connecting" | "open"} */
  #link = "none";
  #tries = 0;
  /** Which loop of polls is in force; 0 is none. A poll may outlast its loop. */
  #polling = 0;
  #loops = 0;
  #over = false;
  #timer = 0;

  /** @param {World} world @param {number} version the one that the page shows already */
  constructor(world, version) {
    this.world = world;
    this.version = version;
  }

  start() {
    this.world.line("connecting");
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
    if (message.type !== "state") return;
    this.#tries = 0;
    this.#polling = 0;
    this.world.line("live");
    this.#next(() => this.#ask(), BEAT);
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
    this.#next(() => this.#lost(), PATIENCE);
  }

  // A socket may look open long after the line is dead; only an answer proves it.
  #ask() {
    this.world.ping();
    this.#next(() => this.#lost(), PATIENCE);
  }

  #lost(wait = backOff(this.#tries, this.world.random())) {
    this.#link = "none";
    this.#tries += 1;
    this.world.drop();
    if (!this.#polling) this.world.line("lost");
    this.#next(() => this.#connect(), wait);
    if (this.#tries > 1) this.#poll();
  }

  async #poll() {
    if (this.#polling) return;
    const mine = (this.#polling = this.#loops += 1);
    const on = () => this.#polling === mine && !this.#over;
    for (let tries = 0; on(); ) {
      try {
        const approval = await this.world.poll(this.version);
        if (!on()) return;
        if (!approval) return this.#gone();
        tries = 0;
        this.world.line("slow");
        this.#news(approval);
      } catch {
        if (!on()) return;
        this.world.line("lost");
        await new Promise((go) => this.world.after(() => go(0), backOff((tries += 1), this.world.random())));
      }
    }
  }

  /** @param {Approval} approval */
  #news(approval) {
    if (this.#over || approval.version < this.version) return;
    this.version = approval.version;
    if (approval.status !== "pending") this.#end();
    this.world.tell(approval);
  }

  // The server says what is: to another page, or to the form for signing in.
  #gone() {
    if (this.#over) return;
    this.#end();
    this.world.reload();
  }

  #end() {
    this.#over = true;
    this.world.forget(this.#timer);
    this.world.drop();
  }

  /** @param {() => void} work @param {number} ms */
  #next(work, ms) {
    this.world.forget(this.#timer);
    this.#timer = this.world.after(work, ms);
  }
}
