// The page's state machine behind real proxies that let no socket through: whatever else they are set to, the polls bring
// the outcome, and the proxy goes on serving others. No browser; see docs/decisions.md for what was tried.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { PASSWORD, Product, until } from "./product.js";
import { found, startProxy } from "./real_proxies.js";

const source = await readFile(new URL("../../web/assets/live.js", import.meta.url), "utf8");
const { Live, pollQuery, retryAfter } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const PATIENCE = 60_000;
let product;
before(async () => (product = await Product.start({ SOCKETS_PER_SESSION: "100" })));
after(() => product?.stop());

/** What came of asking for a socket: 101 would be one. */
function socket(url, cookie) {
  const headers = { cookie, origin: product.url, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  return new Promise((go) => {
    const asked = request(url, { headers }).on("error", () => go(0)).on("response", (answer) => (answer.resume(), go(answer.statusCode)));
    asked.on("upgrade", (answer, socket) => (socket.destroy(), go(answer.statusCode))).end();
  });
}

/** A page that waits for `approval` at `url`, connected as web/assets/page.js does it, with Node's means. */
function wait(url, cookie, approval) {
  const page = { status: "pending", waited: false, lines: [], sockets: [], gone: false };
  const api = `${url}/api/approvals/${approval.id}`;
  let [polls, polling] = [0, new AbortController()];
  const live = new Live(
    {
      connect: () => socket(`${api}/events`, cookie).then((status) => (page.sockets.push(status), live.closed(1006))),
      async poll(since, wait) {
        if (page.gone) return null;
        polling = new AbortController();
        const signal = AbortSignal.any([polling.signal, AbortSignal.timeout((wait + 5) * 1000)]);
        const answer = await fetch(api + pollQuery(since, wait, (polls += 1)), { headers: { cookie }, signal });
        if (answer.status === 429 || answer.status === 503) throw retryAfter(answer.headers.get("retry-after"));
        if (!answer.ok) throw new Error(`${answer.status}`);
        const news = await answer.json();
        page.waited ||= wait > 0 && news.version === since;
        return news;
      },
      hush: () => polling.abort(),
      drop() {},
      ping() {},
      reload() {},
      left() {},
      after: setTimeout,
      forget: clearTimeout,
      random: Math.random,
      tell: ({ status }) => (page.status = status),
      line: (word) => page.lines.at(-1) === word || page.lines.push(word),
    },
    approval.version,
  );
  live.start();
  return page;
}

/** Somebody who has given the password. */
async function signingIn() {
  const person = await product.person();
  const body = JSON.stringify({ email: person.email, password: PASSWORD });
  const answer = await fetch(`${product.url}/api/session`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { approval } = await answer.json();
  return { person, approval, cookie: answer.headers.get("set-cookie").split(";")[0] };
}

describe("without a socket the outcome comes by polls", { concurrency: true }, () => {
  for (const kind of ["nginx", "haproxy", "caddy"]) {
    const skip = found(kind) ? false : `${kind} is not installed`;
    test(`behind ${kind}, whatever it is set to`, { skip, timeout: 300_000 }, async (t) => {
      const { person, approval, cookie } = await signingIn();
      const proxy = await startProxy(kind, product.url);
      t.after(() => proxy.stop());
      const pages = proxy.urls.map(([name, url]) => [name, url, wait(url, cookie, approval)]);
      t.after(() => pages.forEach(([, , page]) => (page.gone = true)));
      const those = (is) => pages.filter(([, , page]) => is(page)).map(([name]) => name).join("; ");
      const all = async (is, what) => until(() => !those((page) => !is(page)), what, PATIENCE).catch(() => assert.fail(`${what}: not ${those((page) => !is(page))}`));
      await all((page) => page.waited, "a poll that waited was answered");
      await product.answer(person, "approve");
      await all((page) => page.status === "approved", "the outcome came");
      assert.equal(those((page) => page.sockets.includes(101)), "", "a socket got through");
      assert.equal(those((page) => page.lines.includes("lost")), "", "the connection was called lost");
      for (const [name, url] of pages) {
        const status = (await fetch(`${url}/sign-in`)).status;
        assert.ok(status === 200 || /limit_|requests/.test(name), `${name}: others are answered ${status}`);
      }
    });
  }
});
