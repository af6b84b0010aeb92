/**
 * Who can open what on this till. W and the device key are CryptoKeys in IndexedDB and work while the till is
 * locked; the till key comes from the device's share, which a PIN or the server gives, and lives in memory
 * only. See docs/decisions/0022.
 */
import {
  importSealingKey,
  importShardKey,
  KEY_BYTES,
  newEphemeralPair,
  NONCE_BYTES,
  sign,
  wrapForShard,
  wrapForTill,
  type Bytes,
} from "@octonext/core";

import type { Collection, StoredPerson, Vault, WrappedKey } from "./api";
import type { Environment } from "./environment";
import { StorageError } from "./errors";
import type { TillRow } from "./database";
import { opaqueId, openKeys, openShiftKey, opensStrongbox, type LockedKeys, type OpenKeys } from "./keys";
import type { People } from "./people";
import { warmUp } from "./pin";
import { Sealer } from "./sealer";

/** A few hundred bytes each; the records of a sale are five. */
const KNOWN_MAX = 256;

export class TillVault implements Vault {
  /** W. */
  readonly lockedSealer: Sealer;
  private opened: OpenKeys | null = null;
  /** Ids that were made lately, under the keys of now: every sale asks for the same few. */
  private readonly known = new Map<string, string>();

  constructor(
    private readonly environment: Environment,
    private readonly keys: LockedKeys,
    private readonly till: TillRow,
    private readonly staff: People,
  ) {
    this.lockedSealer = new Sealer(keys.locked, environment.random);
  }

  get unlocked(): boolean {
    return this.opened !== null;
  }

  get publicKey(): Bytes {
    return this.till.publicKey;
  }

  sign(message: Bytes): Promise<Bytes> {
    return sign(this.keys.device, message);
  }

  people(): Promise<StoredPerson[]> {
    return this.staff.list();
  }

  expectPin(): void {
    void warmUp().catch(() => undefined);
  }

  async unlock({ code, pin }: { code: string; pin: string }): Promise<StoredPerson> {
    const { person, share } = await this.staff.open(code, pin);
    await this.take(share);
    return person;
  }

  async admit(request: { person: StoredPerson; pin: string; share: Bytes }): Promise<void> {
    await this.take(request.share);
    await this.staff.add(request.person, request.pin, request.share, this.open.sealer);
  }

  forget(personId: string): Promise<void> {
    return this.staff.forget(personId);
  }

  checkPin(request: { personId: string; pin: string; phc: string }): Promise<void> {
    return this.staff.check(request.personId, request.pin, request.phc);
  }

  lock(): void {
    this.opened = null;
    this.known.clear();
  }

  async newShiftKey(request: {
    id: string;
    shardPublicKey: Bytes;
  }): Promise<{ seal: CryptoKey; wrapped: WrappedKey }> {
    const { random } = this.environment;
    const place = { device: this.till.device, keyId: request.id };
    const shard = await importShardKey(request.shardPublicKey);
    const raw = random(KEY_BYTES);
    const wrapped = {
      id: request.id,
      forShard: await wrapForShard(raw, shard, place, await newEphemeralPair(), random(NONCE_BYTES)),
      forTill: await wrapForTill(this.open.till, raw, place, random(NONCE_BYTES)),
    };
    const seal = await importSealingKey(raw);
    raw.fill(0);
    return { seal, wrapped };
  }

  openShiftKey(wrapped: WrappedKey): Promise<CryptoKey> {
    return openShiftKey(this.open, this.till.device, wrapped);
  }

  /** What seals a collection's records, and makes their ids. Raises `locked`. */
  async forCollection(collection: Collection, key: string): Promise<{ sealer: Sealer; id: string }> {
    const always = collection.readable === "always";
    const ids = always ? this.keys.ids : this.open.ids;
    const sealer = always ? this.lockedSealer : this.open.sealer;
    const name = `${collection.name}|${key}`;
    const known = this.known.get(name);
    if (known !== undefined) return { sealer, id: known };
    const id = await opaqueId(ids, name);
    // Locked meanwhile, or opened anew: another key may make another one.
    if (always || this.opened?.ids === ids) {
      if (this.known.size >= KNOWN_MAX) this.known.clear();
      this.known.set(name, id);
    }
    return { sealer, id };
  }

  /** Raises `locked`. */
  get open(): OpenKeys {
    if (this.opened === null) throw new StorageError("locked");
    return this.opened;
  }

  /** The keys that a share gives, if it is this till's: its strongbox opens with no other. */
  async take(share: Bytes): Promise<void> {
    const keys = await openKeys(share, this.till.device, this.environment.random);
    if (!(await opensStrongbox(this.till.strongbox, keys))) throw new StorageError("wrong_share");
    this.opened = keys;
    this.known.clear();
  }
}
