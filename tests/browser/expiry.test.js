// What a page tells when nobody answers. The product is told to wait a few seconds only: 10 of them for the phone, in
// which the sign-up and the second request have to be answered.

import { after, before } from "node:test";
import { browserTests, isIn, looksRight, says, signIn, waits } from "./browser.js";
import { Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start({ SIGN_IN_SECONDS: "15" })));
after(() => product?.stop());

test("an approval that nobody answers says so, and can be sent again", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  await waits(page);
  await page.getByRole("heading", { name: "No answer came" }).waitFor({ timeout: 60_000 });
  await says(page, "No answer came");
  await page.getByRole("alert").getByText("Nobody was signed in. Send it again").waitFor();
  await page.reload();
  await says(page, "No answer came");
  await looksRight(page);
  await page.getByRole("button", { name: "Send again" }).click();
  const number = await waits(page);
  await product.answer(person, "approve", number);
  await isIn(page);
});
