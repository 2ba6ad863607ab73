// A sign-up with a wrong number: it is shown in full, and changed without typing everything again.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, looksRight, says, signIn, signUp, waits } from "./browser.js";
import { Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** As the page shows it. */
const inFull = ({ phone }) => `+1 ${phone.slice(0, 3)}-${phone.slice(3, 6)}-${phone.slice(6)}`;

/** The form has all that was typed but the password; it is sent with another number. */
async function correct(page, wrong, right) {
  assert.equal(await page.getByLabel("Full name").inputValue(), wrong.full_name);
  assert.equal(await page.getByLabel("Email").inputValue(), wrong.email);
  assert.equal(await page.getByLabel("Phone number").inputValue(), inFull(wrong));
  assert.match(await page.getByLabel("Country of your phone").locator("option:checked").innerText(), /United States/);
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await page.getByLabel("Phone number").fill(right.phone);
  await page.getByLabel("Password").fill(right.password);
  await leads(page, () => page.getByRole("button", { name: "Create account" }).click());
  await page.getByText(inFull(right)).waitFor();
}

for (const javaScriptEnabled of [true, false]) {
  const scripts = javaScriptEnabled ? "" : ", without scripts";

  test(`a wrong number is changed on the waiting page${scripts}`, async (open) => {
    const [page, wrong, other] = [await open({ javaScriptEnabled }), product.stranger(), product.stranger()];
    const right = { ...wrong, phone: other.phone };
    await signUp(page, product.url, wrong);
    await page.getByText(inFull(wrong)).waitFor();
    const { request } = await product.request(wrong);
    await leads(page, () => page.getByRole("button", { name: "Not your number? Change it" }).click());
    if (javaScriptEnabled) await looksRight(page);
    await correct(page, wrong, right);
    await product.request(right);
    const asked = (await product.phone(wrong)).requests.find((one) => one.uuid === request.uuid);
    assert.notEqual(asked.status, "approved");
    await product.answer(right, "approve");
    await page.getByRole("heading", { level: 1, name: "You’re in" }).or(page.getByText("You are signed in.")).first().waitFor();
  });

  test(`a wrong number is changed on the code page${scripts}`, async (open) => {
    const [page, wrong, other] = [await open({ javaScriptEnabled }), product.stranger(), product.stranger()];
    await signUp(page, product.url, wrong);
    await page.goto(`${product.url}/code`);
    await page.getByText(inFull(wrong)).waitFor();
    if (javaScriptEnabled) await looksRight(page);
    await leads(page, () => page.getByRole("button", { name: "Not your number? Change it" }).click());
    await correct(page, wrong, { ...wrong, phone: other.phone });
  });
}

for (const [what, heading, end] of [
  ["cancelled", "This request was cancelled", (page) => page.getByRole("button", { name: "Cancel" }).click()],
  ["denied", "Denied on your phone", (_, person) => product.answer(person, "deny")],
]) {
  test(`a sign-up that was ${what} leads to its form, also when the page is loaded later`, async (open) => {
    const [page, person] = [await open(), product.stranger()];
    await signUp(page, product.url, person);
    await waits(page);
    await end(page, person);
    await says(page, heading);
    await page.reload();
    await says(page, heading);
    await looksRight(page);
    assert.equal(await page.getByText("Sign in again").count(), 0);
    await leads(page, () => page.getByRole("button", { name: "Sign up again" }).click());
    await correct(page, person, { ...person, phone: product.stranger().phone });
  });
}

test("the form that is shown again is not sent again by a reload", async (open) => {
  const [page, person] = [await open(), product.stranger()];
  await signUp(page, product.url, person);
  await waits(page);
  await leads(page, () => page.getByRole("button", { name: "Not your number? Change it" }).click());
  await leads(page, () => page.reload());
  await says(page, "Create an account");
  assert.equal(await page.getByLabel("Email").inputValue(), "");
});

test("the number of an account is never shown in full before its phone is proven again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  for (const path of [page.url(), `${product.url}/code`]) {
    await page.goto(path);
    const text = await page.locator("body").innerText();
    assert.ok(!text.includes(person.phone) && !text.includes(inFull(person)), text);
    assert.equal(await page.getByRole("button", { name: "Not your number?" }).count(), 0);
  }
  await product.answer(person, "approve");
  await isIn(page);
});
