// More tabs than one session may have waiting: each of them hears the outcome, one way or another.

import { after, before } from "node:test";
import { browserTests, isIn, signIn, waits } from "./browser.js";
import { Product } from "./product.js";

const test = browserTests();
let product;
before(async () => (product = await Product.start({ SOCKETS_PER_SESSION: "2" })));
after(() => product?.stop());

test("a tab too many asks now and then, and all are in after one tap", async (open) => {
  const [page, person] = [await open(), await product.person()];
  await signIn(page, product.url, person);
  const number = await waits(page);
  const live = (tab) => tab.getByText("Connected. This page updates by itself.").waitFor();
  await live(page);
  const others = [await page.context().newPage(), await page.context().newPage()];
  await others[0].goto(page.url());
  await live(others[0]);
  const refused = others[1].waitForResponse((answer) => answer.status() === 429);
  await others[1].goto(page.url());
  await refused;
  await others[1].getByText("Connected. Your tap may take a moment.").waitFor();
  await product.answer(person, "approve", number);
  for (const tab of [page, ...others]) await isIn(tab);
});
