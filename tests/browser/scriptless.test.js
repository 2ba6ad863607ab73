// Everything that can be done, with scripts off: the pages refresh themselves, and every step is a plain form or a link.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, signIn, signUp, transfer } from "./browser.js";
import { Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** A test that gets a page which runs no script. */
function scriptless(name, body) {
  test(name, async (open) => body(await open({ javaScriptEnabled: false })));
}

/** The page says this in its heading, by itself sooner or later. */
async function says(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

const number = async (page) => (await page.locator(".number").innerText()).trim();

/** Somebody who is in, on the account page. */
async function account(page) {
  const person = await product.person();
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await number(page));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account");
  return person;
}

scriptless("without scripts somebody signs up, corrects a mistake, and is in", async (page) => {
  const person = product.stranger();
  await signUp(page, product.url, { ...person, phone: "12" });
  await page.locator("#phone-error").waitFor();
  await page.getByLabel("Phone number").fill(person.phone);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await says(page, "Check your phone");
  await page.locator("#line noscript span").waitFor();
  await product.answer(person, "approve");
  await says(page, "You’re in");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("You are signed in.").waitFor();
});

scriptless("without scripts a denial shows by itself, and the authenticator's code leads in", async (page) => {
  const person = await product.person();
  await signIn(page, product.url, person);
  await product.answer(person, "deny", await number(page));
  await says(page, "Denied on your phone");
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("You are signed in.").waitFor();
});

scriptless("without scripts a transfer that is approved is used up by a button", async (page) => {
  const person = await account(page);
  await transfer(page);
  const address = page.url();
  await product.answer(person, "approve", await number(page));
  await says(page, "Approved");
  assert.equal(await page.locator("main .primary:visible").count(), 1);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account");
  await page.goto(address);
  await says(page, "Approved");
  assert.equal(await page.getByRole("button", { name: "Continue" }).count(), 0);
  await page.getByRole("link", { name: "Back to your account" }).click();
  await page.waitForURL("**/account");
});

scriptless("without scripts a transfer that is denied or cancelled leads back to the account", async (page) => {
  const person = await account(page);
  await transfer(page);
  await product.answer(person, "deny", await number(page));
  await says(page, "Denied on your phone");
  await page.getByRole("link", { name: "Back to your account" }).click();
  await transfer(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await says(page, "This request was cancelled");
  await page.getByRole("link", { name: "Back to your account" }).click();
  await page.waitForURL("**/account");
});

scriptless("without scripts and without the app a transfer is approved by its own code", async (page) => {
  const person = await account(page);
  await product.set(person, { has_app: false });
  await transfer(page);
  await says(page, "No app on your phone");
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("do not say what they approve").waitFor();
  await page.getByRole("button", { name: "Call me instead" }).click();
  await page.getByText("We called").waitFor();
  await page.getByLabel("Code").fill(await product.code(person, "calls"));
  await page.getByRole("button", { name: "Approve" }).click();
  await says(page, "Approved");
});
