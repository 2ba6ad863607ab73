// The pages and states that take a few steps to reach: one table for the tests of looks, of axe and of enlarged letters, so
// that none of them is forgotten in one.

import { isIn, leads, leaves, press, says, signIn, signUp, transfer, waits } from "./browser.js";
import { PASSWORD, Product } from "./product.js";
import { Proxy } from "./proxy.js";
import { hold, turn } from "./still.js";

/** What a waiting page says by its script alone; "replaced" is the server's. */
export const STATES = ["sending", "sent", "unknown", "no_app", "unavailable", "checking", "approved", "denied", "expired", "cancelled"];

/** Each with what it is called, the settings it needs, and the way to it. */
export const PAGES = [
  { name: "password", show: async (page, product) => void (await passwordPage(page, product)) },
  {
    name: "password-refused",
    show: async (page, product) => {
      await passwordPage(page, product);
      await page.getByLabel("Current password").fill("not this one");
      await page.getByLabel("New password").fill("password1");
      await leads(page, () => page.getByRole("button", { name: "Change password" }).click());
      await page.getByRole("alert").first().waitFor();
    },
  },
  {
    name: "password-doubted",
    show: async (page, product) => {
      await account(page, product);
      await leads(page, () => press(page, `${product.url}/account/not-me`));
      await page.goto(`${product.url}/password`);
      await says(page, "Choose a new password");
    },
  },
  {
    name: "sign-in-ended",
    show: async (page, product) => {
      await page.goto(`${product.url}/account`);
      await page.getByText("Your sign-in has ended").waitFor();
    },
  },
  {
    name: "sign-in-no-cookies",
    show: async (page, product) => {
      const proxy = await Proxy.start(product.url);
      try {
        proxy.headers = (name) => name.toLowerCase() !== "set-cookie";
        await signIn(page, proxy.url, { email: "ada@example.com", password: PASSWORD });
      } finally {
        proxy.stop();
      }
      await page.getByText("This browser keeps no cookies").waitFor();
    },
  },
  { name: "sign-up-waiting", show: async (page, product) => void (await signingUp(page, product)) },
  {
    name: "sign-up-denied",
    show: async (page, product) => {
      await product.answer(await signingUp(page, product), "deny");
      await page.reload();
      await says(page, "Denied on your phone");
    },
  },
  {
    name: "sign-up-cancelled",
    show: async (page, product) => {
      await signingUp(page, product);
      await leads(page, () => page.getByRole("button", { name: "Cancel" }).click());
      await says(page, "This request was cancelled");
    },
  },
  {
    name: "sign-up-code",
    show: async (page, product) => {
      await signingUp(page, product);
      await page.goto(`${product.url}/code`);
      await says(page, "Enter a code");
    },
  },
  {
    name: "sign-up-changed",
    show: async (page, product) => {
      await signingUp(page, product);
      await leads(page, () => page.getByRole("button", { name: "Not your number?" }).click());
      await page.getByText("was taken back").waitFor();
    },
  },
  { name: "reset", show: (page, product) => page.goto(`${product.url}/reset`) },
  {
    name: "reset-refused",
    show: async (page, product) => {
      await reset(page, product, "password1");
      await page.locator("#password-error").waitFor();
    },
  },
  {
    name: "reset-done",
    show: async (page, product) => {
      await reset(page, product, `${PASSWORD}, another one`);
      await says(page, "Your new password is set");
    },
  },
  {
    name: "account-notices",
    env: { PUSH_WAIT_SECONDS: "0" },
    show: async (page, product) => {
      const person = await refused(page, product);
      await signIn(page, product.url, person);
      await product.answer(person, "approve", await waits(page));
      await isIn(page);
      await page.getByText("A sign-in was denied on your phone").waitFor();
    },
  },
  { name: "code-busy", show: async (page, product) => void (await busy(page, product)) },
  {
    name: "code-rested",
    show: async (page, product) => {
      await product.answer(await busy(page, product), "approve");
      await page.reload();
      await page.getByText("Your phone can be asked again.").waitFor();
    },
  },
  {
    name: "code-rest",
    show: async (page, product) => {
      await signIn(page, product.url, await refused(page, product));
      await page.getByText("The last request was not approved.").waitFor();
    },
  },
  {
    name: "code-off",
    env: { REFUSED_PUSHES: "1" },
    show: async (page, product) => {
      await signIn(page, product.url, await refused(page, product));
      await page.getByText("so we send no more").waitFor();
    },
  },
  {
    name: "transaction-replaced",
    show: async (page, product) => {
      const [, address] = await asking(page, product);
      await page.getByRole("button", { name: "Send again" }).click();
      await leaves(page, address);
      await page.goto(address);
      await says(page, "There is a newer request");
    },
  },
  {
    name: "transaction-code-trouble",
    show: async (page, product) => {
      const [person, address] = await asking(page, product);
      await product.request(person);
      await product.set(person, { provider_down: true });
      await page.goto(`${address}/code`);
      await page.getByRole("button", { name: "Text me a code" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "transaction-long-names",
    show: async (page, product) => {
      await account(page, product);
      await hold(page);
      await transfer(page, async (button) => {
        await page.locator("[name=label]").first().fill("Rechnungsempfangsnum");
        await leads(page, () => button.click());
      });
      await says(page, "Check your phone");
      await turn(page, "sent", "none");
    },
  },
];

/** Shows `look` one of these pages, of a product of its own. */
export async function reached({ env, show }, page, look) {
  const product = await Product.start(env);
  try {
    await show(page, product);
    await look(page);
  } finally {
    await product.stop();
  }
}

async function account(page, product) {
  const person = await product.person();
  await signIn(page, product.url, person);
  await product.answer(person, "approve", await waits(page));
  await isIn(page);
  return person;
}

async function passwordPage(page, product) {
  await account(page, product);
  await page.goto(`${product.url}/password`);
  await says(page, "Change your password");
}

async function reset(page, product, password) {
  await page.goto(await product.resetLink(await product.person()));
  await page.getByLabel("New password").fill(password);
  await leads(page, () => page.getByRole("button", { name: "Set password" }).click());
}

/** Somebody who signs up, on the waiting page, which stays as it comes. */
async function signingUp(page, product) {
  const person = product.stranger();
  await hold(page);
  await signUp(page, product.url, { ...person, email: "ada@example.com" });
  await product.request(person);
  await page.reload();
  await says(page, "Check your phone");
  return person;
}

/** Somebody whose sign-in was denied on the phone. */
async function refused(page, product) {
  const person = await product.person();
  await signIn(page, product.url, person);
  await product.answer(person, "deny", await waits(page));
  await says(page, "Denied on your phone");
  return person;
}

/** Somebody with as many requests on the phone as it takes, and one more browser. */
async function busy(page, product) {
  const person = await product.person();
  for (let request = 0; request < 2; request += 1) {
    await signIn(page, product.url, person);
    await waits(page);
    await page.context().clearCookies();
  }
  await signIn(page, product.url, person);
  await page.getByText("Other requests are waiting on your phone.").waitFor();
  return person;
}

/** Somebody who asked for a transfer, and its page, which stays as it comes. */
async function asking(page, product) {
  const person = await account(page, product);
  await hold(page);
  await leads(page, () => transfer(page));
  await says(page, "Check your phone");
  return [person, page.url()];
}
