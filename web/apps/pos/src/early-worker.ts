/**
 * The till's worker, begun before the page's own code runs: so its script is fetched and compiled meanwhile. It
 * does nothing until it is told to start, which only the tab does that is the till.
 */
const make = (): Worker =>
  new Worker(new URL("./till.worker.ts", import.meta.url), { type: "module", name: "till" });

let early: Worker | null = make();
// One that fails before anybody listens is tried again by whoever does.
early.addEventListener("error", () => {
  early = null;
});

/** The one that was begun, the first time; later a new one. */
export function startWorker(): Worker {
  const worker = early ?? make();
  early = null;
  return worker;
}
