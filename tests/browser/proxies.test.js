// The waiting page behind proxies that refuse, swallow or keep back what carries the outcome. How soon it chooses another way is
// the state machine's matter, and tested there.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, says, signIn, waits } from "./browser.js";
import { Product, until } from "./product.js";
import { Proxy } from "./proxy.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** A test with a proxy of its own. */
function proxied(name, body) {
  test(name, async (open) => {
    const proxy = await Proxy.start(product.url);
    try {
      const [page, person] = [await open(), await product.person()];
      await body(proxy, page, person);
    } finally {
      proxy.stop();
    }
  });
}

/** Polls that wait. */
const WAITS = /wait=0*[1-9]/;
const polled = (proxy) => proxy.asked.filter((path) => WAITS.test(path));

/** Waits until the page has heard by polls, and no socket. */
const slow = (page) => page.getByText("Connected. Your tap may take a moment.").waitFor({ timeout: 60_000 });
const number = (page) => page.locator(".number").innerText();

for (const how of ["refuse", "swallow", "buffer"]) {
  proxied(`a proxy may ${how} sockets: the outcome comes by long poll`, async (proxy, page, person) => {
    proxy.sockets = how;
    await signIn(page, proxy.url, person);
    await slow(page);
    await until(() => polled(proxy).length > 0, "a long poll");
    await product.answer(person, "approve", await number(page));
    await isIn(page);
  });
}

proxied("a socket that falls silent while the page waits is noticed, and the outcome still comes", async (proxy, page, person) => {
  await signIn(page, proxy.url, person);
  const number = await waits(page);
  proxy.sockets = "swallow";
  await slow(page);
  await product.answer(person, "approve", number);
  await isIn(page);
});

proxied("from polls the page goes back to the socket when it can be had, and polls no more", async (proxy, page, person) => {
  proxy.sockets = "refuse";
  await signIn(page, proxy.url, person);
  await slow(page);
  proxy.sockets = "pass";
  await page.getByText("Connected. This page updates by itself.").waitFor({ timeout: 60_000 });
  const before = polled(proxy).length;
  await product.answer(person, "deny", await number(page));
  await says(page, "Denied on your phone");
  assert.equal(polled(proxy).length, before);
});

proxied("a network that is back is used at once, however long the page meant to wait", async (proxy, page, person) => {
  proxy.sockets = "refuse";
  await signIn(page, proxy.url, person);
  await slow(page);
  // In one go, so that nothing but the network can have led to it; again when a try was on its way already.
  const connects = () => page.evaluate(() => {
    const Real = WebSocket;
    let opened = 0;
    window.WebSocket = class extends Real {
      constructor(...how) {
        super(...how);
        opened += 1;
      }
    };
    dispatchEvent(new Event("online"));
    window.WebSocket = Real;
    return opened;
  });
  await until(async () => (await connects()) === 1, "a new connection");
  proxy.sockets = "pass";
  const live = page.getByText("Connected. This page updates by itself.");
  await until(async () => (await connects(), await live.isVisible()), "the socket in place of the polls");
});

proxied("a proxy may keep the referrer back: our own forms are taken, although their origin is null", async (proxy, page, person) => {
  proxy.added = ["Referrer-Policy", "no-referrer"];
  await signIn(page, proxy.url, person);
  assert.ok(proxy.origins.includes("null"), `${proxy.origins}`);
  const number = await waits(page);
  await product.answer(person, "approve", number);
  await isIn(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await says(page, "Sign in with a tap");
});

proxied("send again works behind a proxy that lets no socket through", async (proxy, page, person) => {
  proxy.sockets = "refuse";
  await signIn(page, proxy.url, person);
  await slow(page);
  const first = await page.locator(".number").innerText();
  await page.getByRole("button", { name: "Send again" }).click();
  await until(async () => (await page.locator(".number").innerText()) !== first, "a new number");
  await product.answer(person, "approve", await page.locator(".number").innerText());
  await isIn(page);
});

for (const [what, press, led] of [
  ["a right code", (page) => page.getByRole("button", { name: "Continue" }).click({ noWaitAfter: true }), isIn],
  ["leaving", (page) => page.getByRole("button", { name: "Leave" }).click({ noWaitAfter: true }), (page) => says(page, "Sign in with a tap")],
]) {
  proxied(`what the page hears before ${what} is answered does not cut the answer off`, async (proxy, page, person) => {
    const heard = new Promise((go) => page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => payload.includes('"cancelled"') && go())));
    let answer;
    await signIn(page, proxy.url, person);
    await waits(page);
    await page.getByRole("link", { name: "Use a code" }).click();
    await says(page, "Enter a code");
    await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
    const before = proxy.asked.length;
    const held = new Promise((go) => (answer = go));
    proxy.late = async (_path, method) => method === "POST" && held;
    await press(page);
    await heard;
    answer();
    await led(page);
    assert.deepEqual(proxy.asked.slice(before).filter((path) => path.startsWith("/approvals/")), []);
  });
}
