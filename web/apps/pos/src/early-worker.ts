/**
 * The till's worker, begun before the page's own code runs: so its script is fetched and compiled meanwhile. It
 * does nothing until it is told to start, which only the tab does that is the till.
 */
const make = (): Worker =>
  new Worker(new URL("./till.worker.ts", import.meta.url), { type: "module", name: "till" });

/** A worker that has not said a word by then is waited for no longer: the page shows what is wrong with it. */
const BEGUN_MS_MAX = 500;

let early: Worker | null = make();

/** Resolves when the worker's thread runs. */
export const begun = new Promise<void>((resolve) => {
  const done = () => {
    resolve();
  };
  setTimeout(done, BEGUN_MS_MAX);
  early?.addEventListener("message", done, { once: true });
  early?.addEventListener("error", () => {
    // One that fails before anybody listens is tried again by whoever does.
    early = null;
    resolve();
  });
});

/** The one that was begun, the first time; later a new one. */
export function startWorker(): Worker {
  const worker = early ?? make();
  early = null;
  return worker;
}
