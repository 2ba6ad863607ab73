// The looks of every page and state, light and dark, on a desktop and on a phone, beside the pictures in `pictures`.
// `UPDATE=1 node --test shots.test.js` takes them anew.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { browserTests, isIn, leaves, press, says, signIn, signUp, transfer, waits } from "./browser.js";
import { small } from "./picture.js";
import { Product } from "./product.js";
import { PAGES, STATES, reached } from "./states.js";
import { STILL, freeze, freezePhone, hold, holdPhone, still, turn } from "./still.js";

const PICTURES = join(import.meta.dirname, "pictures");
// How far a pixel's colour may be off, of 1, and how many may be further. Edges of letters and curves do not count.
// Hinting moves a letter's edge by less than a pixel; a button that moves by one pixel is off by hundreds.
const COLOUR = 0.05;
const PIXELS = 60;
const VIEWS = [
  ["desktop-light", { width: 1280, height: 720 }, "light"],
  ["desktop-dark", { width: 1280, height: 720 }, "dark"],
  ["phone-light", { width: 400, height: 720 }, "light"],
  ["phone-dark", { width: 400, height: 720 }, "dark"],
];

const test = browserTests();
let product;
let differences;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** A test that gets a page which stands still. */
function shots(name, body) {
  test(name, async (open) => {
    const page = await open(STILL);
    await still(page);
    await body(page);
  });
}

/** Signs in as far as the waiting page, which stays as it comes. */
async function waitingPage(page) {
  const person = await product.person();
  await hold(page);
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
}

/** The page, or the `part` of it, looks as it does in the pictures called `name`. */
async function looksLike(page, name, part, make = freeze) {
  const wrong = [];
  await make(page);
  for (const [view, viewport, colorScheme] of VIEWS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const actual = PNG.sync.read(await (part ? page.locator(part).screenshot() : page.screenshot({ fullPage: true })));
    const path = join(PICTURES, `${name}-${view}.png`);
    if (process.env.UPDATE) await writeFile(path, small(actual));
    else wrong.push(await difference(actual, path, `${name}-${view}`));
  }
  assert.deepEqual(wrong.filter(Boolean), []);
}

/** What is wrong with `actual`, and where to see it; nothing when it is as in the picture. */
async function difference(actual, path, name) {
  const wanted = PNG.sync.read(await readFile(path));
  const { width, height } = wanted;
  const alike = width === actual.width && height === actual.height;
  const diff = new PNG({ width, height });
  const off = alike ? pixelmatch(wanted.data, actual.data, diff.data, width, height, { threshold: COLOUR }) : Infinity;
  if (off <= PIXELS) return undefined;
  differences ??= await mkdtemp(join(tmpdir(), "countersign-shots-"));
  await mkdir(differences, { recursive: true });
  await writeFile(join(differences, `${name}.actual.png`), PNG.sync.write(actual));
  if (alike) await writeFile(join(differences, `${name}.diff.png`), PNG.sync.write(diff));
  const what = alike ? `${off} pixels are off` : `${actual.width} x ${actual.height} instead of ${width} x ${height}`;
  return `${name}: ${what}, see ${differences}`;
}

shots("the pages before signing in keep their looks", async (page) => {
  for (const [name, path] of [["landing", "/"], ["sign-in", "/sign-in"], ["sign-up", "/sign-up"], ["nothing-here", "/nowhere"]]) {
    await page.goto(product.url + path);
    await looksLike(page, name);
  }
});

shots("the forms with errors keep their looks", async (page) => {
  await signUp(page, product.url, { ...product.stranger(), full_name: "Ada Lovelace", email: "ada@example.com", phone: "12", password: "password1" });
  await page.locator("#phone-error").waitFor();
  await looksLike(page, "sign-up-refused");
  await signIn(page, product.url, { ...product.stranger(), email: "ada@example.com" });
  await page.getByRole("alert").waitFor();
  await looksLike(page, "sign-in-refused");
});

shots("each state of a sign-in keeps its looks", async (page) => {
  await waitingPage(page);
  for (const state of STATES) {
    await turn(page, state);
    await looksLike(page, `sign-in-${state.replace("_", "-")}`);
  }
  for (const line of ["connecting", "slow", "lost"]) {
    await turn(page, "sent", line);
    await looksLike(page, `line-${line}`, "#line");
  }
});

shots("a request with a newer one keeps its looks", async (page) => {
  await waitingPage(page);
  const old = page.url();
  await page.getByRole("button", { name: "Send again" }).click();
  await leaves(page, old);
  await page.goto(old);
  await says(page, "There is a newer request");
  await looksLike(page, "sign-in-replaced");
});

shots("the code form keeps its looks", async (page) => {
  await waitingPage(page);
  await page.goto(`${product.url}/code`);
  await looksLike(page, "code");
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByText("We sent a text message").waitFor();
  await looksLike(page, "code-texted");
  await page.getByRole("button", { name: "Call me instead" }).click();
  await page.getByText("We called").waitFor();
  await looksLike(page, "code-called");
  await page.getByLabel("Code").fill("0000000");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator("#code-error").waitFor();
  await looksLike(page, "code-wrong");
});

shots("the code form of a provider in trouble keeps its looks", async (page) => {
  const person = await product.person();
  await hold(page);
  await signIn(page, product.url, person);
  await product.request(person);
  await product.set(person, { provider_down: true });
  await page.goto(`${product.url}/code`);
  await page.getByRole("button", { name: "Text me a code" }).click();
  await page.getByRole("alert").waitFor();
  await looksLike(page, "code-trouble");
});

shots("the code form of a phone that cannot be asked keeps its looks", async (page) => {
  const person = await product.person();
  await product.set(person, { has_app: false });
  await hold(page);
  await signIn(page, product.url, person);
  await product.code(person);
  await page.goto(`${product.url}/code`);
  await says(page, "No app on your phone");
  await looksLike(page, "code-no-app");
});

shots("a problem keeps its looks", async (page) => {
  await waitingPage(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await says(page, "This request was cancelled");
  await press(page, `${page.url()}/complete`);
  await says(page, "This is not approved");
  await looksLike(page, "problem");
});

shots("the account and a transaction keep their looks", async (page) => {
  const person = await product.person();
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await looksLike(page, "account");
  await page.getByLabel("Message").fill(" ");
  await page.getByRole("button", { name: "Ask my phone" }).click();
  await page.getByRole("alert").waitFor();
  await looksLike(page, "account-refused");
  await hold(page);
  await transfer(page);
  await says(page, "Check your phone");
  const address = page.url();
  for (const state of STATES) {
    await turn(page, state);
    await looksLike(page, `transaction-${state.replace("_", "-")}`);
  }
  await page.goto(`${address}/code`);
  await looksLike(page, "transaction-code");
  await page.getByLabel("Code").fill("0000000");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.locator("#code-error").waitFor();
  await looksLike(page, "transaction-code-wrong");
  await page.goto(`${product.url}/account`);
  await page.getByText("Send money to Jarod’s vault").waitFor();
  await looksLike(page, "account-approvals");
});

for (const one of PAGES) shots(`${one.name} keeps its looks`, (page) => reached(one, page, () => looksLike(page, one.name)));

shots("another sign-in that looks at a transaction keeps its looks", async (page) => {
  const other = await page.context().browser().newPage();
  try {
    const person = await product.person();
    for (const one of [other, page]) {
      await signIn(one, product.url, person);
      await product.answer(person, "approve", await waits(one));
      await isIn(one);
    }
    await transfer(other);
    await hold(page);
    await page.goto(other.url());
    await says(page, "Check your phone");
    await looksLike(page, "transaction-elsewhere");
  } finally {
    await other.close();
  }
});

shots("the simulated phone keeps its looks", async (page) => {
  const fresh = await Product.start();
  try {
    await holdPhone(page);
    await page.goto(fresh.phones);
    await looksLike(page, "phone-none", undefined, freezePhone);
    const person = await fresh.person();
    await page.goto(fresh.phones);
    await looksLike(page, "phone-quiet", undefined, freezePhone);
    await hold(page);
    await signIn(page, fresh.url, person);
    await fresh.request(person);
    await page.goto(`${fresh.url}/code`);
    await page.getByRole("button", { name: "Text me a code" }).click();
    await fresh.code(person);
    await page.getByRole("button", { name: "Call me instead" }).click();
    await fresh.code(person, "calls");
    await page.goto(fresh.phones);
    await looksLike(page, "phone-busy", undefined, freezePhone);
  } finally {
    await fresh.stop();
  }
});

test("the states of a sign-in can be told apart in forced colours", async (open) => {
  const page = await open({ ...STILL, forcedColors: "active" });
  await still(page);
  await waitingPage(page);
  for (const state of ["sent", "approved", "denied", "expired"]) {
    await turn(page, state);
    await looksLike(page, `forced-${state}`, "#approval");
  }
});
