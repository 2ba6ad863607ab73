// The state machine of the waiting page by itself: no browser, no socket, a clock that is wound by hand.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// By its text, so that the asset needs no package.json beside it.
const source = await readFile(new URL("../../web/assets/live.js", import.meta.url), "utf8");
const { Live, backOff, stateOf, timeLeft } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const END = Date.parse("2026-11-22T12:02:00Z");

function approval(version, status = "pending", more = {}) {
  return { version, status, delivery: "sent", expires_at: "2026-11-22T12:02:00Z", replaced_by: null, ...more };
}

/** A world whose clock stands still until it is told to pass. */
function play(version = 1) {
  const world = { log: [], lines: [], told: [], timers: new Map(), polls: [], now: 0 };
  let last = 0;
  const live = new Live(
    {
      connect: () => world.log.push("connect"),
      drop: () => world.log.push("drop"),
      ping: () => world.log.push("ping"),
      reload: () => world.log.push("reload"),
      poll: (since) => new Promise((answer, fail) => world.polls.push({ since, answer, fail })),
      after: (work, ms) => (world.timers.set((last += 1), { work, at: world.now + ms }), last),
      forget: (timer) => world.timers.delete(timer),
      random: () => 0,
      tell: (news) => world.told.push(news.status),
      line: (word) => world.lines.push(word),
    },
    version,
  );
  world.pass = (ms) => {
    world.now += ms;
    for (const [id, { work, at }] of [...world.timers]) {
      if (at <= world.now && world.timers.delete(id)) work();
    }
  };
  world.connects = () => world.log.filter((word) => word === "connect").length;
  return { live, world };
}

const state = (one) => JSON.stringify({ type: "state", approval: one });
const settle = () => new Promise((go) => setImmediate(go));

function connected() {
  const { live, world } = play();
  live.start();
  live.opened();
  live.frame(state(approval(1)));
  return { live, world };
}

test("the words follow status, delivery and time", () => {
  assert.equal(stateOf(approval(1), END - 1), "sent");
  assert.equal(stateOf(approval(1, "pending", { delivery: "no_app" }), END - 1), "no_app");
  assert.equal(stateOf(approval(1), END), "checking");
  assert.equal(stateOf(approval(2, "approved"), END + 1), "approved");
  assert.equal(stateOf(approval(2, "cancelled"), END - 1), "cancelled");
  assert.equal(stateOf(approval(2, "cancelled", { replaced_by: "x" }), END - 1), "replaced");
});

test("the time left counts down to 0:00 and no further", () => {
  assert.deepEqual([86000, 85001, 60000, 9000, 1, 0, -5000].map(timeLeft), ["1:26", "1:26", "1:00", "0:09", "0:01", "0:00", "0:00"]);
});

test("waits grow from a quarter of a second to eight, with jitter", () => {
  assert.deepEqual([0, 1, 5, 9].map((tries) => backOff(tries, 0)), [250, 500, 8000, 8000]);
  assert.equal(backOff(0, 0.5), 187.5);
});

test("a state of a final status is told once and ends everything", () => {
  const { live, world } = connected();
  live.frame(state(approval(2, "approved")));
  live.frame(state(approval(3, "denied")));
  live.closed(1000);
  live.wake();
  world.pass(60000);
  assert.deepEqual(world.told, ["pending", "approved"]);
  assert.equal(world.connects(), 1);
});

test("an older version changes nothing", () => {
  const { live, world } = play(3);
  live.start();
  live.opened();
  live.frame(state(approval(2, "denied")));
  assert.deepEqual(world.told, []);
});

test("a lost socket is tried again, sooner first and later slower", () => {
  const { live, world } = connected();
  live.closed(1006);
  world.pass(249);
  assert.equal(world.connects(), 1);
  world.pass(1);
  assert.equal(world.connects(), 2);
  live.closed(1006);
  world.pass(499);
  assert.equal(world.connects(), 2);
  world.pass(1);
  assert.equal(world.connects(), 3);
  assert.deepEqual(world.lines, ["connecting", "live", "lost", "lost"]);
});

test("a silent socket is asked, and dropped when it does not answer", () => {
  const { world } = connected();
  world.pass(15000);
  assert.equal(world.log.at(-1), "ping");
  world.pass(5000);
  assert.equal(world.log.at(-1), "drop");
  world.pass(250);
  assert.equal(world.connects(), 2);
});

test("an answer to the question keeps the socket", () => {
  const { live, world } = connected();
  world.pass(15000);
  live.frame(state(approval(1)));
  world.pass(5000);
  assert.equal(world.connects(), 1);
});

test("a socket that opens but says nothing is given up", () => {
  const { live, world } = play();
  live.start();
  live.opened();
  world.pass(5000);
  assert.equal(world.lines.at(-1), "lost");
});

test("waking asks at once over an open socket, and connects at once without one", () => {
  const { live, world } = connected();
  live.wake();
  assert.equal(world.log.at(-1), "ping");
  live.closed(1006);
  live.wake();
  assert.equal(world.connects(), 2);
});

test("a hub that drains says when to come back", () => {
  const { live, world } = connected();
  live.frame(JSON.stringify({ type: "reconnect", after_ms: 700 }));
  world.pass(700);
  assert.equal(world.connects(), 2);
});

test("a session that is gone reloads the page", () => {
  const { live, world } = connected();
  live.closed(4401);
  assert.equal(world.log.at(-1), "reload");
});

test("after two failed connects the page asks by long poll, and hears the outcome that way", async () => {
  const { live, world } = play();
  live.start();
  live.closed(1006);
  assert.equal(world.polls.length, 0);
  world.pass(250);
  live.closed(1006);
  assert.equal(world.polls.length, 1);
  world.polls[0].answer(approval(1));
  await settle();
  assert.equal(world.lines.at(-1), "slow");
  assert.deepEqual([world.polls.length, world.polls[1].since], [2, 1]);
  world.polls[1].answer(approval(2, "approved"));
  await settle();
  assert.deepEqual([world.told.at(-1), world.polls.length], ["approved", 2]);
});

test("once a socket is back, the long poll ends", async () => {
  const { live, world } = play();
  live.start();
  live.closed(1006);
  world.pass(250);
  live.closed(1006);
  world.pass(500);
  live.opened();
  live.frame(state(approval(1)));
  world.polls[0].answer(approval(1));
  await settle();
  assert.equal(world.polls.length, 1);
  assert.equal(world.lines.at(-1), "live");
});

test("a long poll that fails is tried again, and says so", async () => {
  const { live, world } = play();
  live.start();
  live.closed(1006);
  world.pass(250);
  live.closed(1006);
  world.polls[0].fail(new Error("offline"));
  await settle();
  assert.equal(world.lines.at(-1), "lost");
  world.pass(500);
  await settle();
  assert.equal(world.polls.length, 2);
});

test("a long poll that knows no such approval reloads the page", async () => {
  const { live, world } = play();
  live.start();
  live.closed(1006);
  world.pass(250);
  live.closed(1006);
  world.polls[0].answer(null);
  await settle();
  assert.equal(world.log.at(-1), "reload");
});
