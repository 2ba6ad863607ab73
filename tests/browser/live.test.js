// The state machine of the waiting page by itself: sockets, silence and waking. Its polls have a file of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { approval, backOff, connected, Countdown, END, play, settle, state, stateOf, timeLeft } from "./played.js";

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

test("a line that always answers late is given more time, and never called lost", () => {
  const { live, world } = connected();
  for (let second = 0; second < 20; second += 1) {
    world.pass(1000 + 2000);
    live.frame(state(approval(1)));
  }
  assert.deepEqual(world.lines, ["connecting", "live"]);
  assert.equal(world.polls.length, 2);
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
