/** Installing the till as an app: the browser offers it once, early; it is kept until somebody wants it. */
import { useSyncExternalStore } from "react";

interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

let offered: InstallEvent | null = null;
const listeners = new Set<() => void>();

function offer(event: InstallEvent | null): void {
  offered = event;
  for (const listener of listeners) listener();
}

/** Called when the page starts: the event comes before anybody opens the settings. */
export function watchForInstall(): void {
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer(event as InstallEvent);
  });
  window.addEventListener("appinstalled", () => {
    offer(null);
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useInstall(): { installed: boolean; prompt: (() => Promise<void>) | null } {
  const event = useSyncExternalStore(subscribe, () => offered);
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
