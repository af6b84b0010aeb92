// In the till's worker: as many bytes as a sale writes, in as many records, durable twice. Milliseconds.
async () => {
  const bytes = (length) => crypto.getRandomValues(new Uint8Array(length));
  globalThis.bare ??= await new Promise((resolve, reject) => {
    const opening = indexedDB.open("bench-bare", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("rows");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  globalThis.bareFile ??= await (await (await navigator.storage.getDirectory())
    .getFileHandle("bench-bare", { create: true })).createSyncAccessHandle();
  const rows = [1200, 600, 200, 1500, 100].map(bytes);
  const from = performance.now();
  const writing = bare.transaction("rows", "readwrite", { durability: "strict" });
  rows.forEach((row, place) => writing.objectStore("rows").put(row, place));
  await new Promise((resolve, reject) => {
    writing.oncomplete = resolve;
    writing.onabort = () => reject(writing.error);
  });
  bareFile.write(bytes(2000), { at: 0 });
  bareFile.flush();
  return performance.now() - from;
}
