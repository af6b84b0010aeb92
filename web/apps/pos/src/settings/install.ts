/** Installing the till as an app, for the settings. */
import { useSyncExternalStore } from "react";

import { installOffer, offer, subscribe } from "./install-offer";

export function useInstall(): { installed: boolean; prompt: (() => Promise<void>) | null } {
  const event = useSyncExternalStore(subscribe, installOffer);
  return {
    installed: window.matchMedia("(display-mode: standalone), (display-mode: fullscreen)").matches,
    prompt:
      event === null
        ? null
        : async () => {
            await event.prompt();
            offer(null);
          },
  };
}
