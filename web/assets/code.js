// Makes a page that asks for a code live: it goes on by itself when the phone answers meanwhile.

import { isLeaving } from "./form.js";
import { follow } from "./page.js";

const { approval, version, leaves, next } = /** @type {HTMLElement} */ (document.querySelector(".card")).dataset;

if (approval && next) {
  follow(
    approval,
    Number(version),
    (news) => leaves?.split(" ").includes(news.status) && !isLeaving() && location.replace(next),
    () => {},
  );
}
