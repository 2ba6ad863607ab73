// The state machine of the waiting page with a world that tests play: no browser, no socket, a clock that is wound by hand.

import { readFile } from "node:fs/promises";

// By its text, so that the asset needs no package.json beside it.
const source = await readFile(new URL("../../web/assets/live.js", import.meta.url), "utf8");
export const { Countdown, Live, backOff, pollQuery, retryAfter, stateOf, timeLeft } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

export const END = Date.parse("2026-11-22T12:02:00Z");

export function approval(version, status = "pending", more = {}) {
  return { version, status, delivery: "sent", expires_at: "2026-11-22T12:02:00Z", replaced_by: null, ...more };
}

/** A world whose clock stands still until it is told to pass. */
export function play(version = 1) {
  const world = { log: [], lines: [], told: [], timers: new Map(), polls: [], now: 0 };
  let last = 0;
  const does = (word) => () => world.log.push(word);
  const live = new Live(
    {
      connect: does("connect"),
      drop: does("drop"),
      ping: does("ping"),
      hush: does("hush"),
      reload: does("reload"),
      poll: (since, wait) => new Promise((answer, fail) => world.polls.push({ since, wait, answer, fail })),
      after: (work, ms) => (world.timers.set((last += 1), { work, at: world.now + ms }), last),
      forget: (timer) => world.timers.delete(timer),
      random: () => 0,
      tell: (news) => world.told.push(news.status),
      line: (word) => world.lines.at(-1) === word || world.lines.push(word),
    },
    version,
  );
  world.pass = (ms) => {
    for (const end = world.now + ms; ; ) {
      const due = [...world.timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      world.now = due?.[1].at ?? end;
      if (!due) return;
      world.timers.delete(due[0]);
      due[1].work();
    }
  };
  world.times = (word) => world.log.filter((one) => one === word).length;
  return { live, world };
}

export const state = (one) => JSON.stringify({ type: "state", approval: one });
export const settle = () => new Promise((go) => setImmediate(go));

export function connected() {
  const { live, world } = play();
  live.start();
  live.opened();
  live.frame(state(approval(1)));
  return { live, world };
}

/** On polls, because nothing else works. */
export function polling() {
  const { live, world } = play();
  live.start();
  world.pass(800);
  return { live, world };
}

/** Answers the newest poll, which did not wait; the one after it does. How long the server may think about that one. */
export async function next(world) {
  world.polls.at(-1).answer(approval(1));
  await settle();
  return world.polls.at(-1).wait;
}
