// Makes a page that asks for a code live: it goes on by itself when the phone answers meanwhile.

import { leave } from "./form.js";
import { stateOf } from "./live.js";
import { follow } from "./page.js";

const { approval, version, leaves } = /** @type {HTMLElement} */ (document.querySelector(".card")).dataset;

/** @param {string} id @param {number} version */
function hear(id, version) {
  const tell = (/** @type {import("./live.js").Approval} */ news) => {
    // Expiry does not matter here, so the time 0 will do.
    const state = stateOf(news, 0);
    if (leaves?.split(" ").includes(state)) leave(() => location.replace(`/approvals/${id}`));
    // Sent again in another tab: a code is as good as before, and the tap that counts is the one on the newer request.
    else if (state === "replaced" && news.replaced_by) hear(news.replaced_by, 0);
  };
  follow(id, version, tell, () => {});
}

if (approval) hear(approval, Number(version));
