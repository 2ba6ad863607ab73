// Times are in the reader's zone with scripts, and in UTC, with its name, without.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test as plainTest } from "node:test";
import { browserTests, isIn, looksRight, signIn, waits } from "./browser.js";
import { Product } from "./product.js";

const source = await readFile(new URL("../../web/assets/times.js", import.meta.url), "utf8");
const { inZone } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

const IN_UTC = /^\d{1,2} \w{3} \d{4}, \d\d:\d\d UTC$/;

plainTest("a moment is written in another zone as the server writes it in UTC", () => {
  const moment = "2026-09-02T23:05:07.12Z";
  assert.equal(inZone(moment, "UTC"), "2 Sep 2026, 23:05 UTC");
  assert.equal(inZone(moment, "Asia/Kolkata"), "3 Sep 2026, 04:35 GMT+5:30");
  assert.equal(inZone(moment, "America/New_York"), "2 Sep 2026, 19:05 EDT");
  assert.equal(inZone("2026-09-02T00:05:00Z", "UTC"), "2 Sep 2026, 00:05 UTC");
});

test("every time of the account is in the zone of the reader, which it names", async (open) => {
  const [page, person] = [await open({ timezoneId: "Asia/Kolkata" }), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  await page.locator("time[title]").first().waitFor();
  const times = await page.locator("time").evaluateAll((all) => all.map((one) => [one.textContent, one.dateTime, one.title]));
  assert.ok(times.length >= 2, String(times));
  for (const [text, moment, title] of times) {
    assert.equal(text, inZone(moment, "Asia/Kolkata"));
    assert.match(title, IN_UTC);
  }
  await looksRight(page);
});

test("without scripts every time is in UTC and says so", async (open) => {
  const [page, person] = [await open({ javaScriptEnabled: false, timezoneId: "Asia/Kolkata" }), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "approve", (await page.locator(".number").innerText()).trim());
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("You are signed in.").waitFor();
  for (const text of await page.locator("time").allTextContents()) assert.match(text, IN_UTC);
});
