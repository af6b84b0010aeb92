/**
 * Writes this till's journal: every entry sealed, hashed onto the one before, and committed together with
 * the shift's new sums and whatever else the change touches. What `record` resolved is durable; when it
 * rejects, nothing of it exists.
 */
import {
  ENTRY_BYTES_MAX,
  addEntry,
  emptyPlace,
  LINES_MAX,
  NONCE_BYTES,
  noTotals,
  uuid7,
  UUID7_RANDOM_BYTES,
  write,
  type Draft,
  type Entry,
  type Place,
  type ShiftTotals,
  type Written,
} from "@octonext/core";
import type { Commit, Json, TillStorage, WrappedKey } from "@octonext/storage";

import { TillRefusal, type Person, type ShiftSummary } from "./api";
import { KEPT, NOW } from "./collections";
import type { Environment } from "./environment";
import type { Identity } from "./identity";
import { requireValid } from "./entry-checks";

import { offsetMinutes } from "./zone";

export interface OpenShift extends ShiftSummary {
  /** Who wrote the last entry. */
  cashier: string;
  totals: ShiftTotals;
}

/** The record `now`. */
interface Now {
  hlc: number;
  shift: OpenShift | null;
  /** The last entry that left an empty cart. */
  emptied: number;
}

/** What is committed beside the entries. */
export type Beside = (
  written: Written[],
) => Pick<Commit, "puts" | "removes" | "receipts"> & { emptiesCart?: boolean };

const NOTHING: Beside = () => ({});

export class Book {
  private place: Place = emptyPlace();
  private open: OpenShift | null = null;
  private key: CryptoKey | null = null;
  private emptiedAt = 0;
  /** The last entry beside which everything is kept. */
  private kept = 0;

  constructor(
    private readonly environment: Environment,
    private readonly storage: TillStorage,
    private readonly identity: () => Identity,
    /** Told after every commit that wrote entries. */
    private readonly appended: () => void,
  ) {}

  get shift(): OpenShift | null {
    return this.open;
  }

  /** The last entry of the journal. */
  get seq(): number {
    return this.place.seq;
  }

  /** The last entry that left an empty cart. It survives in the copy, which has no carts. */
  get emptied(): number {
    return this.emptiedAt;
  }

  get keptThrough(): number {
    return this.kept;
  }

  /** What belongs beside the entries up to here was made anew. */
  caughtUp(through: number): void {
    this.kept = through;
  }

  /** Takes up the journal where it ends; the till has just been unlocked. */
  async load(): Promise<void> {
    const now = (await this.storage.get(NOW, "now")) as unknown as Now | null;
    this.place = { ...copyPlace(this.storage), hlc: now?.hlc ?? 0 };
    this.open = now?.shift ?? null;
    this.emptiedAt = now?.emptied ?? 0;
    this.kept = ((await this.storage.get(KEPT, "through")) as number | null) ?? 0;
    this.key = null;
    if (this.open === null) return;
    const wrapped = await this.storage.journal.key(this.open.id);
    if (wrapped === null) throw new TillRefusal("storage_failed", { detail: "the shift's key is not there" });
    this.key = await this.storage.vault.openShiftKey(wrapped);
  }

  /** Forgets the shift's key: the till is being locked. */
  lock(): void {
    this.key = null;
    this.open = null;
  }

  requireShift(): OpenShift {
    if (this.open === null || this.key === null) throw new TillRefusal("shift_not_open");
    return this.open;
  }

  /** Opens a shift: its key, its first entry, its sums. */
  async begin(cashier: Person, openingFloat: number): Promise<OpenShift> {
    if (this.open !== null) throw new TillRefusal("shift_open");
    const at = this.environment.now();
    const id = uuid7(at, this.environment.random(UUID7_RANDOM_BYTES));
    const made = await this.storage.vault.newShiftKey({ id, shardPublicKey: this.identity().shardPublicKey });
    const openedAt = new Date(at).toISOString();
    const shift = { id, openedAt, openedBy: cashier.name, cashier: cashier.id, totals: noTotals() };
    const draft: Draft = {
      kind: "shift_opened",
      currency: this.identity().currency,
      opening_float: openingFloat,
    };
    await this.write(shift, made.seal, cashier.id, [draft], NOTHING, made.wrapped);
    this.key = made.seal;
    return this.requireShift();
  }

  /** Writes entries of the open shift, in one transaction with what `beside` gives. */
  async record(cashier: string, drafts: Draft[], beside: Beside = NOTHING): Promise<Written[]> {
    const shift = this.requireShift();
    if (this.key === null) throw new TillRefusal("locked");
    return this.write(shift, this.key, cashier, drafts, beside);
  }

  private async write(
    shift: OpenShift,
    key: CryptoKey,
    cashier: string,
    drafts: Draft[],
    beside: Beside,
    wrapped?: WrappedKey,
  ): Promise<Written[]> {
    const at = this.environment.now();
    const pen = { device: this.identity().deviceId, shift: shift.id, cashier, key };
    const when = { unixMs: at, offsetMinutes: offsetMinutes(this.identity().timeZone, at) };
    const written: Written[] = [];
    let place = this.place;
    let totals = shift.totals;
    for (const draft of drafts) {
      requireValid(draft);
      const one = await write(pen, place, draft, when, this.environment.random(NONCE_BYTES));
      requireFits(draft, one.bytes.length);
      written.push(one);
      place = one.place;
      totals = addEntry(totals, draft);
    }
    const closed = drafts.some((draft) => draft.kind === "shift_closed");
    const after: OpenShift | null = closed ? null : { ...shift, cashier, totals };
    const { emptiesCart, ...extra } = beside(written);
    const emptied = emptiesCart === true ? place.seq : this.emptiedAt;
    const now: Now = { hlc: place.hlc, shift: after, emptied };
    const keeps = this.kept === this.place.seq ? place.seq : this.kept;
    const puts = [...(extra.puts ?? []), { collection: NOW, key: "now", value: now as unknown as Json }];
    if (extra.receipts !== undefined) puts.push({ collection: KEPT, key: "through", value: keeps });
    await this.storage.commit({
      ...extra,
      entries: written.map(({ sealed }) => ({ ...sealed, at })),
      ...(wrapped === undefined ? {} : { key: wrapped }),
      puts,
    });
    this.place = place;
    this.open = after;
    this.emptiedAt = emptied;
    this.kept = keeps;
    if (closed) this.key = null;
    this.appended();
    return written;
  }
}

/** A receipt as one entry; `entry` of a kind that the caller just wrote. */
export function entryOf(written: Written[], place: number): Entry {
  const found = written[place];
  if (found === undefined) throw new RangeError(`${written.length} entries were written`);
  return found.entry;
}

function copyPlace(storage: TillStorage): { seq: number; hash: Uint8Array<ArrayBuffer> } {
  const { seq, hash } = storage.journal.head;
  return { seq, hash: new Uint8Array(hash) };
}

/** Once journaled, an entry that fits no frame would hold up every entry after it. */
function requireFits(draft: Draft, size: number): void {
  const lines = "lines" in draft ? draft.lines.length : 0;
  if (lines > LINES_MAX || size > ENTRY_BYTES_MAX) throw new TillRefusal("too_long", { lines, bytes: size });
}
