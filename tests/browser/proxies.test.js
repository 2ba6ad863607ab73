// The waiting page behind proxies that refuse or swallow what carries the outcome. How soon it chooses another way is
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

const polled = (proxy) => proxy.asked.filter((path) => path.includes("wait=25"));

for (const how of ["refuse", "swallow"]) {
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
    await page.getByText("Connected, but slowly.").waitFor();
    await until(() => polled(proxy).length === 1, "a long poll");
    await product.answer(person, "approve");
    await isIn(page);
    assert.equal(polled(proxy).length, 1);
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
  await page.getByText("Connected, but slowly.").waitFor({ timeout: 60_000 });
  await product.answer(person, "approve", number);
  await isIn(page);
});

proxied("the page goes back to the socket as soon as it can be had", async (proxy, page, person) => {
  proxy.sockets = "refuse";
  await signIn(page, proxy.url, person);
  const number = await waits(page);
  await until(() => proxy.open === 1, "a stream");
  proxy.sockets = "pass";
  await until(() => proxy.open === 0, "the end of the stream");
  await page.getByText("Connected. This page goes on by itself.").waitFor();
  await product.answer(person, "deny", number);
  await says(page, "Denied on your phone");
  assert.deepEqual(polled(proxy), []);
});

proxied("a right code leads in, though the page hears before the answer that its request is not needed any more", async (proxy, page, person) => {
  await signIn(page, proxy.url, person);
  await waits(page);
  const listens = page.waitForEvent("websocket");
  await page.getByRole("link", { name: "Use a code instead" }).click();
  const socket = await listens;
  await says(page, "Enter a code");
  await page.getByLabel("Code").fill((await product.phone(person)).authenticator.code);
  let goOn;
  const held = new Promise((go) => (goOn = go));
  proxy.late = async (path, method) => path === "/code" && method === "POST" && held;
  const told = socket.waitForEvent("framereceived", ({ payload }) => payload.includes("cancelled"));
  await Promise.all([page.getByRole("button", { name: "Continue" }).click(), told.then(goOn)]);
  await isIn(page);
});

proxied("send again works behind a proxy that lets no socket through", async (proxy, page, person) => {
  [proxy.sockets, proxy.streams] = ["refuse", "refuse"];
  await signIn(page, proxy.url, person);
  await page.getByText("Connected, but slowly.").waitFor();
  const first = await page.locator(".number").innerText();
  await page.getByRole("button", { name: "Send again" }).click();
  await until(async () => (await page.locator(".number").innerText()) !== first, "a new number");
  await product.answer(person, "approve", await page.locator(".number").innerText());
  await isIn(page);
});
