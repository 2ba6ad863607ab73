// Polls of the waiting page, by its state machine alone: how long they wait, and how refusals and cuts change that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { approval, next, pollQuery, polling, retryAfter, settle } from "./played.js";

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

test("a long poll that waits for news is no silence", async () => {
  const { world } = polling();
  world.polls[0].answer(approval(1));
  await settle();
  world.pass(4000);
  assert.equal(world.lines.at(-1), "slow");
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

test("a wait that was cut off is never asked for again, however often polls are refused", async () => {
  const { world } = polling();
  const cut = [];
  // A proxy that allows 10 s, and refuses for a while after it gave a server up.
  for (let round = 0; round < 6; round += 1) {
    const wait = await next(world);
    const passes = wait < 10;
    cut.push(passes ? 0 : wait);
    world.pass(passes ? 1000 * wait : 10_000);
    if (passes) world.polls.at(-1).answer(approval(1));
    else world.polls.at(-1).fail(new Error("504"));
    await settle();
    world.pass(passes ? 0 : 500);
    await settle();
    world.polls.at(-1).fail(0);
    await settle();
    world.pass(8000);
    await settle();
  }
  assert.deepEqual(cut, [0, 25, 12, 0, 0, 0]);
});

test("polls that fail as soon as they wait are asked ever more slowly", async () => {
  const { world } = polling();
  for (let second = 0; second < 60; second += 1) {
    for (let step = 0; step < 10; step += 1) {
      const poll = world.polls.at(-1);
      if (poll.wait) poll.fail(new Error("403"));
      else poll.answer(approval(1));
      await settle();
      world.pass(100);
      await settle();
    }
  }
  assert.ok(world.polls.length < 40, `${world.polls.length} polls in a minute`);
});

test("a server is left alone for a minute at most, and a date counts as no time", () => {
  const headers = [null, "", "5", "60", "86400", "-1", "Sat, 28 Nov 2026 12:00:00 GMT"];
  assert.deepEqual(headers.map(retryAfter), [0, 0, 5, 60, 60, 0, 0]);
});
