// What people do, from the first page to the last, with the real executable and a real browser.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, keep, leaves, says, signIn, signUp, waits } from "./browser.js";
import { PASSWORD, Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

test("somebody signs up, approves on the phone, and is in", async (open) => {
  const [page, person] = [await open(), product.stranger()];
  await page.goto(product.url);
  await page.getByRole("link", { name: "Create an account" }).click();
  await signUp(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await page.getByText(person.email).first().waitFor();
});

test("signing up tells errors beside the fields and keeps what was typed", async (open) => {
  const page = await open();
  await signUp(page, product.url, { ...product.stranger(), phone: "12", password: "m".repeat(1250) });
  await page.getByRole("heading", { name: "Create an account" }).waitFor();
  const phone = page.getByLabel("Phone number");
  assert.equal(await phone.getAttribute("aria-invalid"), "true");
  assert.equal(await phone.inputValue(), "12");
  assert.match(await phone.getAttribute("aria-describedby"), /^phone-error/);
  assert.notEqual(await page.locator("#phone-error").innerText(), "");
  assert.notEqual(await page.locator("#password-error").innerText(), "");
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  assert.equal(await page.getByLabel("Full name").getAttribute("aria-invalid"), null);
});

test("a name, an address and a password that are pasted too long are refused whole, not cut off", async (open) => {
  const [page, long] = [await open(), "m".repeat(1250)];
  await signUp(page, product.url, { ...product.stranger(), full_name: "", email: "", password: "" }, async (button) => {
    for (const [label, text] of [["Full name", long], ["Email", `${long}@example.com`], ["Password", long]]) {
      const typed = page.getByLabel(label);
      await typed.focus();
      await page.keyboard.insertText(text);
      assert.equal((await typed.inputValue()).length, text.length);
    }
    await button.click();
  });
  for (const name of ["full_name", "email", "password"]) await page.locator(`#${name}-error`).waitFor();
});

test("a sign-in that is approved goes on by itself, and the title tells it", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  assert.match(number, /^\d\d$/);
  const goOn = await keep(page, "**/complete");
  await product.answer(person, "approve", number);
  await says(page, "You’re in");
  assert.equal(await page.title(), "You’re in - Countersign");
  goOn();
  await isIn(page);
});

test("a wrong password and an unknown email are told alike", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const told = async (someone) => {
    await signIn(page, product.url, someone);
    return page.getByRole("alert").innerText();
  };
  const wrong = await told({ ...person, password: `not ${PASSWORD}` });
  assert.equal(await page.getByLabel("Email").inputValue(), person.email);
  assert.equal(await told({ ...person, email: "nobody@example.com" }), wrong);
});

test("a denial is told, moves the focus, and leaves the person out", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "deny");
  await says(page, "Denied on your phone");
  await page.getByRole("alert").getByText("Nobody was signed in. If that was a slip").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Denied on your phone");
  await page.goto(`${product.url}/account`);
  await says(page, "Denied on your phone");
});

test("after a denial a code still leads in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "deny");
  await says(page, "Denied on your phone");
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByText("We sent a text message").waitFor();
  await page.getByLabel("Code").fill(await product.code(person));
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("without the app the page moves to the code form by itself, and the texted code leads in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await product.set(person, { has_app: false });
  await signIn(page, product.url, person);
  await page.waitForURL("**/code");
  await says(page, "No app on your phone");
  await page.getByLabel("Code").fill(await product.code(person));
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("a wrong code is told beside the field, and the code of a call is taken after it", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByRole("button", { name: "Call me instead" }).click();
  await page.getByText("We called").waitFor();
  const right = await product.code(person, "calls");
  await page.getByLabel("Code").fill(right.replace(/^./, (digit) => String((Number(digit) + 1) % 10)));
  await page.getByRole("button", { name: "Continue" }).click();
  assert.notEqual(await page.locator("#code-error").innerText(), "");
  assert.equal(await page.getByLabel("Code").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Code").fill(right);
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("the authenticator's code leads in, and from the code form there is a way back to the tap", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByRole("link", { name: "Tap Approve on the phone instead" }).click();
  await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("a provider that is down is told, and offers a code", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await product.set(person, { provider_down: true });
  const goOn = await keep(page, "**/code");
  await signIn(page, product.url, person);
  await says(page, "We cannot reach your phone");
  await page.getByRole("link", { name: "Use a code" }).waitFor();
  goOn();
  await page.waitForURL("**/code");
  await page.getByRole("heading", { name: "We cannot reach your phone’s app" }).waitFor();
});

test("send again makes a new number, and a page that shows the old one follows", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const first = await waits(page);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await waits(second);
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  const number = await waits(page);
  assert.notEqual(number, first);
  await second.waitForURL(page.url());
  await product.answer(person, "approve", number);
  await isIn(page);
  await isIn(second);
});

test("a request that was cancelled says so and can no longer be approved", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await says(page, "This request was cancelled");
  await product.answer(person, "approve", number);
  await page.reload();
  await says(page, "This request was cancelled");
});

test("call me instead calls at once, once for two clicks, and the code leads in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("button", { name: "Call me instead" }).dblclick();
  await page.getByText("We called").waitFor();
  await page.getByLabel("Code").fill(await product.code(person, "calls"));
  assert.equal((await product.phone(person)).calls.length, 1);
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("without scripts every way out is a plain form", async (open) => {
  const [page, person] = [await open({ javaScriptEnabled: false }), await product.person()];
  await signIn(page, product.url, person);
  const [old, first] = [page.url(), await page.locator(".number").innerText()];
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  assert.notEqual(await page.locator(".number").innerText(), first);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "This request was cancelled" }).waitFor();
  await signIn(page, product.url, person);
  await page.getByRole("button", { name: "Call me instead" }).click();
  await page.getByText("We called").waitFor();
  await page.getByLabel("Code").fill(await product.code(person, "calls"));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account");
});

test("two clicks on cancel are as good as one", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("button", { name: "Cancel" }).dblclick();
  await says(page, "This request was cancelled");
});

test("signing out ends the session", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await says(page, "Sign in with a tap");
  await page.goto(`${product.url}/account`);
  await page.waitForURL(/\/sign-in\?ended$/);
});
