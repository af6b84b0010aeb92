/** Finds out at start what is here: no till, a whole one, one that was ended, or one that must be restored. */
import { genesis, type Bytes } from "@octonext/core";

import type { Enrolment, Opened, Rescue, StoredIdentity, TillStorage } from "./api";
import { openPatiently } from "./connection";
import { Copy } from "./copy";
import { deleteDatabase, openDatabase, readPlace, type Database, type TillRow } from "./database";
import type { Environment } from "./environment";
import { asStorageError, mayNeedRoom, StorageError } from "./errors";
import { readEnds } from "./journal";
import { newDeviceKey, newLockedKeys, openKeys, putInStrongbox } from "./keys";
import { compare, heal } from "./mirror";
import { SALT_BYTES } from "./pin";
import { Quota } from "./quota";
import { pushesOf, pushesOfCopy } from "./rescue-pushes";
import { openCopy, rebuild, salvage, store } from "./restore";
import { Sealer } from "./sealer";
import { BrowserTill, readKeys } from "./storage";
import { settled } from "./transaction";

type Why = "missing" | "damaged" | "behind";

/** Everything of one origin. */
interface Machine {
  environment: Environment;
  copy: Copy;
  quota: Quota;
}

/** Raises `storage_failed` when the database does not open and there is no copy either. */
export async function openTill(environment: Environment): Promise<Opened> {
  const open = () => openDatabase(environment.indexedDB, environment.superseded);
  // A browser that was killed may hold its files for a moment longer: that is no damage.
  const opening = openPatiently(open, ["UnknownError", "AbortError"]);
  // Heard below, when the files are open.
  opening.catch(() => undefined);
  const [copy, quota] = await Promise.all([Copy.open(environment.files), Quota.open(environment)]);
  const machine = { environment, copy, quota };
  let database: Database | null = null;
  try {
    database = await opening.catch((error: unknown) => {
      // Opening writes as well: on a full disk it needs the reserve.
      if (!mayNeedRoom(error) || !quota.release()) throw error;
      return open();
    });
    return await judge(machine, database);
  } catch (raised) {
    const error = asStorageError(raised, "opening the till");
    const version = error.params["version"];
    if (error.code === "storage_newer" && typeof version === "number") {
      close(machine, database);
      return { kind: "newer", version };
    }
    if (error.code === "storage_failed" && machine.copy.till() !== null)
      return lost(machine, database, "damaged");
    close(machine, database);
    throw error;
  }
}

async function judge(machine: Machine, database: Database): Promise<Opened> {
  const { environment, copy, quota } = machine;
  const [till, revoked] = await Promise.all([readPlace(database, "till"), readPlace(database, "revoked")]);
  if (revoked !== undefined) {
    // The copy may still have what the database has lost already.
    if (copy.till() !== null && copy.revoked() === null) copy.revoke(revoked.reason);
    return ended(machine, database, revoked.reason);
  }
  if (till === undefined) {
    const reason = copy.revoked();
    if (reason !== null) return ended(machine, database, reason);
    if (copy.till() !== null) return lost(machine, database, "missing");
    return { kind: "unenrolled", beginEnrolment: () => beginEnrolment(machine, database) };
  }
  const keys = await readKeys(database);
  if (keys === null) throw new StorageError("storage_failed", { detail: "the database has lost its keys" });
  const standing = await compare(database, copy);
  if (standing === "apart") return lost(machine, database, "behind");
  let healed = 0;
  if (standing === "behind") {
    const locked = new Sealer(keys.locked, environment.random);
    const now = environment.now();
    healed = await heal(database, copy, await readEnds(database), (seq) =>
      locked.sealJson(`written|${seq}`, now),
    );
    if (healed === 0) return lost(machine, database, "behind");
  }
  return { kind: "ready", storage: await BrowserTill.start(environment, database, copy, quota), healed };
}

async function beginEnrolment(machine: Machine, database: Database): Promise<Enrolment> {
  const { pair, publicKey } = await newDeviceKey();
  return {
    publicKey,
    complete: async ({ identity, share }) => enrol(machine, database, { pair, publicKey, identity, share }),
  };
}

async function enrol(
  machine: Machine,
  database: Database,
  request: { pair: CryptoKeyPair; publicKey: Bytes; identity: StoredIdentity; share: Bytes },
): Promise<TillStorage> {
  const { environment, copy, quota } = machine;
  const { identity, share } = request;
  const open = await openKeys(share, identity.deviceId, environment.random);
  const { strongbox, device } = await putInStrongbox(request.pair.privateKey, open);
  const keys = await newLockedKeys(device);
  const till: TillRow = {
    device: identity.deviceId,
    branch: identity.branchId,
    publicKey: request.publicKey,
    strongbox,
    identity: await new Sealer(keys.locked, environment.random).sealJson("identity", identity),
    copyIdentity: await open.sealer.sealJson("identity", identity),
    salt: environment.random(SALT_BYTES),
  };
  const writing = database.transaction(["keyring", "places"], "readwrite", { durability: "strict" });
  const keyring = writing.objectStore("keyring");
  const places = writing.objectStore("places");
  await settled([
    keyring.put(keys.locked, "locked"),
    keyring.put(keys.ids, "ids"),
    keyring.put(keys.device, "device"),
    places.put(till, "till"),
    ...(["head", "acked", "base"] as const).map((name) => places.put({ seq: 0, hash: genesis() }, name)),
    writing.done,
  ]);
  const storage = await BrowserTill.start(environment, database, copy, quota);
  await storage.vault.take(share);
  return storage;
}

function lost(machine: Machine, database: Database | null, why: Why): Opened {
  const { environment, copy, quota } = machine;
  const till = copy.till();
  const entries = copy.head.seq - copy.base.seq;
  return {
    kind: "lost",
    why,
    device: till?.device ?? null,
    entries,
    unsynced: entries,
    rescue: () =>
      Promise.resolve({
        device: till?.device ?? 0,
        branch: till?.branch ?? 0,
        pushes: pushesOfCopy(copy.entries(), copy.keys()),
      }),
    restore: async (request) => {
      if (till === null) throw new StorageError("storage_failed", { detail: "there is no copy" });
      const { share, open } = await openCopy(environment, copy, till, request);
      const rebuilt = await rebuild(environment, copy, till, open, await salvage(database));
      // First into the copy, what only the damaged database had; then that one may go.
      const beyond = rebuilt.entries.filter((row) => row.seq > copy.head.seq);
      if (beyond.length > 0) {
        const missing = rebuilt.shiftKeys.filter((key) => copy.key(key.id) === null);
        copy.append({ prev: copy.head.hash, entries: beyond, keys: missing, records: [] });
      }
      database?.close();
      await deleteDatabase(environment.indexedDB);
      const fresh = await openDatabase(environment.indexedDB, environment.superseded);
      await store(fresh, rebuilt);
      const storage = await BrowserTill.start(environment, fresh, copy, quota);
      await storage.vault.take(share);
      const person = (await storage.vault.people()).find((each) => each.code === request.code) ?? null;
      return { storage, person, entries: rebuilt.entries.length, unsynced: storage.journal.unsynced };
    },
    startOver: async ({ loseUnsynced }) => {
      if (loseUnsynced !== entries) {
        throw new StorageError("storage_failed", { detail: `${entries} entries would be lost` });
      }
      await clear(machine, database);
    },
  };
}

async function ended(machine: Machine, database: Database, reason: "revoked" | "stolen"): Promise<Opened> {
  const { copy } = machine;
  const till = (await readPlace(database, "till")) ?? copy.till();
  const [acked, rows, keys] = await Promise.all([
    readPlace(database, "base"),
    database.getAll("entries"),
    database.getAll("keys"),
  ]);
  const rescue = async (): Promise<Rescue> => ({
    device: till?.device ?? 0,
    branch: till?.branch ?? 0,
    pushes:
      acked === undefined ? pushesOfCopy(copy.entries(), copy.keys()) : await pushesOf(acked, rows, keys),
  });
  const unsynced = acked === undefined ? copy.head.seq - copy.base.seq : rows.length;
  return { kind: "revoked", reason, unsynced, rescue, startOver: () => clear(machine, database) };
}

/** The origin as if there had never been a till; the copy last, so that a crash leaves a till that is lost. */
async function clear(machine: Machine, database: Database | null): Promise<void> {
  database?.close();
  await deleteDatabase(machine.environment.indexedDB);
  machine.copy.clear();
  close(machine, null);
}

function close(machine: Machine, database: Database | null): void {
  database?.close();
  machine.copy.close();
  machine.quota.close();
}
