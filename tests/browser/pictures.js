// Takes the pictures of the README anew: `node pictures.js FOLDER`.

import { join } from "node:path";
import { chromium } from "playwright-core";
import { signIn, signUp, isIn, says, waits } from "./browser.js";
import { Product } from "./product.js";

const folder = process.argv[2] ?? "../../docs/images";
// A phone that has denied is asked again at once.
const product = await Product.start({ PUSH_WAIT_SECONDS: "0" });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell", args: ["--no-sandbox", "--disable-gpu"] });
const open = async (width, colorScheme = "light") => {
  const context = await browser.newContext({ viewport: { width, height: 860 }, colorScheme, deviceScaleFactor: 1.5 });
  return context.newPage();
};

try {
  const [page, phone, dark, person] = [await open(560), await open(400), await open(400, "dark"), product.stranger()];
  await signUp(page, product.url, person);
  await waits(page);
  await phone.goto(product.phones);
  await phone.getByRole("button", { name: "Approve" }).click();
  await isIn(page);
  await page.context().clearCookies();
  await signIn(page, product.url, person);
  const number = await waits(page);
  await phone.getByText(number, { exact: true }).waitFor();
  await page.screenshot({ path: join(folder, "waiting.png") });
  await phone.screenshot({ path: join(folder, "phone.png") });
  await phone.getByRole("button", { name: "Deny" }).click();
  await says(page, "Denied on your phone");
  await signIn(dark, product.url, person);
  await waits(dark);
  await dark.screenshot({ path: join(folder, "waiting-dark.png") });
} finally {
  await browser.close();
  await product.stop();
}
