// A real browser, and what people do in it.

import axe from "axe-core";
import assert from "node:assert/strict";
import { after, before, test as nodeTest } from "node:test";
import { chromium } from "playwright-core";
import { until } from "./product.js";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Letters come out alike on every machine.
  "--font-render-hinting=none",
  "--disable-lcd-text",
];

/** Longer than anything here may take, on the slowest machine, in ms: only what fails waits as long. */
const [PATIENCE, WHOLE_TEST] = [30_000, 300_000];

/**
 * A `test` whose body gets a way to open pages. Each page is a browser of its own, with its own cookies.
 * All are closed after the test, whatever became of it. No script may fail, and nothing may be against our own policy.
 */
export function browserTests() {
  let browser;
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell", args: FLAGS });
  });
  after(() => browser?.close());
  return (name, body) =>
    nodeTest(name, { timeout: WHOLE_TEST }, async (t) => {
      const faults = [];
      const open = async (options = {}) => {
        const context = await browser.newContext(options);
        context.on("weberror", (fault) => faults.push(String(fault.error())));
        context.on("console", (line) => line.text().includes("Content Security Policy") && faults.push(line.text()));
        t.after(() => context.close());
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE);
        return page;
      };
      await body(open);
      assert.deepEqual(faults, []);
    });
}

const click = (button) => button.click();

/** Two clicks as a hand makes them: the first is on its way when the second comes. */
export const twice = (button) => button.dblclick({ delay: 40 });

/** Signs up, with the last button pressed as `press` does it. */
export async function signUp(page, url, person, press = click) {
  await page.goto(`${url}/sign-up`);
  await page.getByLabel("Full name").fill(person.full_name);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Country of your phone").selectOption({ label: `United States (+${person.country_code})` });
  await page.getByLabel("Phone number").fill(person.phone);
  await page.getByLabel("Password").fill(person.password);
  await leads(page, () => press(page.getByRole("button", { name: "Create account" })));
}

export async function signIn(page, url, person, press = click) {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password").fill(person.password);
  await leads(page, () => press(page.getByRole("button", { name: "Sign in" })));
}

/** Asks for a transaction on the account page. */
export async function transfer(page, press = click) {
  await page.getByLabel("Message").fill("Send money to Jarod’s vault");
  const details = [["From", "Jarod"], ["Amount", "1,000,000"], ["Currency", "Galleons"]];
  for (const [row, [label, value]] of details.entries()) {
    await page.locator("[name=label]").nth(row).fill(label);
    await page.locator("[name=value]").nth(row).fill(value);
  }
  await press(page.getByRole("button", { name: "Ask my phone" }));
}

/** Sends a form without fields, as a button of an outdated page does. */
export async function press(page, url) {
  await page.evaluate((action) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    document.body.append(form);
    form.submit();
  }, url);
}

/**
 * Does what leads to another page, and waits until that is there, with its styles. A click alone may be over before the
 * page it leads to has come; what is looked for next might be found on the page before, and be gone in a moment.
 */
export async function leads(page, act) {
  await page.waitForLoadState();
  await Promise.all([page.waitForEvent("load"), act()]);
}

/** From now on the page cannot leave for addresses that match, until what is answered is called. */
export async function keep(page, addresses) {
  let letGo;
  const kept = new Promise((go) => (letGo = go));
  await page.route(addresses, async (route) => (await kept, route.continue()));
  return letGo;
}

/** The page goes elsewhere, by a form or by its script, whichever is first. */
export async function leaves(page, url) {
  await until(() => page.url() !== url, "another page");
}

/** The page says this, in its heading and in its title. */
export async function says(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  await page.waitForFunction((text) => document.title.startsWith(text), heading);
}

/** The page is connected and shows a number to compare; answers the number. */
export async function waits(page) {
  await says(page, "Check your phone");
  await page.getByText("Connected. This page updates by itself.").waitFor();
  return page.locator(".number").innerText();
}

export async function isIn(page) {
  await page.waitForURL("**/account");
  await page.getByText("You are signed in.").waitFor();
}

/** How many lines the text of `part` takes. */
async function lines(page, part) {
  return page.locator(part).evaluateAll(([text]) => {
    const range = document.createRange();
    if (text) range.selectNodeContents(text);
    return range.getClientRects().length;
  });
}

/** No violation that axe finds on desktop and phone, light and dark; no scrolling sideways there and at 320 px. */
export async function looksRight(page) {
  await page.waitForLoadState();
  const title = await page.title();
  for (const [width, height] of [[1280, 800], [400, 860], [320, 640]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `${title} scrolls sideways at ${width} px`);
    assert.ok((await lines(page, ".product")) < 2, `${title} breaks our name at ${width} px`);
    for (const colorScheme of width > 320 ? ["light", "dark"] : []) {
      await page.emulateMedia({ colorScheme });
      // In the dark nothing else is different.
      const found = await violations(page, colorScheme === "dark" ? COLOURS : {});
      assert.deepEqual(found, [], `${title}, ${colorScheme}, ${width} px`);
    }
  }
}

/** The rules of axe that look at colours, but for the stricter one that axe leaves off by itself. */
const COLOURS = { runOnly: ["color-contrast", "link-in-text-block"] };

async function violations(page, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate((options) => window.axe.run(options), { ...rules, resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
}
