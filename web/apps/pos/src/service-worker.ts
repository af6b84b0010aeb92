/** Keeps the app itself on the device: precache and nothing else. Sales and products are the engine's. */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

interface WorkerScope extends ServiceWorkerGlobalScope {
  __WB_MANIFEST: { url: string; revision: string | null }[];
}
declare const self: WorkerScope;

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
// Whatever address under /till/ is opened, it is the one page.
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html")));

self.addEventListener("activate", (event) => {
  // The first visit is under the worker's care at once: a reload without a network works from then on.
  event.waitUntil(self.clients.claim());
});

self.addEventListener("message", (event) => {
  // A new version waits until the page says that nothing is being sold.
  if (event.data === "apply-update") void self.skipWaiting();
});
