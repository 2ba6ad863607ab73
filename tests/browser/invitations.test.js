// Invitations in a browser: opened with scripts, pasted without, and already used.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, looksRight, waits } from "./browser.js";
import { Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start({ SIGN_UP: "invited" })));
after(() => product?.stop());

async function fill(page, person) {
  await page.getByLabel("Full name").fill(person.full_name);
  await page.getByLabel("Country of your phone").selectOption({ label: `United States (+${person.country_code})` });
  await page.getByLabel("Phone number").fill(person.phone);
  await page.getByLabel("Password").fill(person.password);
  await leads(page, () => page.getByRole("button", { name: "Create account" }).click());
}

for (const javaScriptEnabled of [true, false]) {
  test(`an invitation opens an account, ${javaScriptEnabled ? "by itself" : "pasted, without scripts"}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), product.stranger()];
    const link = await product.invitation(person.email);
    const key = link.split("#")[1].split(":")[0];
    const addresses = [];
    page.on("request", (request) => addresses.push(request.url()));
    await page.goto(javaScriptEnabled ? link : `${product.url}/invitation`);
    if (javaScriptEnabled) {
      await page.getByLabel("Key from your invitation").waitFor({ state: "hidden" });
      assert.equal(page.url(), `${product.url}/invitation`, "the key is out of the address");
      assert.equal(await page.getByLabel("Email").inputValue(), person.email);
      assert.equal(await page.getByLabel("Email").isEditable(), false);
    } else {
      await page.getByLabel("Key from your invitation").fill(link);
      await page.getByLabel("Email").fill(person.email);
    }
    if (javaScriptEnabled) await looksRight(page);
    await fill(page, { ...person, password: "password1" });
    await page.locator("#password-error").waitFor();
    await fill(page, person);
    await product.answer(person, "approve", await page.locator(".number").innerText());
    if (javaScriptEnabled) await isIn(page);
    assert.deepEqual(addresses.filter((url) => url.split("#")[0].includes(key)), []);
  });
}

test("an invitation that is used says so beside its field, and nothing typed is lost", async (open) => {
  const [page, person] = [await open(), product.stranger()];
  const link = await product.invitation(person.email);
  await page.goto(link);
  await fill(page, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  const other = await open();
  await other.goto(link);
  await fill(other, product.stranger());
  await other.locator("#invitation-error").getByText("An invitation works once").waitFor();
  await other.getByLabel("Key from your invitation").waitFor();
  assert.equal(await other.getByLabel("Email").inputValue(), person.email);
  await looksRight(other);
});
