// What stands between browser and product, or in the browser itself, and answers for us, keeps our answers, or lets
// something of ours not be had: the page never takes its word for ours, and never stands still for it.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, says, signIn } from "./browser.js";
import { Product, until } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** Waits on the page with the number of its request, with `spoil` done to the browser before it is opened. */
async function waiting(open, spoil) {
  const [page, person] = [await open(), await product.person()];
  await spoil(page);
  await signIn(page, product.url, person);
  await page.locator('[data-state="sent"] .number').waitFor();
  return { page, person, number: await page.locator(".number").innerText() };
}

/** Whether the reply to a confirmation is to be lost, once. */
function firstReply(page, instead) {
  let replies = 0;
  return page.route("**/complete", async (route) => {
    const answer = await route.fetch();
    if ((replies += 1) > 1) return route.fulfill({ response: answer });
    await instead(route);
  });
}

test("a confirmation that is never answered is asked for again, and a button shows meanwhile", async (open) => {
  const { page, person, number } = await waiting(open, (page) => firstReply(page, () => {}));
  await product.answer(person, "approve", number);
  await page.getByRole("button", { name: "Continue" }).waitFor();
  await isIn(page);
});

test("a page of somebody else in place of the confirmation confirms nothing, and does not lose it", async (open) => {
  const portal = (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" });
  const { page, person, number } = await waiting(open, (page) => firstReply(page, portal));
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("whoever opens the account while the confirmation's reply is lost gets in all the same", async (open) => {
  const { page, person, number } = await waiting(open, (page) => firstReply(page, () => {}));
  await product.answer(person, "approve", number);
  await says(page, "You’re in");
  await page.goto(`${product.url}/account`);
  await isIn(page);
});

test("a browser that has no sockets hears of the tap all the same", async (open) => {
  const { page, person, number } = await waiting(open, (page) => page.addInitScript(() => delete window.WebSocket));
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("where a part of the script does not arrive the page says so, and leads on", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await page.route("**/live.js", (route) => route.abort());
  await signIn(page, product.url, person);
  const number = await page.locator(".number").innerText();
  await page.getByRole("link", { name: "Check again" }).waitFor();
  await product.answer(person, "approve", number);
  await page.unroute("**/live.js");
  await page.getByRole("link", { name: "Check again" }).click();
  await isIn(page);
});

test("somebody else who says that there is nothing here does not take the page away", async (open) => {
  let asked = 0;
  const { page, person, number } = await waiting(open, async (page) => {
    await page.addInitScript(() => delete window.WebSocket);
    await page.route("**/api/approvals/*wait=*", (route) => ((asked += 1) > 2 ? route.continue() : route.fulfill({ status: 404, contentType: "text/html", body: "<h1>Not found</h1>" })));
  });
  await until(() => asked > 2, "another try");
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("a line on which each answer takes two seconds is not called lost", async (open) => {
  const { page, person, number } = await waiting(open, async (page) => {
    await page.routeWebSocket("**/events", (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => setTimeout(() => socket.send(message), 2000));
    });
  });
  await page.evaluate(() => {
    window.lines = [];
    const note = () => window.lines.push(document.querySelector("[data-line]:not([hidden])")?.dataset.line);
    new MutationObserver(note).observe(document.getElementById("line"), { attributes: true, subtree: true });
  });
  await page.getByText("Connected. This page updates by itself.").waitFor();
  const heard = () => page.evaluate(() => performance.now());
  const begun = await heard();
  await until(async () => (await heard()) - begun > 10_000, "ten seconds on such a line");
  assert.ok(!(await page.evaluate(() => window.lines)).includes("lost"));
  await product.answer(person, "approve", number);
  await isIn(page);
});
