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
  });
