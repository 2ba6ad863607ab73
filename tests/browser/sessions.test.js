// Where somebody is signed in, another password, and a link for who forgot theirs, as people meet them.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, looksRight, press, says, signIn, waits } from "./browser.js";
import { Product } from "./product.js";

const NEW = "analytical engine of 1837";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

async function enter(page, person) {
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
}

async function changePassword(page, old) {
  await page.getByLabel("Current password").fill(old);
  await page.getByLabel("New password").fill(NEW);
  await page.keyboard.press("Enter");
}

test("a browser that is signed out from another one leaves the page where it waits", async (open) => {
  const [here, there, person] = [await open(), await open(), await product.person()];
  await enter(here, person);
  await signIn(there, product.url, person);
  await waits(there);
  await here.reload();
  const waiting = here.getByRole("listitem").filter({ hasText: "Waits for the phone" });
  await leads(here, () => waiting.getByRole("button").click());
  await there.waitForURL(/\/sign-in\?ended$/);
  assert.equal(await waiting.count(), 0);
});

test("everybody else is signed out by one button, and the list says so", async (open) => {
  const [here, there, person] = [await open(), await open(), await product.person()];
  await enter(there, person);
  await enter(here, person);
  await looksRight(here);
  await leads(here, () => here.getByRole("button", { name: "Sign out everywhere else" }).click());
  assert.equal(await here.getByRole("button", { name: /^Sign out ./ }).count(), 0);
  await there.goto(`${product.url}/account`);
  await there.waitForURL(/\/sign-in\?ended$/);
});

test("a password is changed with the keyboard, and a mistake is told beside its field", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await enter(page, person);
  await leads(page, () => page.getByRole("link", { name: "Change password" }).click());
  await looksRight(page);
  await leads(page, () => changePassword(page, "not the password"));
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByLabel("Current password").getAttribute("aria-describedby"), /old_password-error/);
  await looksRight(page);
  await leads(page, () => changePassword(page, person.password));
  await isIn(page);
  await page.getByText("Changed ").waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await enter(page, { ...person, password: NEW });
});

test("who says that something was not them is asked for a new password before anything else", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await enter(page, person);
  await press(page, "/account/not-me");
  await says(page, "Choose a new password");
  await looksRight(page);
  await page.goto(`${product.url}/account`);
  await says(page, "Choose a new password");
  await leads(page, () => changePassword(page, person.password));
  await isIn(page);
});

for (const javaScriptEnabled of [true, false]) {
  test(`a reset link leads to a new password, ${javaScriptEnabled ? "by itself" : "pasted, without scripts"}`, async (open) => {
    const [page, person] = [await open({ javaScriptEnabled }), await product.person()];
    const link = await product.resetLink(person);
    const addresses = [];
    page.on("request", (request) => addresses.push(request.url()));
    await page.goto(javaScriptEnabled ? link : `${product.url}/reset`);
    const key = link.split("#")[1];
    if (javaScriptEnabled) {
      await page.getByLabel("Key from your link").waitFor({ state: "hidden" });
      assert.equal(page.url(), `${product.url}/reset`, "the key is out of the address");
    } else {
      await page.getByLabel("Key from your link").fill(key);
    }
    await page.getByLabel("New password").fill(NEW);
    await leads(page, () => page.keyboard.press("Enter"));
    await page.getByRole("heading", { name: "Your new password is set" }).waitFor();
    assert.deepEqual(addresses.filter((url) => url.split("#")[0].includes(key)), []);
    await page.getByRole("link", { name: "Sign in" }).click();
    await signIn(page, product.url, { ...person, password: NEW });
    await page.getByRole("heading", { level: 1, name: "Check your phone" }).waitFor();
  });
}

test("the pages of a reset look right, and a link that is used says so", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const link = await product.resetLink(person);
  await page.goto(`${product.url}/reset`);
  await looksRight(page);
  for (const heading of ["Your new password is set", "Set a new password"]) {
    await page.goto(`${product.url}/sign-in`);
    await page.goto(link);
    await page.getByLabel("Key from your link").waitFor({ state: "hidden" });
    await page.getByLabel("New password").fill(NEW);
    await leads(page, () => page.keyboard.press("Enter"));
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await looksRight(page);
  }
  await page.getByRole("alert").getByText("A link works once").waitFor();
  await page.getByLabel("Key from your link").waitFor();
});
