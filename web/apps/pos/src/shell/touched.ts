/** Tells the engine that somebody is here, so that it does not lock itself. */
import { useEffect } from "react";

import type { TillEngine } from "@octonext/engine/api";

/** The engine asks for no more than this; an idle limit is minutes. */
const TOLD_EVERY_MS = 5000;

export function useTouched(engine: TillEngine): void {
  useEffect(() => {
    let toldAt = -TOLD_EVERY_MS;
    const tell = () => {
      const now = performance.now();
      if (now - toldAt < TOLD_EVERY_MS) return;
      toldAt = now;
      // Locked in the meantime: nothing to keep awake.
      engine.touched().catch(() => undefined);
    };
    const events = ["pointerdown", "keydown", "wheel"] as const;
    for (const event of events) window.addEventListener(event, tell, { capture: true, passive: true });
    return () => {
      for (const event of events) window.removeEventListener(event, tell, { capture: true });
    };
  }, [engine]);
}
