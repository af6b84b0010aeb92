/** What is left of a till that head office ended: sealed entries that are not on the shard, for a rescue. */
import { genesis } from "@octonext/core";

import { readPlace, STORE_NAMES, type Database, type StoreName } from "./database";
import { settled } from "./transaction";

const KEPT: readonly StoreName[] = ["entries", "keys", "places"];

/** One transaction: a crash leaves the till as it was, and it is told again at the next contact. */
export async function wipeDatabase(database: Database, reason: "revoked" | "stolen"): Promise<void> {
  const [till, acked] = await Promise.all([readPlace(database, "till"), readPlace(database, "acked")]);
  const base = acked ?? { seq: 0, hash: genesis() };
  const keys = await database.getAll("keys");
  const writing = database.transaction(STORE_NAMES, "readwrite", { durability: "strict" });
  const requests: Promise<unknown>[] = STORE_NAMES.filter((name) => !KEPT.includes(name)).map((name) =>
    writing.objectStore(name).clear(),
  );
  const places = writing.objectStore("places");
  requests.push(writing.objectStore("entries").delete(IDBKeyRange.upperBound(base.seq)));
  for (const key of keys) {
    requests.push(writing.objectStore("keys").put({ ...key, forTill: new Uint8Array(0) }));
  }
  requests.push(places.put(base, "base"), places.put({ reason }, "revoked"));
  if (till !== undefined) {
    const nothing = new Uint8Array(0);
    requests.push(
      places.put(
        { ...till, strongbox: nothing, identity: nothing, copyIdentity: nothing, salt: nothing },
        "till",
      ),
    );
  }
  await settled([...requests, writing.done]);
}
