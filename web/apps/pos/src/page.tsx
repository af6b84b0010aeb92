/** The screens: everything that is drawn, and what it takes to draw it. */
import "./theme/tokens.css";
// Then these: what a screen says about its own must win over the primitives.
import "./theme/base.css";
import "./theme/ui.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import type { TillClient } from "@octonext/engine/api";

import { App } from "./app";

/** Draws the till into the page; its screens follow the client's state. */
export function showPage(client: TillClient): void {
  const place = document.getElementById("app");
  if (place === null) throw new Error("index.html has no #app");
  createRoot(place).render(
    <StrictMode>
      <App client={client} />
    </StrictMode>,
  );
}
