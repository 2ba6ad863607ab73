// The simulated phone as people see it: what waits, what was sent, and the switches.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before } from "node:test";
import { PNG } from "pngjs";
import { browserTests, isIn, looksRight, signIn, transfer, waits } from "./browser.js";
import { Product, until } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

async function phonePage(open, person) {
  const page = await open();
  await page.goto(`${product.phones}/phone/${(await product.phone(person)).authy_id}`);
  return page;
}

/** A picture on a server of its own, as logos are. */
async function picture() {
  const server = createServer((_, answer) => answer.setHeader("content-type", "image/png").end(PNG.sync.write(new PNG({ width: 2, height: 2 }))));
  await once(server.listen(0, "127.0.0.1"), "listening");
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/logo.png`;
}

test("without a phone, with one and with several, the start page looks right", async (open) => {
  const [page, fresh] = [await open(), await Product.start()];
  try {
    await page.goto(fresh.phones);
    await page.getByRole("heading", { name: "No phone yet" }).waitFor();
    await looksRight(page);
    const person = await fresh.person();
    await page.waitForURL("**/phone/*");
    await looksRight(page);
    await fresh.person();
    await page.getByRole("link", { name: "All phones" }).click();
    await page.getByRole("link", { name: person.email }).waitFor();
    await looksRight(page);
  } finally {
    await fresh.stop();
  }
});

test("requests, codes and calls arrive on the phone by themselves, and it looks right with all of them", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const phone = await phonePage(open, person);
  await signIn(page, product.url, person);
  const number = await waits(page);
  await phone.getByText(number, { exact: true }).waitFor();
  await phone.getByText(/^[12]:\d\d left$/).waitFor();
  await page.getByRole("button", { name: "Call me instead" }).click();
  await phone.getByText("A voice said").waitFor();
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByText("We sent a text message").waitFor();
  await page.getByLabel("Code").fill(await product.code(person));
  await page.getByRole("button", { name: "Continue" }).click();
  await isIn(page);
  await page.getByLabel("Picture", { exact: true }).fill(await picture());
  await transfer(page);
  await phone.getByText("1,000,000").waitFor();
  const drawn = () => phone.evaluate(() => [...document.images].some((logo) => !logo.hidden && logo.naturalWidth === 2));
  await until(drawn, "the logo");
  await looksRight(phone);
});

test("the app can be taken off while a request waits, and then nothing can be tapped", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const phone = await phonePage(open, person);
  await signIn(page, product.url, person);
  await waits(page);
  const approve = phone.getByRole("button", { name: "Approve" });
  await approve.waitFor();
  await phone.getByRole("switch", { name: "Has the app" }).click();
  await phone.getByText("The app is not on this phone.").waitFor();
  await approve.waitFor({ state: "detached" });
  await looksRight(phone);
  assert.equal((await product.phone(person)).requests.at(-1).status, "pending");
});

test("how slow the provider is and how late it calls back is set on the page, and stays chosen", async (open) => {
  const person = await product.person();
  const phone = await phonePage(open, person);
  await phone.getByLabel("Provider answers").selectOption("after 4 s");
  await phone.getByLabel("Provider calls back").selectOption("after 2 s");
  await phone.getByRole("button", { name: "Set both" }).click();
  const set = async () => {
    const { slow_ms, delay_ms } = (await product.phone(person)).switches;
    return slow_ms === 4000 && delay_ms === 2000;
  };
  await until(set, "both switches");
  await product.set(person, { slow_ms: 0 });
  await phone.locator("#slow_ms option:checked", { hasText: "at once" }).waitFor({ state: "attached" });
  assert.equal(await phone.getByLabel("Provider calls back").inputValue(), "2000");
});
