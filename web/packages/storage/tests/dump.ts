/** Everything in files and databases as text, to look for what must not be there. */
export async function dumpOf(files: readonly Uint8Array[], factory: IDBFactory): Promise<string> {
  const parts: Uint8Array[] = [...files];
  for (const { name } of await factory.databases()) {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = factory.open(name ?? "");
      opening.onsuccess = () => {
        resolve(opening.result);
      };
      opening.onerror = () => {
        reject(new Error("cannot open"));
      };
    });
    for (const store of Array.from(database.objectStoreNames)) {
      for (const rows of await Promise.all([
        all(database, store, (from) => from.getAll()),
        all(database, store, (from) => from.getAllKeys()),
      ])) {
        parts.push(...rows.flatMap(bytesOf));
      }
    }
    database.close();
  }
  return Buffer.concat(parts).toString("latin1");
}

async function all(
  database: IDBDatabase,
  store: string,
  read: (from: IDBObjectStore) => IDBRequest,
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const reading = read(database.transaction(store).objectStore(store));
    reading.onsuccess = () => {
      resolve(reading.result as unknown[]);
    };
    reading.onerror = () => {
      reject(new Error("cannot read"));
    };
  });
}

function bytesOf(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  if (value instanceof CryptoKey) {
    if (value.extractable) throw new Error("a key that can be taken out is stored");
    return [];
  }
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(bytesOf);
  return [Buffer.from(`${String(value)}\n`)];
}
