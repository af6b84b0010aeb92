/** Where the page begins: the engine's worker starts, and the screens follow its state. */
// First of all: the rest of this page takes a slow machine a while.
import { startWorker } from "./early-worker";
// Then this: what a screen says about its own must win over the primitives.
import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/ui.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { connectTill } from "@octonext/engine/client";

import { App } from "./app";
import { watchForInstall } from "./settings/install";

watchForInstall();

const client = connectTill({ startWorker, appVersion: __APP_VERSION__ });

const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
// In a task of its own: the worker's script is there by now, but its thread begins only when this one is free.
setTimeout(() => {
  createRoot(place).render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  );
});
