// Makes pages stand still, so that two pictures of one state are alike on every machine: one font, fixed numbers and
// times, nothing that moves. The product has no font of its own; only the pictures have.

import { readFile } from "node:fs/promises";

const FONT = new URL("node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2", import.meta.url);

/** What a browser needs so that `still` can work: the page's policy allows no font. The place and name are constant. */
export const STILL = {
  bypassCSP: true,
  locale: "en-GB",
  reducedMotion: "reduce",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

/** From now on each page comes in the pictures' font and without a caret. */
export async function still(page) {
  const font = (await readFile(FONT)).toString("base64");
  // With precise geometry letters stand alike in browsers with windows and without.
  await page.route(/\/(style|phone)\.css$/, async (route) => {
    const answer = await route.fetch();
    const added = `
      @font-face { font-family: Still; font-weight: 100 900; src: url(data:font/woff2;base64,${font}); }
      html, button, input, select, code { font-family: Still !important; text-rendering: geometricPrecision; }
      * { caret-color: transparent !important; }`;
    await route.fulfill({ response: answer, body: (await answer.text()) + added });
  });
}

/** From now on a waiting page stays as it comes, as if its script had not arrived. */
export async function hold(page) {
  await page.route("**/waiting.js", (route) => route.abort());
}

/** Writes the same number, time left, moments, address and phone into every picture, once the page is there whole. */
export async function freeze(page) {
  // Words can be read before the styles have come.
  await page.waitForLoadState();
  await page.evaluate(async () => {
    const write = (where, text) => document.querySelectorAll(where).forEach((part) => (part.textContent = text));
    write(".number, [role=status] b", "47");
    for (const bold of document.querySelectorAll("main > .card > .lead b")) {
      const phone = bold.textContent.startsWith("+") ? "+1 202-555-0167" : "67";
      bold.textContent = /[a-z]/.test(bold.textContent) ? "20 seconds" : phone;
    }
    write("#left", "1:26");
    write("time", "22 Nov 2026, 09:05 UTC");
    write(".who", "ada@example.com");
    for (const row of document.querySelectorAll(".rows div")) {
      const value = row.lastElementChild;
      const inFull = value.textContent.includes("-") ? "+1 202-555-0167" : "+12025550167";
      const phone = value.textContent.startsWith("ending") ? "ending in 67" : inFull;
      const known = { Email: "ada@example.com", Phone: phone }[row.firstElementChild.textContent];
      if (known) value.textContent = known;
    }
    // It comes by itself where the script does not.
    document.querySelector(".still")?.setAttribute("hidden", "");
    document.getElementById("arc")?.setAttribute("stroke-dashoffset", "29");
    await Promise.all([...document.fonts].map((font) => font.load()));
  });
}

/** From now on a simulated phone stays as it comes. */
export async function holdPhone(page) {
  await page.route("**/phone.js", (route) => route.abort());
}

/** The same as `freeze` for a simulated phone. */
export async function freezePhone(page) {
  await page.evaluate(async () => {
    const write = (where, text) => document.querySelectorAll(where).forEach((part) => (part.textContent = text));
    write(".owner, .phones strong", "ada@example.com");
    write("h1 .number, .phones span", "+1 202 555 0167");
    write("time", "09:05:07");
    write(".left", "1:26 left");
    write(".code b, .inbox b", "4711471");
    write("#callback code", "POST http://127.0.0.1:3000/authy/callback");
    for (const row of document.querySelectorAll("dl div")) {
      const known = { Number: "47", "Email Address": "ada@example.com" }[row.firstElementChild.textContent];
      if (known) row.lastElementChild.textContent = known;
    }
    await document.fonts.ready;
  });
}

/** Shows another state of the waiting page, as its script does. */
export async function turn(page, state, line = "live") {
  await page.evaluate(([state, line]) => {
    document.getElementById("approval").dataset.state = state;
    for (const part of document.querySelectorAll("[data-for]")) part.toggleAttribute("hidden", !part.dataset.for.split(" ").includes(state));
    for (const part of document.querySelectorAll("[data-line]")) part.hidden = part.dataset.line !== line;
  }, [state, line]);
}
