// Clocks jump while a page waits, because people or programs set them, or a laptop sleeps. The page follows the
// server's time.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, says, signIn, waits } from "./browser.js";
import { Product, until } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** The seconds that the page says are left. */
async function left(page) {
  const [minutes, seconds] = (await page.locator("#left").innerText()).split(":").map(Number);
  return 60 * minutes + seconds;
}

/** From now on the clock of the page that people can set is `ms` ahead. */
const jump = (page, ms) =>
  page.evaluate((ms) => {
    const now = Date.now.bind(Date);
    Date.now = () => now() + ms;
  }, ms);

/** From now on the monotonic clock of the page is `ms` ahead, as after a sleep in which only that one went on. */
const skip = (page, ms) =>
  page.evaluate((ms) => {
    const now = performance.now.bind(performance);
    performance.now = () => now() + ms;
  }, ms);

for (const [what, ms] of [["ahead", 3_600_000], ["back", -3_600_000]]) {
  test(`a wall clock that is set ${what} changes nothing, and the tap signs in`, async (open) => {
    const [page, person] = [await open(), await product.person()];
    await signIn(page, product.url, person);
    const number = await waits(page);
    const before = await left(page);
    await jump(page, ms);
    await until(async () => (await left(page)) < before, "the next second");
    assert.ok((await left(page)) > before - 20, `${before} became ${await left(page)}`);
    await says(page, "Check your phone");
    await product.answer(person, "approve", number);
    await isIn(page);
  });
}

for (const ms of [600_000, -90_000]) {
  test(`a monotonic clock that is off by ${ms} ms is put right by the server`, async (open) => {
    const [page, person] = [await open(), await product.person()];
    await signIn(page, product.url, person);
    const number = await waits(page);
    const before = await left(page);
    await skip(page, ms);
    await until(async () => Math.abs((await left(page)) - before) < 20 && (await left(page)) < before, "the right time");
    await says(page, "Check your phone");
    await product.answer(person, "approve", number);
    await isIn(page);
  });
}

test("a page that hears by polls alone is put right as well", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await page.addInitScript(() => delete window.WebSocket);
  await signIn(page, product.url, person);
  await page.getByText("Connected. Your tap may take a moment.").waitFor();
  const before = await left(page);
  await skip(page, 600_000);
  await until(async () => (await left(page)) > before - 60 && (await left(page)) < before, "the right time", 60_000);
  await product.answer(person, "approve");
  await isIn(page);
});
