// What happens to browsers: reloads, restarts, crossed taps, blocked sockets, no scripts, the back button, impatience.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, says, signIn, waits } from "./browser.js";
import { Product, until } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

test("a reload while waiting changes nothing", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await page.reload();
  assert.equal(await waits(page), number);
  await product.answer(person, "approve");
  await isIn(page);
});

test("a server that dies and comes back while the page waits is found again by the page itself", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await product.kill();
  await page.getByText("The connection is lost. Trying again.").waitFor();
  await product.restart();
  await page.getByText("Connected. This page goes on by itself.").waitFor();
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("two browsers of one person with crossed taps each get their own outcome", async (open) => {
  const [one, other, person] = [await open(), await open(), await product.person()];
  await signIn(one, product.url, person);
  const first = await waits(one);
  await signIn(other, product.url, person);
  const second = await waits(other);
  assert.notEqual(first, second);
  await product.answer(person, "deny", second);
  await product.answer(person, "approve", first);
  await isIn(one);
  await says(other, "Denied on your phone");
});

test("without WebSocket the outcome still arrives", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await page.routeWebSocket(/\/events$/, (socket) => socket.close({ code: 1011 }));
  await signIn(page, product.url, person);
  await page.getByText("Connected, but slowly.").waitFor({ timeout: 40_000 });
  await product.answer(person, "approve");
  await isIn(page);
});

test("a socket that swallows everything is noticed, and the outcome still arrives", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await page.routeWebSocket(/\/events$/, () => {});
  await signIn(page, product.url, person);
  await page.getByText("The connection is lost. Trying again.").waitFor();
  await product.answer(person, "approve");
  await page.waitForURL("**/account", { timeout: 30_000 });
});

test("without scripts the page refreshes itself, and a button leads in", async (open) => {
  const [page, person] = [await open({ javaScriptEnabled: false }), await product.person()];
  await signIn(page, product.url, person);
  await page.getByRole("heading", { name: "Check your phone" }).waitFor();
  await product.answer(person, "approve");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL("**/account");
});

test("the back button after being in leads to no dead page", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await page.goBack();
  await page.goto(`${product.url}/account`);
  await isIn(page);
});

test("two clicks on send again make one new request", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("button", { name: "Send again" }).dblclick();
  const number = await waits(page);
  const pending = async () => (await product.phone(person)).requests.filter((one) => one.details.Number === number && one.message.startsWith("Sign in"));
  await until(async () => (await pending()).length === 1, "the new request");
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("two clicks on sign in leave one browser that can go on", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await page.goto(`${product.url}/sign-in`);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).dblclick();
  const number = await waits(page);
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("two tabs on one approval are both in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await waits(second);
  await product.answer(person, "approve");
  await isIn(page);
  await isIn(second);
});

test("a browser that was offline when the phone was tapped is in once it is back", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.context().setOffline(true);
  await product.answer(person, "approve");
  await page.context().setOffline(false);
  await isIn(page);
});
