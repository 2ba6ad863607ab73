// Every page and state through axe, at every width and in both schemes.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, keep, leads, leaves, looksRight, press, says, signIn, signUp, transfer, waits } from "./browser.js";
import { Product } from "./product.js";
import { PAGES, STATES, reached } from "./states.js";
import { hold, turn } from "./still.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start({ PUSH_WAIT_SECONDS: "0" })));
after(() => product?.stop());

test("the pages before signing in look right", async (open) => {
  const page = await open();
  for (const path of ["/", "/sign-in", "/sign-up", "/nowhere"]) {
    await page.goto(product.url + path);
    await looksRight(page);
  }
});

test("the forms with errors look right", async (open) => {
  const page = await open();
  await signUp(page, product.url, { ...product.stranger(), phone: "12", password: "password1" });
  await page.locator("#phone-error").waitFor();
  await looksRight(page);
  await signIn(page, product.url, product.stranger());
  await page.getByRole("alert").waitFor();
  await looksRight(page);
});

test("waiting, approved and the account look right", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await looksRight(page);
  const goOn = await keep(page, "**/complete");
  await product.answer(person, "approve", number);
  await says(page, "You’re in");
  await looksRight(page);
  goOn();
  await isIn(page);
  await looksRight(page);
});

test("denied, cancelled and the code form look right", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "deny");
  await says(page, "Denied on your phone");
  await looksRight(page);
  await leads(page, () => page.getByRole("link", { name: "Use a code" }).click());
  await looksRight(page);
  await page.getByLabel("Code").fill("0000000");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator("#code-error").waitFor();
  await looksRight(page);
  await signIn(page, product.url, person);
  await waits(page);
  await leads(page, () => page.getByRole("button", { name: "Cancel" }).click());
  await says(page, "This request was cancelled");
  await looksRight(page);
});

test("every state of the waiting page looks right", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await hold(page);
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
  for (const state of STATES) {
    await turn(page, state);
    await looksRight(page);
  }
  await turn(page, "sent", "lost");
  await looksRight(page);
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  await page.goto(old);
  await says(page, "There is a newer request");
  await looksRight(page);
});

test("the code form looks right however the code is sent", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("button", { name: "Call me instead" }).click();
  await page.getByText("We called").waitFor();
  await looksRight(page);
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByText("We sent a text message").waitFor();
  await looksRight(page);
  await product.set(person, { provider_down: true });
  await page.getByRole("button", { name: "Send again" }).click();
  await page.getByRole("alert").waitFor();
  await looksRight(page);
});

test("problems look right and have one next step", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await press(page, `${page.url()}/complete`);
  await says(page, "This is not approved");
  await looksRight(page);
  assert.equal(await page.locator("main").getByRole("link").count(), 1);
});

test("a transaction looks right from the form to its end", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await page.getByLabel("Message").fill(" ");
  await page.getByRole("button", { name: "Ask my phone" }).click();
  await page.getByRole("alert").waitFor();
  await looksRight(page);
  await transfer(page);
  await waits(page);
  await hold(page);
  await page.reload();
  for (const state of STATES) {
    await turn(page, state);
    await looksRight(page);
  }
  await page.goto(`${page.url()}/code`);
  await looksRight(page);
  await page.goto(`${product.url}/account`);
  await looksRight(page);
});

test("no app and provider down look right", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await product.set(person, { has_app: false });
  await signIn(page, product.url, person);
  await page.waitForURL("**/code");
  await looksRight(page);
  await product.set(person, { has_app: true, provider_down: true });
  await signIn(page, product.url, person);
  await page.waitForURL("**/code");
  await looksRight(page);
  // Whoever comes back from the code form is not sent there again.
  await page.goto(`${product.url}/account`, { referer: `${product.url}/code` });
  await says(page, "We cannot reach your phone");
  assert.match(page.url(), /\/approvals\//);
  await looksRight(page);
});

test("a phone that is not asked any more, and what its owner is told, look right", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "deny");
  await says(page, "Denied on your phone");
  // Each rings and is taken back: three in a row with the denied one.
  for (let round = 0; round < 2; round += 1) {
    await page.context().clearCookies();
    do await signIn(page, product.url, person);
    while (page.url().endsWith("/code"));
    await waits(page);
    await leads(page, () => page.getByRole("button", { name: "Cancel" }).click());
  }
  await signIn(page, product.url, person);
  await page.getByText("so we send no more").waitFor();
  await looksRight(page);
  await leads(page, () => page.getByRole("button", { name: "Text me a code" }).click());
  await page.getByLabel("Code").fill(await product.code(person));
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
  await page.getByText("Requests to your phone were switched off").waitFor();
  await page.getByText("A sign-in was denied on your phone").waitFor();
  await looksRight(page);
  await leads(page, () => page.getByRole("button", { name: "Dismiss" }).first().click());
  assert.equal(await page.getByRole("button", { name: "Dismiss" }).count(), 1);
});

for (const one of PAGES) test(`${one.name} looks right`, async (open) => reached(one, await open(), looksRight));

test("reduced motion and forced colours keep the number and the words", async (open) => {
  const [page, person] = [await open({ reducedMotion: "reduce", forcedColors: "active" }), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await looksRight(page);
});
