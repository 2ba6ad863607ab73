// The pages without a mouse, enlarged, in forced colours, and as a screen reader hears them.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browserTests, isIn, leads, leaves, says, signIn, signUp, transfer, waits } from "./browser.js";
import { Product } from "./product.js";
import { PAGES, STATES, reached } from "./states.js";
import { hold, turn } from "./still.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start()));
after(() => product?.stop());

/** Tab stops at these, one after the other, and each is seen to have the focus. */
async function tabs(page, ...names) {
  for (const name of names) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const focused = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      const name = focused.labels?.[0]?.innerText ?? focused.innerText.split("\n")[0];
      return { name, seen: focused.matches(":focus-visible") && outlineStyle === "solid" && parseFloat(outlineWidth) >= 2 };
    });
    assert.deepEqual(stop, { name, seen: true });
  }
}

async function signInByKeyboard(page, person) {
  await page.goto(`${product.url}/sign-in`);
  await page.locator("#email:focus").waitFor();
  await page.keyboard.type(person.email);
  await tabs(page, "Password");
  await page.keyboard.type(person.password);
  await tabs(page, "Sign in");
  await page.keyboard.press("Enter");
  return waits(page);
}

test("a sign-in, sent again, is made with the keyboard alone", async (open) => {
  const [page, person] = [await open(), await product.person()];
  const first = await signInByKeyboard(page, person);
  const old = page.url();
  await tabs(page, "Countersign", "Use a code", "Send again");
  await page.keyboard.press("Enter");
  await leaves(page, old);
  const second = await waits(page);
  assert.notEqual(second, first);
  await product.answer(person, "approve", second);
  await isIn(page);
});

test("a code is asked for and typed with the keyboard alone", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signInByKeyboard(page, person);
  await tabs(page, "Countersign", "Use a code");
  await page.keyboard.press("Enter");
  await says(page, "Enter a code");
  await page.locator("#code:focus").waitFor();
  await tabs(page, "Continue", "Text me a code", "Call me instead", "Tap Approve on the phone instead", "Leave");
  for (let back = 0; back < 3; back += 1) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  await page.getByText("We sent a text message").waitFor();
  await page.locator("#code:focus").waitFor();
  await page.keyboard.type(await product.code(person));
  await page.keyboard.press("Enter");
  await isIn(page);
});

test("somebody signs up and has a transfer approved with the keyboard alone", async (open) => {
  const [page, person] = [await open(), product.stranger()];
  await page.goto(`${product.url}/sign-up`);
  await tabs(page, "Countersign");
  for (const [label, text] of [
    ["Full name", person.full_name],
    ["Email", person.email],
    ["Country of your phone", "United States"],
    ["Phone number", person.phone],
    ["Password", person.password],
  ]) {
    await tabs(page, label);
    await page.keyboard.type(text);
  }
  await tabs(page, "Create account");
  await page.keyboard.press("Enter");
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  await tabs(page, "Countersign", "Sign out", "Message");
  await page.keyboard.type("Send money to Jarod’s vault");
  for (const value of ["Jarod", "1,000,000", "Galleons"]) {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type(value);
  }
  await page.keyboard.press("Enter");
  await product.answer(person, "approve", await waits(page));
  await says(page, "Approved");
  assert.equal((await product.phone(person)).requests.at(-1).details.Amount, "1,000,000");
  await tabs(page, "Back to your account");
  await page.keyboard.press("Enter");
  await isIn(page);
});

test("a request is cancelled with the keyboard alone, and the focus goes to what became of it", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signInByKeyboard(page, person);
  await tabs(page, "Countersign", "Use a code", "Send again", "Call me instead", "Cancel");
  await leads(page, () => page.keyboard.press("Enter"));
  await says(page, "This request was cancelled");
  await tabs(page, "Countersign", "Sign in again", "Leave");
});

/** Nothing is cut off but what somebody typed, and nothing is wider than the window. */
async function fits(page, what) {
  const wrong = await page.evaluate(() => {
    const parts = [...document.querySelectorAll("body *")].filter((part) => part.checkVisibility() && !part.closest("svg"));
    const cut = (part) => getComputedStyle(part).display !== "inline" && !part.matches("input, select") && part.scrollWidth > part.clientWidth + 1;
    const out = ({ left, right }) => left < -1 || right > document.documentElement.clientWidth + 1;
    const bad = parts.filter((part) => cut(part) || out(part.getBoundingClientRect())).map((part) => part.outerHTML.slice(0, 80));
    return document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["the page scrolls sideways", ...bad] : bad;
  });
  assert.deepEqual(wrong, [], `${what}, ${await page.title()}`);
}

/** At 200 % by the browser's zoom, which halves the window, and by its letters alone, on a desktop and on a phone. */
async function fitsEnlarged(page, what) {
  await page.setViewportSize({ width: 640, height: 360 });
  await fits(page, `${what} at 200 %`);
  await page.evaluate(() => (document.documentElement.style.fontSize = "212.5%"));
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 720 });
    await fits(page, `${what} with letters twice as large at ${width} px`);
  }
}

test("at twice the size nothing is cut and nothing scrolls sideways", async (open) => {
  const page = await open({ deviceScaleFactor: 2 });
  await hold(page);
  for (const path of ["/", "/sign-in", "/sign-up", "/nowhere"]) {
    await page.goto(product.url + path);
    await fitsEnlarged(page, path);
  }
  await signUp(page, product.url, { ...product.stranger(), phone: "12", password: "password1" });
  await page.locator("#phone-error").waitFor();
  await fitsEnlarged(page, "/sign-up");
  const person = await product.person();
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
  for (const state of STATES) {
    await turn(page, state);
    await fitsEnlarged(page, state);
  }
  await page.goto(`${product.url}/code`);
  await fitsEnlarged(page, "/code");
});

test("the account and a transaction at twice the size are whole as well", async (open) => {
  const [page, person] = [await open({ deviceScaleFactor: 2 }), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await product.answer(person, "approve");
  await isIn(page);
  await fitsEnlarged(page, "/account");
  await hold(page);
  await transfer(page);
  await says(page, "Check your phone");
  const address = page.url();
  for (const state of STATES) {
    await turn(page, state);
    await fitsEnlarged(page, `a transaction, ${state}`);
  }
  await page.goto(`${address}/code`);
  await fitsEnlarged(page, "a transaction's code");
  await page.goto(`${product.url}/account`);
  await fitsEnlarged(page, "/account with a transaction");
});

for (const one of PAGES) {
  test(`${one.name} at twice the size is whole as well`, async (open) => {
    await reached(one, await open({ deviceScaleFactor: 2 }), (page) => fitsEnlarged(page, one.name));
  });
}

test("every outcome is spoken, because it appears in a live region", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await hold(page);
  await signIn(page, product.url, person);
  await says(page, "Check your phone");
  for (const state of STATES) {
    await turn(page, state);
    const heading = await page.getByRole("heading", { level: 1 }).innerText();
    const region = ["denied", "expired", "cancelled"].includes(state) ? "alert" : "status";
    const heard = await page.locator(`#approval [role=${region}]`).ariaSnapshot();
    assert.match(heard, new RegExp(`^- ${region}:\\n  - heading "${heading}" \\[level=1\\]\\n  - paragraph: \\S`), state);
  }
});

test("a denial is spoken while the page waits, and the buttons say what they do", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  const buttons = await page.locator(".actions").ariaSnapshot();
  assert.deepEqual(buttons.match(/(?<=(link|button) ")[^"]+/g), [
    "Use a code Text, call, authenticator",
    "Send again With a new number",
    "Call me instead A voice reads a code",
    "Cancel Ends this request",
  ]);
  await product.answer(person, "deny");
  await page.getByRole("alert").getByRole("heading", { name: "Denied on your phone" }).waitFor();
  await page.getByRole("link", { name: "Use a code From a text, a call or your authenticator" }).click();
  await says(page, "Enter a code");
  const forms = await page.locator("main").ariaSnapshot();
  assert.deepEqual(forms.match(/(?<=(link|button) ")[^"]+/g), [
    "Continue",
    "Text me a code A message with a code",
    "Call me instead A voice reads a code",
    "Leave Ends this sign-in",
  ]);
});
