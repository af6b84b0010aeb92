/** A small till for the tests: enrols, signs somebody in, and writes entries as the engine does. */
import { link, NONCE_BYTES, sealEntry, toHex, utf8, type Bytes } from "@octonext/core";

import type { Collection, NewEntry, Opened, StoredPerson, TillStorage, WrappedKey } from "../src/api";
import type { Environment } from "../src/environment";
import { openTill } from "../src/open";

export const DEVICE = 7;
export const SHIFT = "01938f5e-7c00-7aaa-8000-0123456789ab";
export const PERSON: StoredPerson = {
  id: "0b6d6a0e-54f8-4f39-8f54-9d3f0e3a1c11",
  code: "C01",
  name: "Secret-Name",
};
export const OTHER: StoredPerson = { id: "0b6d6a0e-54f8-4f39-8f54-9d3f0e3a1c12", code: "C02" };
export const PIN = "839174";
export const TOTALS: Collection = { name: "totals", readable: "open", copied: true };
export const CART: Collection = { name: "cart", readable: "open" };
export const OUTBOX: Collection = { name: "outbox", readable: "always" };

export interface Shop {
  storage: TillStorage;
  share: Bytes;
  seal: CryptoKey;
  wrapped: WrappedKey | null;
}

export async function opened(
  environment: Environment,
  kind: "ready",
): Promise<Extract<Opened, { kind: "ready" }>>;
export async function opened(
  environment: Environment,
  kind: "lost",
): Promise<Extract<Opened, { kind: "lost" }>>;
export async function opened(
  environment: Environment,
  kind: "revoked",
): Promise<Extract<Opened, { kind: "revoked" }>>;
export async function opened(environment: Environment, kind: Opened["kind"]): Promise<Opened> {
  const found = await openTill(environment);
  if (found.kind !== kind) throw new Error(`the till is ${found.kind}, not ${kind}`);
  return found;
}

/** A shard's public key; nobody needs the private half here. */
export async function shardKey(): Promise<Bytes> {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
}

/** Enrolled and signed in, with a shift key that no commit has stored yet. */
export async function newShop(environment: Environment, people: StoredPerson[] = [PERSON]): Promise<Shop> {
  const found = await openTill(environment);
  if (found.kind !== "unenrolled") throw new Error(`the till is ${found.kind}`);
  const share = crypto.getRandomValues(new Uint8Array(32));
  const enrolment = await found.beginEnrolment();
  const identity = { deviceId: DEVICE, branchId: 3, branchName: "Secret-Branch" };
  const storage = await enrolment.complete({ identity, share });
  for (const person of people) await storage.vault.admit({ person, pin: PIN, share });
  const { seal, wrapped } = await storage.vault.newShiftKey({ id: SHIFT, shardPublicKey: await shardKey() });
  return { storage, share, seal, wrapped };
}

export async function entryAfter(
  shop: Shop,
  prev: { seq: number; hash: Bytes },
  at: number,
  text = "Secret-Bread",
): Promise<NewEntry> {
  const seq = prev.seq + 1;
  const plaintext = utf8(JSON.stringify({ seq, kind: "sale", at: new Date(at).toISOString(), text }));
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const ciphertext = await sealEntry(shop.seal, { device: DEVICE, keyId: SHIFT, seq }, plaintext, nonce);
  return { seq, keyId: SHIFT, hash: await link(prev.hash, plaintext), ciphertext, at };
}

/** Sells once: entry, totals, emptied cart, receipt; what a customer would be shown. */
export async function sell(shop: Shop, at: number, count = 1, text?: string): Promise<string> {
  const entries: NewEntry[] = [];
  let prev = shop.storage.journal.head;
  for (let index = 0; index < count; index++) {
    const entry = await entryAfter(shop, prev, at, text);
    entries.push(entry);
    prev = entry;
  }
  await shop.storage.commit({
    entries,
    ...(shop.wrapped === null ? {} : { key: shop.wrapped }),
    puts: [{ collection: TOTALS, key: SHIFT, value: { sales: prev.seq, label: "Secret-Total" } }],
    removes: [{ collection: CART, key: "current" }],
    receipts: entries.map(({ seq }) => ({ seq, value: { seq, label: "Secret-Receipt" } })),
  });
  shop.wrapped = null;
  return `${prev.seq} ${toHex(prev.hash)}`;
}

/** The till again after a start: unlocked, with the key of its shift. */
export async function resume(storage: TillStorage): Promise<Shop> {
  await storage.vault.unlock({ code: PERSON.code, pin: PIN });
  const wrapped = await storage.journal.key(SHIFT);
  if (wrapped === null) {
    const made = await storage.vault.newShiftKey({ id: SHIFT, shardPublicKey: await shardKey() });
    return { storage, share: new Uint8Array(0), seal: made.seal, wrapped: made.wrapped };
  }
  return {
    storage,
    share: new Uint8Array(0),
    seal: await storage.vault.openShiftKey(wrapped),
    wrapped: null,
  };
}

/** Every place of the journal as `sell` names it. */
export async function written(storage: TillStorage): Promise<string[]> {
  const { base, head } = storage.journal;
  return (await storage.journal.entries(base.seq + 1, head.seq)).map(
    ({ seq, hash }) => `${seq} ${toHex(hash)}`,
  );
}
