/** Where the page begins: the engine's worker first, for it has more to do than the page until somebody can sign in. */
import { begun, startWorker } from "./early-worker";

import { connectTill } from "@octonext/engine/client";

import { watchForInstall } from "./settings/install-offer";

watchForInstall();

const client = connectTill({ startWorker, appVersion: __APP_VERSION__ });

// A worker's thread begins only when this one is free: React would keep it busy for a while on a slow machine.
void begun
  .then(() => import("./page"))
  .then(({ showPage }) => {
    showPage(client);
  })
  .catch(() => {
    sayNotLoaded();
  });

/** Before there is a service worker the network may keep a part of the page back; the words are in that part. */
function sayNotLoaded(): void {
  const said = [
    ["en", "ltr", "The till could not be loaded. Check the network, then load the page again."],
    ["ar", "rtl", "تعذر تحميل نقطة البيع. افحص الشبكة ثم أعد تحميل الصفحة."],
  ] as const;
  for (const [lang, dir, text] of said) {
    const line = Object.assign(document.createElement("p"), { lang, dir, textContent: text });
    line.setAttribute("role", "alert");
    document.getElementById("app")?.append(line);
  }
}
