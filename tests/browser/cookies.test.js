// Without cookies, or after a session ended in another tab, the sign-in page shows the reason, and no phone rings in
// vain.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, looksRight, says, signIn, signUp, waits } from "./browser.js";
import { Product } from "./product.js";
import { Proxy } from "./proxy.js";

const test = browserTests();
const REASON = "Your sign-in has ended, or this browser keeps no cookies for this site.";
let [product, proxy] = [];
before(async () => {
  product = await Product.start();
  // The proxy removes our cookies, as if the browser kept none.
  proxy = await Proxy.start(product.url);
  proxy.headers = (name) => name.toLowerCase() !== "set-cookie";
});
after(async () => {
  proxy?.stop();
  await product?.stop();
});

const requests = async (person) => (await product.phone(person)).requests.length;

for (const javaScriptEnabled of [true, false]) {
  const scripts = javaScriptEnabled ? "" : ", without scripts";

  test(`without cookies a sign-in says so and no phone rings${scripts}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), await product.person()];
    const rung = await requests(person);
    for (let tries = 0; tries < 3; tries += 1) {
      await signIn(page, proxy.url, person);
      await page.getByText("This browser keeps no cookies for this site").waitFor();
      assert.equal(await page.getByLabel("Email").inputValue(), person.email);
    }
    assert.equal(await requests(person), rung);
    if (javaScriptEnabled) await looksRight(page);
  });

  test(`without cookies a sign-up says so and keeps what was typed${scripts}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), product.stranger()];
    await signUp(page, proxy.url, person);
    await page.getByText("This browser keeps no cookies for this site").waitFor();
    assert.equal(await page.getByLabel("Phone number").inputValue(), person.phone);
    assert.equal(await product.phone(person), undefined);
    if (javaScriptEnabled) await looksRight(page);
  });

  test(`cookies that were deleted while the form was open are no obstacle${scripts}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), await product.person()];
    await page.goto(`${product.url}/sign-in`);
    await page.context().clearCookies();
    await page.getByLabel("Email").fill(person.email);
    await page.getByLabel("Password").fill(person.password);
    await leads(page, () => page.getByRole("button", { name: "Sign in" }).click());
    await page.getByRole("heading", { level: 1, name: "Check your phone" }).waitFor();
  });

  test(`a session that ended in another tab leads to a sign-in page that says why${scripts}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), await product.person()];
    await signIn(page, product.url, person);
    await page.getByRole("heading", { level: 1, name: "Check your phone" }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${product.url}/code`);
    await other.getByRole("button", { name: "Leave" }).click();
    await other.getByRole("heading", { level: 1, name: "Sign in with a tap" }).waitFor();
    // The page follows by itself: its script is notified, and without scripts it reloads every 5 s.
    await page.getByText(REASON).waitFor();
    assert.match(page.url(), /\/sign-in\?ended$/);
    if (javaScriptEnabled) await looksRight(page);
    await signIn(page, product.url, person);
    await page.getByRole("heading", { level: 1, name: "Check your phone" }).waitFor();
  });
}

test("a form of a session that has ended says why, and leads to the sign-in page", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  await page.context().clearCookies();
  await page.getByLabel("Message").fill("Send money");
  await leads(page, () => page.getByRole("button", { name: "Ask my phone" }).click());
  await says(page, "You are not signed in");
  await page.getByText(REASON).waitFor();
  await looksRight(page);
  await page.getByRole("link", { name: "Sign in" }).click();
  await says(page, "Sign in");
  await page.getByText(REASON).waitFor();
});
