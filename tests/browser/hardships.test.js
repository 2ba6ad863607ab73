// What happens to browsers: reloads, restarts, crossed taps, no scripts, the back button, impatience.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, leaves, says, signIn, signUp, transfer, twice, waits } from "./browser.js";
import { Product, until } from "./product.js";
import { hold } from "./still.js";

const test = browserTests();
let product;
// The phone needs no rest: these people deny and sign in again faster than people do.
before(async () => (product = await Product.start({ PUSH_WAIT_SECONDS: "0" })));
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
  await page.getByText("Connected. This page updates by itself.").waitFor();
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
  await isIn(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await says(page, "Sign in with a tap");
  await page.goBack();
  await says(page, "Sign in");
});

test("the back button leads from the code form to the page that waits, live as before", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await says(page, "Enter a code");
  await page.goBack();
  await waits(page);
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("the back button leads from a code form that came by itself to no page that jumps forward again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await product.set(person, { has_app: false });
  await signIn(page, product.url, person);
  await page.waitForURL("**/code");
  await page.goBack();
  await says(page, "Sign in");
  await page.goForward();
  await says(page, "No app on your phone");
});

test("two clicks on send again make one new request", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).dblclick();
  await leaves(page, old);
  const number = await waits(page);
  const pending = async () => (await product.phone(person)).requests.filter((one) => one.details.Number === number && one.message.startsWith("Sign in"));
  await until(async () => (await pending()).length === 1, "the new request");
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("two clicks on sign in ring the phone once", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person, twice);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  const { requests } = await product.phone(person);
  assert.equal(requests.filter((one) => one.message.startsWith("Sign in")).length, 1);
});

test("two clicks on create account ring the phone once", async (open) => {
  const [page, person] = [await open(), product.stranger()];
  await signUp(page, product.url, person, twice);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  assert.equal((await product.phone(person)).requests.length, 1);
});

test("two clicks ask for a transfer once, and approve it by its code once", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  await transfer(page, (button) => button.dblclick());
  await waits(page);
  await page.getByRole("button", { name: "Call me instead" }).dblclick();
  await page.getByLabel("Code").fill(await product.code(person, "calls"));
  await page.getByRole("button", { name: "Approve" }).dblclick();
  await says(page, "Approved");
  const { requests, calls } = await product.phone(person);
  assert.deepEqual([requests.filter((one) => one.details.Amount).length, calls.length], [1, 1]);
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

test("a tab that was frozen when the phone was tapped is in once it is looked at", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  const devtools = await page.context().newCDPSession(page);
  // Only tabs that are out of sight can be frozen as browsers do it, and none is out of sight here. A debugger stops a
  // script just as well, before the next thing it does.
  await devtools.send("Debugger.enable");
  const frozen = new Promise((go) => devtools.once("Debugger.paused", go));
  await devtools.send("Debugger.pause");
  await frozen;
  await product.answer(person, "approve", number);
  assert.match(page.url(), /\/approvals\//);
  await devtools.send("Debugger.resume");
  await isIn(page);
});

test("a reload after the outcome tells it again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "deny", await waits(page));
  await says(page, "Denied on your phone");
  await page.reload();
  await says(page, "Denied on your phone");
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await says(page, "This request was cancelled");
  await page.reload();
  await says(page, "This request was cancelled");
});

test("a reload without the app, with the provider down or after a newer request tells it again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  for (const [trouble, told, form] of [
    [{ has_app: false }, "No app on your phone", "No app on your phone"],
    [{ has_app: true, provider_down: true }, "We cannot reach your phone", "We cannot reach your phone’s app"],
  ]) {
    await product.set(person, trouble);
    await signIn(page, product.url, person);
    await says(page, told);
    await page.reload();
    await says(page, told);
    await page.waitForURL("**/code");
    await page.reload();
    await page.getByRole("heading", { name: form }).waitFor();
  }
  await product.set(person, { provider_down: false });
  await signIn(page, product.url, person);
  await waits(page);
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  await waits(page);
  await page.goto(old);
  await says(page, "There is a newer request");
  await page.reload();
  await page.getByRole("link", { name: "Go to the newer request" }).click();
  await waits(page);
});

/** The page says this by the server's word alone, each time it is loaded. */
async function saysReloaded(page, told) {
  const says = async () => (await page.reload(), (await page.locator("main").innerText()).includes(told));
  await until(says, told);
  assert.ok(await says(), told);
}

for (const [what, begin] of [
  ["a sign-in", (page, person) => signIn(page, product.url, person)],
  ["a transfer", (page) => leads(page, () => transfer(page))],
]) {
  test(`a reload while the request of ${what} is on its way, or perhaps there, tells it again`, async (open) => {
    const [page, person] = [await open(), await product.person()];
    if (what === "a transfer") {
      await signIn(page, product.url, person);
      await product.answer(person, "approve", await waits(page));
      await isIn(page);
    }
    await hold(page);
    await product.set(person, { slow_ms: 10_000 });
    await begin(page, person);
    await saysReloaded(page, "is on its way.");
    await saysReloaded(page, "may be there. If it is not, use a code.");
  });
}

test("a reload at every other state of a transfer tells it again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  await hold(page);
  const ask = async (switches) => {
    await product.set(person, switches);
    await page.goto(`${product.url}/account`);
    await leads(page, () => transfer(page));
    return page.locator(".number").innerText();
  };
  await ask({ has_app: false });
  await saysReloaded(page, "No app on your phone");
  await ask({ has_app: true, provider_down: true });
  await saysReloaded(page, "Your phone cannot be asked now");
  await ask({ provider_down: false });
  await saysReloaded(page, "Approve the request that shows");
  const old = page.url();
  await leads(page, () => page.getByRole("button", { name: "Send again" }).click());
  await product.answer(person, "approve", (await page.locator(".number").innerText()).trim());
  await saysReloaded(page, "You may close this page.");
  await page.goto(old);
  await saysReloaded(page, "There is a newer request");
  await product.answer(person, "deny", await ask({}));
  await saysReloaded(page, "Denied on your phone");
  await ask({});
  await leads(page, () => page.getByRole("button", { name: "Cancel" }).click());
  await saysReloaded(page, "This request was cancelled");
});

test("a reload after the tap, before the page has heard of it, leads in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await hold(page);
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
  await product.answer(person, "approve");
  await page.unroute("**/waiting.js");
  await page.reload();
  await isIn(page);
});

test("whoever types a code and taps Approve after all is in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await says(page, "Enter a code");
  await product.answer(person, "approve", number);
  await isIn(page);
});

test("whoever taps Approve while a code is asked for is in without typing one", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await hold(page);
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
  await product.answer(person, "approve");
  await page.unroute("**/waiting.js");
  await page.getByRole("button", { name: "Call me instead" }).click();
  await isIn(page);
});

test("a denial does not disturb whoever types a code", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  await page.getByRole("link", { name: "Use a code" }).click();
  await says(page, "Enter a code");
  await product.answer(person, "deny", number);
  await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
});

test("send again in one tab leaves alone whoever types a code in another, and the newer request's tap leads both in", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  const typing = await page.context().newPage();
  const heard = new Promise((go) => typing.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => payload.includes('"cancelled"') && go())));
  await typing.goto(`${product.url}/code`);
  await typing.getByLabel("Code").fill("01234");
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  const number = await waits(page);
  await heard;
  assert.equal(await typing.getByLabel("Code").inputValue(), "01234");
  await product.answer(person, "approve", number);
  for (const tab of [page, typing]) await isIn(tab);
});

test("a tab that is looked at again asks at once, and one that is left does not", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  // In one go, so that nothing but being looked at can have asked.
  const asked = await page.evaluate(() => {
    let asked = 0;
    WebSocket.prototype.send = () => (asked += 1);
    return [true, false].map((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      return asked;
    });
  });
  assert.deepEqual(asked, [0, 1]);
});

test("a page that comes out of the back-forward cache is loaded anew", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const comesBack = () => page.evaluate(() => void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await page.goto(`${product.url}/sign-in`);
  await leads(page, comesBack);
  await signIn(page, product.url, person);
  await waits(page);
  await leads(page, comesBack);
  await waits(page);
});
