// Transactions in a browser: asked for on the account page, approved by a tap or by a code for them alone.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, says, signIn, transfer, waits } from "./browser.js";
import { Product } from "./product.js";
import { hold, turn } from "./still.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** Somebody who is in, on the account page. */
async function account(page) {
  const person = await product.person();
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  return person;
}

test("a transfer is approved by a tap, and its page stays and says so", async (open) => {
  const page = await open();
  const person = await account(page);
  await transfer(page);
  const number = await waits(page);
  const address = page.url();
  await product.answer(person, "approve", number);
  await says(page, "Approved");
  await page.getByRole("link", { name: "Back to your account" }).click();
  await isIn(page);
  await page.getByRole("link", { name: "Send money to Jarod’s vault" }).click();
  assert.equal(page.url(), address);
  await says(page, "Approved");
});

test("whoever types a code for a transfer and taps Approve after all sees it approved", async (open) => {
  const page = await open();
  const person = await account(page);
  await transfer(page);
  const number = await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await says(page, "Approve with a code");
  await product.answer(person, "approve", number);
  await says(page, "Approved");
});

test("without the app the page moves to the transfer's own code form, and back when the person wants", async (open) => {
  const page = await open();
  const person = await account(page);
  await product.set(person, { has_app: false });
  await transfer(page);
  await says(page, "Approve with a code");
  assert.match(page.url(), /\/approvals\/[^/]+\/code$/);
  await page.clock.install();
  await page.getByRole("link", { name: "Back to the request" }).click();
  await says(page, "No app on your phone");
  await page.clock.fastForward(10_000);
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByLabel("Code").fill(await product.code(person));
  await page.getByRole("button", { name: "Approve" }).click();
  await says(page, "Approved");
});

test("a transfer looked at from another sign-in counts down there, and tells its outcome by itself", async (open) => {
  const [page, other] = [await open(), await open()];
  const person = await account(page);
  await signIn(other, product.url, person);
  await product.answer(person, "approve", await waits(other));
  await isIn(other);
  await transfer(page);
  const number = await waits(page);
  await other.goto(page.url());
  await other.getByText("This was asked for in another sign-in.").waitFor();
  assert.equal(await waits(other), number);
  const left = await other.getByRole("timer").innerText();
  await other.waitForFunction((before) => document.getElementById("left").textContent !== before, left);
  assert.equal(await other.locator("main button:visible").count(), 0);
  await product.answer(person, "approve", number);
  await says(other, "Approved");
  await says(page, "Approved");
});

test("a detail with a name of one's own and nothing beside it is refused; what the form brings may stay empty", async (open) => {
  const page = await open();
  const person = await account(page);
  await transfer(page, async (button) => {
    await page.locator("[name=value]").nth(0).fill("");
    await page.locator("[name=label]").nth(3).fill("Reference");
    await button.click();
  });
  await page.locator("#details-error").getByText("Please give every detail 1 to 200 plain characters.").waitFor();
  assert.equal(await page.locator("[name=label]").nth(3).inputValue(), "Reference");
  await page.locator("[name=label]").nth(3).fill("");
  await page.getByRole("button", { name: "Ask my phone" }).click();
  await waits(page);
  const { request } = await product.request(person);
  assert.deepEqual([request.details.From, request.details.Reference], [undefined, undefined]);
});

test("while its last moments are checked, a transfer's page leads back to the account", async (open) => {
  const page = await open();
  await account(page);
  await hold(page);
  await transfer(page);
  await says(page, "Check your phone");
  await turn(page, "checking");
  await page.getByRole("link", { name: "Back to your account" }).click();
  await isIn(page);
});

for (const [what, field, error, told] of [
  ["a message", "message", "#message-error", "Please write a message of 1 to 144 plain characters."],
  ["the name of a detail", "label", "#details-error", "of 1 to 20 plain characters."],
  ["a detail", "value", "#details-error", "1 to 200 plain characters."],
]) {
  test(`${what} that is pasted too long is refused whole, not cut off`, async (open) => {
    const page = await open();
    await account(page);
    await transfer(page, async (button) => {
      const typed = page.locator(`[name=${field}]`).first();
      await typed.fill("");
      await typed.focus();
      await page.keyboard.insertText("m".repeat(250));
      assert.equal((await typed.inputValue()).length, 250);
      await button.click();
    });
    await page.locator(error).getByText(told).waitFor();
    assert.equal((await page.locator(`[name=${field}]`).first().inputValue()).length, 250);
  });
}
