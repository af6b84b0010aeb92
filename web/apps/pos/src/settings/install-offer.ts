/** The browser's one early offer to install the till as an app, kept until somebody wants it. Without React: it is watched for first. */

export interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

let offered: InstallEvent | null = null;
const listeners = new Set<() => void>();

export function installOffer(): InstallEvent | null {
  return offered;
}

export function offer(event: InstallEvent | null): void {
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

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
