/** Whoever can open this till with a PIN, and how often somebody was wrong about one. */
import { fromUtf8, toHex, type Bytes } from "@octonext/core";

import type { StoredPerson } from "./api";
import { countTry, isExhausted, NO_ATTEMPTS, refusal, type Attempts } from "./attempts";
import type { Copy } from "./copy";
import type { Database, PersonRow, TillRow } from "./database";
import type { Environment } from "./environment";
import { StorageError } from "./errors";
import { opaqueId, personCopyId, type LockedKeys } from "./keys";
import { personSealer, pinFits, SALT_BYTES } from "./pin";
import { Sealer } from "./sealer";
import { settled } from "./transaction";
import { Turns } from "./turns";

/** What binds a sealed share: it opens for this till and with this salt only. */
export function shareBinding(device: number, salt: Bytes): string {
  return `share|${device}|${toHex(salt)}`;
}

export class People {
  private readonly turns = new Turns();
  private readonly sealer: Sealer;

  constructor(
    private readonly environment: Environment,
    private readonly database: Database,
    private readonly keys: LockedKeys,
    private readonly till: TillRow,
    private readonly copy: Copy,
  ) {
    this.sealer = new Sealer(keys.locked, environment.random);
  }

  async list(): Promise<StoredPerson[]> {
    const rows = await this.database.getAll("people");
    return Promise.all(rows.map((row) => this.personOf(row)));
  }

  /** Whose code it is, and the device's share. Raises `wrong_pin`, `locked_out`, `online_sign_in_needed`. */
  open(code: string, pin: string): Promise<{ person: StoredPerson; share: Bytes }> {
    return this.turns.take(async () => {
      for (const row of await this.database.getAll("people")) {
        const person = await this.personOf(row);
        if (person.code !== code) continue;
        const share = await this.tried(row.id, async () => {
          const own = await personSealer(pin, row.salt, this.environment.random);
          const inner = await this.sealer.open(`share|${row.id}`, row.share);
          return own.tryOpen(shareBinding(this.till.device, row.salt), inner);
        });
        return { person, share };
      }
      throw new StorageError("online_sign_in_needed");
    });
  }

  /** Raises as `open`. */
  check(personId: string, pin: string, phc: string): Promise<void> {
    return this.turns.take(async () => {
      const id = await this.idOf(personId);
      await this.tried(id, async () => ((await pinFits(pin, phc)) ? true : null));
    });
  }

  /** Seals the share for somebody whom the server has let in; forgets what was wrong before. */
  add(person: StoredPerson, pin: string, share: Bytes, till: Sealer): Promise<void> {
    return this.turns.take(async () => {
      const salt = this.environment.random(SALT_BYTES);
      const own = await personSealer(pin, salt, this.environment.random);
      const inner = await own.seal(shareBinding(this.till.device, salt), share);
      await this.store(person, salt, inner, till);
    });
  }

  /** As `add`, with a share that is sealed already. */
  async store(person: StoredPerson, salt: Bytes, inner: Bytes, till: Sealer): Promise<void> {
    const before = await this.database.get("people", await this.idOf(person.id));
    const row = await this.rowOf(person, salt, inner, till);
    const writing = this.database.transaction(["people", "attempts"], "readwrite", { durability: "strict" });
    await settled([
      writing.objectStore("people").put(row),
      writing.objectStore("attempts").delete(row.id),
      writing.done,
    ]);
    if (before !== undefined && before.copyId !== row.copyId) this.copy.forgetPerson(before.copyId);
    this.copy.putPerson(row.copyId, { salt, inner, about: row.copyAbout });
  }

  async rowOf(person: StoredPerson, salt: Bytes, inner: Bytes, till: Sealer): Promise<PersonRow> {
    const copyId = await personCopyId(this.till.salt, person.code);
    const copyAbout = await till.sealJson(`person|${copyId}`, person);
    return { ...(await People.sealed(this.sealer, this.keys, person, inner)), salt, copyId, copyAbout };
  }

  /** What a row holds under W. */
  static async sealed(
    locked: Sealer,
    keys: LockedKeys,
    person: StoredPerson,
    inner: Bytes,
  ): Promise<Pick<PersonRow, "id" | "share" | "about">> {
    const id = await opaqueId(keys.ids, `person|${person.id}`);
    return {
      id,
      share: await locked.seal(`share|${id}`, inner),
      about: await locked.sealJson(`person|${id}`, person),
    };
  }

  async forget(personId: string): Promise<void> {
    await this.remove(await this.idOf(personId));
  }

  /** The share without W around it: what the copy keeps. */
  async innerShare(row: PersonRow): Promise<Bytes> {
    return this.sealer.open(`share|${row.id}`, row.share);
  }

  /** Counts, tries, and forgets the count if it was right; deletes the share at the last wrong one. */
  private async tried<T>(id: string, attempt: () => Promise<T | null>): Promise<T> {
    const before = await this.attempts(id);
    if (isExhausted(before)) await this.remove(id);
    const counted = countTry(before, this.environment.now());
    await this.writeAttempts(id, counted);
    const result = await attempt();
    if (result !== null) {
      await this.writeAttempts(id, NO_ATTEMPTS);
      return result;
    }
    if (isExhausted(counted)) await this.remove(id);
    throw refusal(counted);
  }

  private async attempts(id: string): Promise<Attempts> {
    const row = await this.database.get("attempts", id);
    if (row === undefined) return NO_ATTEMPTS;
    const plain = await this.sealer.open(`attempts|${id}`, row.state);
    return JSON.parse(fromUtf8(plain)) as Attempts;
  }

  private async writeAttempts(id: string, attempts: Attempts): Promise<void> {
    const state = await this.sealer.sealJson(`attempts|${id}`, { ...attempts });
    const writing = this.database.transaction("attempts", "readwrite", { durability: "strict" });
    await settled([writing.store.put({ id, state }), writing.done]);
  }

  private async remove(id: string): Promise<void> {
    const row = await this.database.get("people", id);
    if (row === undefined) return;
    const writing = this.database.transaction("people", "readwrite", { durability: "strict" });
    await settled([writing.store.delete(id), writing.done]);
    this.copy.forgetPerson(row.copyId);
  }

  private async personOf(row: PersonRow): Promise<StoredPerson> {
    return (await this.sealer.openJson(`person|${row.id}`, row.about)) as StoredPerson;
  }

  private idOf(personId: string): Promise<string> {
    return opaqueId(this.keys.ids, `person|${personId}`);
  }
}
