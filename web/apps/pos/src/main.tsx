/** Where the page begins: the engine's worker starts, and the screens follow its state. */
// First of all: what a screen says about its own must win over the primitives.
import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/ui.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { connectTill } from "@octonext/engine/client";

import { App } from "./app";
import { watchForInstall } from "./settings/install";

watchForInstall();

const client = connectTill({
  startWorker: () =>
    new Worker(new URL("./till.worker.ts", import.meta.url), { type: "module", name: "till" }),
  appVersion: __APP_VERSION__,
});

const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
createRoot(place).render(
  <StrictMode>
    <App client={client} />
  </StrictMode>,
);
