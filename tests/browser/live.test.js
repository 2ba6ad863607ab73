// The state machine of the waiting page by itself: no browser, no socket, a clock that is wound by hand.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// By its text, so that the asset needs no package.json beside it.
const source = await readFile(new URL("../../web/assets/live.js", import.meta.url), "utf8");
const { Countdown, Live, backOff, pollQuery, stateOf, timeLeft } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const END = Date.parse("2026-11-22T12:02:00Z");

function approval(version, status = "pending", more = {}) {
  return { version, status, delivery: "sent", expires_at: "2026-11-22T12:02:00Z", replaced_by: null, ...more };
}

/** A world whose clock stands still until it is told to pass. */
function play(version = 1) {
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

const state = (one) => JSON.stringify({ type: "state", approval: one });
const settle = () => new Promise((go) => setImmediate(go));

function connected() {
  const { live, world } = play();
  live.start();
  live.opened();
  live.frame(state(approval(1)));
  return { live, world };
}

test("the time left counts by the clock that is handed in, and small delays change nothing", () => {
  const countdown = new Countdown(120_000, 5000);
  assert.equal(countdown.left(5000), 120_000);
  assert.equal(countdown.left(15_000), 110_000);
  countdown.correct(108_600, 15_000);
  countdown.correct(111_400, 15_000);
  assert.equal(countdown.left(15_000), 110_000);
});

test("a clock that stood still while the machine slept is put right by the server", () => {
  const countdown = new Countdown(120_000, 0);
  countdown.correct(40_000, 2000);
  assert.equal(countdown.left(3000), 39_000);
  countdown.correct(90_000, 3000);
  assert.equal(countdown.left(3000), 90_000);
});

test("a socket passes on the time left by the server's clock", () => {
  const { live, world } = play();
  const told = [];
  live.world.left = (ms) => told.push(ms);
  live.start();
  live.opened();
  const at = (now, version) => JSON.stringify({ type: "state", approval: approval(version), now });
  live.frame(at("2026-11-22T12:01:00Z", 1));
  live.frame(at("2026-11-22T12:01:30.5Z", 1));
  live.frame(state(approval(1)));
  assert.deepEqual(told, [60_000, 29_500]);
});

test("the words follow status, delivery and time", () => {
  assert.equal(stateOf(approval(1), END - 1), "sent");
  assert.equal(stateOf(approval(1, "pending", { delivery: "no_app" }), END - 1), "no_app");
  assert.equal(stateOf(approval(1), END), "checking");
  assert.equal(stateOf(approval(2, "approved"), END + 1), "approved");
  assert.equal(stateOf(approval(2, "cancelled"), END - 1), "cancelled");
  for (const status of ["denied", "expired", "cancelled"]) assert.equal(stateOf(approval(2, status, { replaced_by: "x" }), END), "replaced");
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
  assert.deepEqual(world.told, ["approved"]);
  assert.deepEqual([world.times("connect"), world.polls.length, world.timers.size], [1, 0, 0]);
});

test("a version that is known, or older, is not told", () => {
  const { live, world } = play(3);
  live.start();
  live.opened();
  live.frame(state(approval(2, "denied")));
  live.frame(state(approval(3)));
  assert.deepEqual(world.told, []);
});

test("a lost socket is tried again, sooner first and later slower", () => {
  const { live, world } = connected();
  live.closed(1006);
  world.pass(249);
  assert.equal(world.times("connect"), 1);
  world.pass(1);
  assert.equal(world.times("connect"), 2);
  live.closed(1006);
  world.pass(499);
  assert.equal(world.times("connect"), 2);
  world.pass(1);
  assert.equal(world.times("connect"), 3);
  live.frame(state(approval(1)));
  live.closed(1006);
  world.pass(250);
  assert.equal(world.times("connect"), 4);
});

test("an open socket is asked each second, and an answer keeps it", () => {
  const { live, world } = connected();
  for (let second = 1; second <= 30; second += 1) {
    world.pass(1000);
    assert.equal(world.times("ping"), second);
    live.frame(state(approval(1)));
  }
  assert.deepEqual([world.times("connect"), world.polls.length, world.times("drop")], [1, 0, 0]);
  assert.deepEqual(world.lines, ["connecting", "live"]);
});

test("a slow answer keeps the socket, and ends what was begun beside", () => {
  const { live, world } = connected();
  world.pass(1000 + 900);
  assert.equal(world.polls.length, 1);
  live.frame(state(approval(1)));
  assert.deepEqual([world.times("connect"), world.times("hush"), world.lines.at(-1)], [1, 1, "live"]);
});

test("a silent socket is dropped in the end, and tried again", () => {
  const { world } = connected();
  world.pass(1000 + 5000);
  assert.equal(world.times("drop"), 1);
  world.pass(250);
  assert.equal(world.times("connect"), 2);
});

for (const [what, happens] of [
  ["refused", (live) => live.closed(1006)],
  ["swallowed", () => {}],
  ["opened and then silent", (live) => live.opened()],
]) {
  test(`a socket that is ${what} has a poll beside it within a second`, async () => {
    const { live, world } = play();
    live.start();
    happens(live);
    world.pass(1000);
    await settle();
    assert.equal(world.polls.length, 1);
  });
}

test("a socket that is back ends what was begun beside", async () => {
  const { live, world } = play();
  live.start();
  world.pass(800);
  live.frame(state(approval(1)));
  world.polls[0].answer(approval(2, "approved"));
  await settle();
  assert.deepEqual([world.told, world.polls.length, world.lines.at(-1)], [[], 1, "live"]);
});

/** On polls, because nothing else works. */
function polling() {
  const { live, world } = play();
  live.start();
  world.pass(800);
  return { live, world };
}

test("the first poll shows at once that there is a line, the others wait for news", async () => {
  const { world } = polling();
  assert.deepEqual([world.polls[0].since, world.polls[0].wait], [1, 0]);
  world.polls[0].answer(approval(1));
  await settle();
  assert.equal(world.lines.at(-1), "slow");
  assert.deepEqual([world.polls[1].since, world.polls[1].wait], [1, 4]);
  world.polls[1].answer(approval(2, "approved"));
  await settle();
  assert.deepEqual([world.told, world.polls.length, world.timers.size], [["approved"], 2, 0]);
});

test("a poll that fails is tried again, and the first one after it does not wait", async () => {
  const { world } = polling();
  world.polls[0].fail(new Error("offline"));
  await settle();
  world.pass(250);
  await settle();
  world.polls[1].answer(approval(1));
  await settle();
  assert.deepEqual(world.polls.map(({ wait }) => wait), [0, 0, 4]);
});

/** Answers the newest poll, which did not wait; the one after it does. How long the server may think about that one. */
async function next(world) {
  world.polls.at(-1).answer(approval(1));
  await settle();
  return world.polls.at(-1).wait;
}

test("a poll that is cut off after a while makes the waits shorter, one that is refused does not", async () => {
  const { world } = polling();
  const waits = [];
  for (const ms of [2000, 2000, 2000, 500]) {
    waits.push(await next(world));
    world.pass(ms);
    world.polls.at(-1).fail(new Error("504"));
    await settle();
    world.pass(500);
    await settle();
  }
  assert.deepEqual([...waits, await next(world)], [4, 2, 1, 1, 1]);
});

test("polls that are one too many become rare, and so do the tries for a socket", async () => {
  const { live, world } = polling();
  assert.equal(await next(world), 4);
  world.polls.at(-1).fail(0);
  await settle();
  world.pass(3900);
  assert.equal(world.polls.length, 2);
  world.pass(100);
  await settle();
  assert.equal(await next(world), 25);
  live.closed(1006);
  const tries = world.times("connect");
  world.pass(999);
  assert.equal(world.times("connect"), tries);
});

test("an answer without news that was not waited for is no reason to ask again at once", async () => {
  const { world } = polling();
  await next(world);
  world.polls[1].answer(approval(1));
  await settle();
  assert.equal(world.polls.length, 2);
  world.pass(1000);
  await settle();
  assert.equal(world.polls.length, 3);
});

test("each poll has another address, so that no cache has its answer", () => {
  const addresses = Array.from({ length: 100 }, (_, polls) => pollQuery(1, 4, polls));
  assert.equal(new Set(addresses).size, 100);
  for (const address of addresses) assert.deepEqual([...new URLSearchParams(address)].map(([name, value]) => [name, Number(value)]), [["wait", 4], ["since", 1]]);
});

test("the connection is lost when nothing has been heard for six seconds, by no way, and not before", async () => {
  const { live, world } = connected();
  live.closed(1006);
  world.pass(5999);
  assert.deepEqual(world.lines, ["connecting", "live"]);
  world.pass(1);
  assert.equal(world.lines.at(-1), "lost");
  live.frame(state(approval(1)));
  assert.equal(world.lines.at(-1), "live");
});

test("a long poll that waits for news is no silence", async () => {
  const { world } = polling();
  world.polls[0].answer(approval(1));
  await settle();
  world.pass(4000);
  assert.equal(world.lines.at(-1), "slow");
});

test("a line that always answers late is given more time, and never called lost", () => {
  const { live, world } = connected();
  for (let second = 0; second < 20; second += 1) {
    world.pass(1000 + 2000);
    live.frame(state(approval(1)));
  }
  assert.deepEqual(world.lines, ["connecting", "live"]);
  assert.equal(world.polls.length, 2);
});

test("a long poll that is sent away leaves the server alone for as long as it was told", async () => {
  const { world } = polling();
  world.polls[0].fail(5);
  await settle();
  world.pass(4900);
  await settle();
  assert.equal(world.polls.length, 1);
  world.pass(200);
  await settle();
  assert.deepEqual([world.polls.length, world.polls[1].wait], [2, 0]);
});

test("a long poll that knows no such approval reloads the page", async () => {
  const { world } = polling();
  world.polls[0].answer(null);
  await settle();
  assert.deepEqual([world.log.at(-1), world.timers.size], ["reload", 0]);
});

test("waking asks at once over an open socket, and connects at once without one", () => {
  const { live, world } = connected();
  live.wake();
  assert.equal(world.log.at(-1), "ping");
  live.closed(1006);
  live.wake();
  assert.equal(world.times("connect"), 2);
});

test("a hub that drains says when to come back, and nothing is tried beside until then", () => {
  const { live, world } = connected();
  live.frame(JSON.stringify({ type: "reconnect", after_ms: 700 }));
  world.pass(700);
  assert.deepEqual([world.times("connect"), world.polls.length], [2, 0]);
});

test("a session that is gone reloads the page", () => {
  const { live, world } = connected();
  live.closed(4401);
  assert.equal(world.log.at(-1), "reload");
});

/** The same numbers for the same seed (mulberry32). */
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("whatever happens in whatever order, the page keeps trying, and never goes back in time", async () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const random = seeded(seed);
    const { live, world } = play();
    const told = [];
    live.world.tell = (news) => told.push(news.version);
    let version = 1;
    const some = () => approval(Math.max(1, (version += Math.floor(random() * 3) - 1)));
    const happenings = [
      () => live.opened(),
      () => live.closed(1006),
      () => live.frame(state(some())),
      () => live.frame(JSON.stringify({ type: "reconnect", after_ms: 500 })),
      () => live.wake(),
      () => world.polls.pop()?.answer(some()),
      () => world.polls.pop()?.fail(new Error("cut off")),
      () => world.pass(random() * 3000),
    ];
    live.start();
    for (let step = 0; step < 60; step += 1) {
      happenings[Math.floor(random() * happenings.length)]();
      await settle();
      assert.ok(world.timers.size > 0, `seed ${seed}, step ${step}: nothing is tried any more`);
    }
    assert.deepEqual(told, [...new Set(told)].sort((one, other) => one - other), `seed ${seed}`);
    // From now on nothing but polls gets through.
    live.closed(1006);
    for (let second = 0; second < 30 && !world.told.includes("approved"); second += 1) {
      world.pass(1000);
      live.closed(1006);
      await settle();
      live.world.tell = (news) => world.told.push(news.status);
      world.polls.pop()?.answer(approval(version + 100, "approved"));
      await settle();
    }
    assert.ok(world.told.includes("approved"), `seed ${seed}: the outcome is never told`);
  }
});
