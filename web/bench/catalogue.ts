/**
 * What the catalogue costs with 100,000 products: making it from a feed, loading it, looking up, searching,
 * and memory. Times are of the processor, at full speed; a cheap tablet is some four times slower.
 *
 * Run from `web/`:  npx vite build --ssr bench/catalogue.ts --outDir /tmp/octonext-bench --logLevel warn
 *                   node --expose-gc /tmp/octonext-bench/catalogue.js [products]
 */
import { Catalogue, type View } from "../packages/catalogue/src/index";
import { gtinOf, idOf, inBatches, seeded, shopRows } from "../packages/catalogue/tests/shop";

const PRODUCTS = Number(process.argv[2] ?? "100000");
const BATCH_ROWS = 5_000;
const ROUNDS = 5;
const VIEW: View = { branchId: 3, today: "2026-11-22" };
const TYPED = [
  "chocolate strawberry 250",
  "حليب كامل الدسم",
  "شوكولاته بالفراوله",
  "choclate",
  "detergant premum",
  "الحليب العضوي",
  "rice 500g berdar",
  "P0012345",
  "6280000",
  "54321",
  "creme brulee vanilla",
  "قهوه كلاسيك ٥٠٠",
];

/**
 * Milliseconds of processor time of this process, its garbage collector and compiler included: what else the
 * machine does meanwhile does not count, as it would on a clock.
 */
function now(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function timed<T>(name: string, run: () => T): T {
  const start = now();
  const result = run();
  print(`${name.padEnd(46)} ${(now() - start).toFixed(1)} ms`);
  return result;
}

function percentiles(name: string, times: number[]): void {
  times.sort((left, right) => left - right);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(3);
  print(`${name.padEnd(46)} p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  worst ${at(1)} ms  (${times.length})`);
}

function memory(name: string): void {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  print(`${name.padEnd(46)} heap ${megabytes(heapUsed)}  buffers ${megabytes(arrayBuffers)}`);
}

const batches = [...inBatches(shopRows(PRODUCTS), BATCH_ROWS)];
let later = [...inBatches(shopRows(PRODUCTS, 8), BATCH_ROWS)];
memory("with the rows to come");
const first = Catalogue.empty();
let merges = 0;
let longestMerge = 0;
let peak = 0;
timed("first sync: apply and merge all rows", () => {
  for (const batch of batches) {
    first.apply(batch);
    if (!first.mergeDue) continue;
    const start = now();
    first.merge();
    longestMerge = Math.max(longestMerge, now() - start);
    merges++;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  }
});
print(`  merges ${merges}, longest ${longestMerge.toFixed(1)} ms, buffers at most ${megabytes(peak)}`);
timed("last merge", () => {
  first.merge();
});
const parts = timed("toImage", () => first.toImage());
print(
  `image ${megabytes(parts.reduce((sum, part) => sum + part.length, 0))}, ${parts.length} parts; ${JSON.stringify(first.stats)}`,
);
batches.length = 0;

const copies = parts.map((part) => Uint8Array.from(part));
const catalogue = timed("fromImage", () => Catalogue.fromImage(copies));
timed("first search (works out what can be sold)", () => catalogue.search("milk", 50, VIEW));

const random = seeded(3);
const lookups: number[] = [];
for (let each = 0; each < 20_000; each++) {
  const code = gtinOf(1 + Math.floor(random() * PRODUCTS));
  const start = now();
  const product = catalogue.productByBarcode(code);
  const price = product && catalogue.price(product.id, VIEW.branchId, VIEW.today);
  lookups.push(now() - start);
  if (price === null) throw new Error(`${code} has no price`);
}
percentiles("scan: barcode, product, price", lookups);

function typeEverything(name: string): void {
  const times: number[] = [];
  let slowest = ["", 0] as [string, number];
  for (let round = 0; round < ROUNDS; round++) {
    for (const text of TYPED) {
      for (let letters = 1; letters <= text.length; letters++) {
        const start = now();
        catalogue.search(text.slice(0, letters), 50, VIEW);
        const took = now() - start;
        times.push(took);
        if (round > 0 && took > slowest[1]) slowest = [text.slice(0, letters), took];
      }
    }
  }
  percentiles(name, times);
  print(`  slowest: ${JSON.stringify(slowest[0])} ${slowest[1].toFixed(2)} ms`);
}
typeEverything("search, per keystroke");
percentiles(
  "browse a category, a page in the middle",
  Array.from({ length: 200 }, (_, each) => {
    const start = now();
    catalogue.browse(idOf(2, 1 + (each % 20)), 1_000, 60, VIEW);
    return now() - start;
  }),
);
timed("categories with counts", () => catalogue.categories());

timed("apply 5,000 changed products", () => catalogue.apply(later[1] ?? []));
typeEverything("search with 5,000 later products");
timed("merge 5,000 changed products", () => {
  catalogue.merge();
});
later = [];
memory("a catalogue and its copy as parts");
