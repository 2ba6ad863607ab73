// What the waiting page costs to load.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { gzipSync } from "node:zlib";
import { browserTests, signIn, waits } from "./browser.js";
import { Product } from "./product.js";

const LIMIT = 15 * 1024;

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

test("HTML, styles and scripts of the waiting page are under 15 KiB when compressed", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const loaded = new Map();
  page.on("response", (answer) => {
    const kind = answer.request().resourceType();
    if (["document", "stylesheet", "script"].includes(kind)) loaded.set(answer.url(), answer);
  });
  await page.goto(`${product.url}/sign-in`);
  loaded.clear();
  await signIn(page, product.url, person);
  await waits(page);
  const sizes = [];
  for (const [url, answer] of loaded) {
    if (answer.status() === 200 && !url.endsWith("/sign-in")) sizes.push([url, gzipSync(await answer.body()).length]);
  }
  assert.ok(sizes.length >= 4, `only ${sizes} were loaded`);
  const whole = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(whole < LIMIT, `${whole} bytes: ${sizes.join(", ")}`);
});
