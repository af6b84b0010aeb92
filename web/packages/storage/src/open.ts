/** Finds out at start what is here: no till, a whole one, one that was ended, or one that must be restored. */
import { genesis, type Bytes } from "@octonext/core";

import type { Enrolment, Left, Opened, Rescue, StoredIdentity, TillStorage } from "./api";
import { openPatiently } from "./connection";
import { Copy } from "./copy";
import {
  deleteDatabase,
  openDatabase,
  readPlace,
  reopenDatabase,
  type Database,
  type TillRow,
} from "./database";
import type { Environment } from "./environment";
import { asStorageError, mayNeedRoom, StorageError } from "./errors";
import { readEnds } from "./journal";
import { newDeviceKey, newLockedKeys, openKeys, putInStrongbox } from "./keys";
import { compare, heal } from "./mirror";
import { SALT_BYTES } from "./pin";
import { Quota } from "./quota";
import { pushesOf, pushesOfCopy } from "./rescue-pushes";
import { openCopy, rebuild, salvage, sizeOf, store } from "./restore";
import { Sealer } from "./sealer";
import { BrowserTill, readKeys } from "./storage";
import { settled } from "./transaction";
import { wipeDatabase } from "./wipe";

/** How often it is looked whether the copy's files are still there, while they are all there is. */
const LOOK_MS = 1_000;

const nobody = (): void => undefined;

type Why = "missing" | "damaged" | "behind";

/** Everything of one origin. */
interface Machine {
  environment: Environment;
  copy: Copy;
  quota: Quota;
}

/**
 * `left`: what the till before could not leave on the disk. Raises `storage_failed` when the database does not open
 * and there is no copy either, and `storage_full`.
 */
export async function openTill(environment: Environment, left: Left = null): Promise<Opened> {
  const open = () => openDatabase(environment.indexedDB, environment.superseded);
  const quota = await Quota.open(environment);
  const copyLeft = left?.isOpen === true ? left : null;
  await copyLeft?.surface().catch(() => undefined);
  // Where no file can be made, no database can: the till says that it is lost, and gives its receipts away.
  if (copyLeft?.isAdrift === true) return lost({ environment, copy: copyLeft, quota }, null, "missing");
  try {
    // Opening writes as well: on a full disk it needs the reserve, and must not be tried without room.
    quota.makeRoomToOpen();
  } catch (error) {
    await quota.end();
    throw error;
  }
  // A browser that was killed may hold its files for a moment longer: that is no damage.
  const opening = openPatiently(open, ["UnknownError", "AbortError"]);
  // Heard below, when the files are open.
  opening.catch(() => undefined);
  const machine = { environment, copy: copyLeft ?? (await Copy.open(environment.files)), quota };
  let database: Database | null = null;
  try {
    database = await opening.catch((error: unknown) => {
      if (!mayNeedRoom(error)) throw error;
      if (quota.release()) return openPatiently(open, ["AbortError"]);
      // What a browser does not explain is damage only where there was room.
      throw quota.isTooFullToOpen ? new StorageError("storage_full", {}, error) : error;
    });
    return await judge(machine, database);
  } catch (raised) {
    const error = asStorageError(raised, "opening the till");
    const version = error.params["version"];
    if (error.code === "storage_newer" && typeof version === "number") {
      await close(machine, database);
      return { kind: "newer", version };
    }
    if (error.code === "storage_failed" && machine.copy.till() !== null)
      return lost(machine, database, "damaged");
    await close(machine, database);
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
  const told = standing === "level" ? copy.revokedWith(till) : null;
  if (told !== null) {
    // It was told so, and could not wipe the database.
    await wipeDatabase(database, told);
    return ended(machine, database, told);
  }
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
  quota.makeRoom();
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
  const watch = watchOver(copy);
  const till = copy.till();
  const entries = copy.head.seq - copy.base.seq;
  return {
    kind: "lost",
    why,
    device: till?.device ?? null,
    entries,
    isAdrift: copy.isAdrift,
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
      await quota.reach();
      quota.makeRoomToOpen();
      await watch.end();
      const from = database ?? (await reopenDatabase(environment.indexedDB, nobody).catch(() => null));
      const rebuilt = await rebuild(environment, copy, till, open, await salvage(from));
      // Before anything is deleted.
      quota.makeRoomToOpen(sizeOf(rebuilt));
      // First into the copy, what only the damaged database had; then that one may go.
      const beyond = rebuilt.entries.filter((row) => row.seq > copy.head.seq);
      if (beyond.length > 0) {
        const missing = rebuilt.shiftKeys.filter((key) => copy.key(key.id) === null);
        copy.append({ prev: copy.head.hash, entries: beyond, keys: missing, records: [] });
      }
      from?.close();
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
      await watch.end();
      await clear(machine, database);
    },
  };
}

/** The browser that deleted the database may not be done yet, and nothing but the copy is left. */
function watchOver(copy: Copy): { end: () => Promise<void> } {
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => copy.surface()).catch(() => undefined);
  }, LOOK_MS);
  return {
    end: () => {
      clearInterval(timer);
      return looking;
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
  await close(machine, null);
}

async function close(machine: Machine, database: Database | null): Promise<void> {
  database?.close();
  await machine.copy.end();
  await machine.quota.end();
}
