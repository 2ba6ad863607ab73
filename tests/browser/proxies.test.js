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

for (const how of ["refuse", "swallow", "buffer"]) {
  proxied(`a proxy may ${how} sockets: the outcome comes by server-sent events`, async (proxy, page, person) => {
    proxy.sockets = how;
    await signIn(page, proxy.url, person);
    const number = await waits(page);
    assert.equal(proxy.open, 1);
    await product.answer(person, "approve", number);
    await isIn(page);
    assert.deepEqual(polled(proxy), []);
  });

  proxied(`a proxy may ${how} sockets and streams: the outcome comes by long poll`, async (proxy, page, person) => {
    [proxy.sockets, proxy.streams] = [how, how];
    await signIn(page, proxy.url, person);
    await page.getByText("Connected. Your tap may take a moment.").waitFor();
    await until(() => polled(proxy).length > 0, "a long poll");
    await product.answer(person, "approve");
    await isIn(page);
  });
}

proxied("a socket that falls silent while the page waits is noticed", async (proxy, page, person) => {
  await signIn(page, proxy.url, person);
  const number = await waits(page);
  proxy.sockets = "swallow";
  await until(() => proxy.open === 1, "a stream beside the socket");
  await product.answer(person, "approve", number);
  await isIn(page);
});

proxied("when everything falls silent while the page waits, the outcome still comes", async (proxy, page, person) => {
  await signIn(page, proxy.url, person);
  const number = await waits(page);
  [proxy.sockets, proxy.streams] = ["swallow", "swallow"];
  // On a slow machine a stream may have been open, which is given 12 s.
  await page.getByText("Connected. Your tap may take a moment.").waitFor({ timeout: 60_000 });
  await product.answer(person, "approve", number);
  await isIn(page);
});

for (const [beside, streams] of [["server-sent events", "pass"], ["a long poll", "refuse"]]) {
  proxied(`from ${beside} the page goes back to the socket as soon as it can be had`, async (proxy, page, person) => {
    [proxy.sockets, proxy.streams] = ["refuse", streams];
    await signIn(page, proxy.url, person);
    await until(() => proxy.open === 1 || polled(proxy).length > 0, beside);
    proxy.sockets = "pass";
    await page.getByText("Connected. This page updates by itself.").waitFor();
    await until(() => proxy.open === 0, "the end of the stream");
    const before = polled(proxy).length;
    await product.answer(person, "deny", await page.locator(".number").innerText());
    await says(page, "Denied on your phone");
    assert.equal(polled(proxy).length, before);
  });
}

proxied("from a long poll the page goes back to server-sent events when they can be had", async (proxy, page, person) => {
  [proxy.sockets, proxy.streams] = ["refuse", "refuse"];
  // The polls are answered at once, so that nobody has to wait for three of them.
  await page.route(WAITS, (route) => route.continue({ url: route.request().url().replace(WAITS, "wait=0") }));
  await signIn(page, proxy.url, person);
  await page.getByText("Connected. Your tap may take a moment.").waitFor();
  proxy.streams = "pass";
  const number = await waits(page);
  assert.equal(proxy.open, 1);
  await product.answer(person, "approve", number);
  await isIn(page);
});

proxied("a network that is back is used at once, however long the page meant to wait", async (proxy, page, person) => {
  proxy.sockets = "refuse";
  await signIn(page, proxy.url, person);
  await waits(page);
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
  await until(async () => (await connects(), proxy.open === 0), "the socket in place of the stream");
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
  [proxy.sockets, proxy.streams] = ["refuse", "refuse"];
  await signIn(page, proxy.url, person);
  await page.getByText("Connected. Your tap may take a moment.").waitFor();
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
