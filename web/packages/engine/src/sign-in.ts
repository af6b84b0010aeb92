/**
 * Signing in, offline from what this till keeps or online at the shard; locking; and a manager's PIN for one
 * action. The till opens with the device's share: sealed here under each known person's PIN, or given by the
 * shard to somebody it knows.
 */
import { sha256, toHex, utf8, type Answer, type Permission } from "@octonext/core";
import { StorageError, type StoredPerson } from "@octonext/storage";

import { TillRefusal, type Approval } from "./api";
import { personOf, type Colleague } from "./people";
import type { Till } from "./till";

/** Asks the shard something over the sync line. Rejects with `offline` when there is none. */
export interface Shard {
  readonly online: boolean;
  /** Whether it can be reached within so many milliseconds. */
  untilOnline(ms: number): Promise<boolean>;
  ask(question: { t: "sign_in"; cashier: string; pin: string }): Promise<Answer>;
}

/** A till that was just enrolled reaches its shard within a second or two. */
const ONLINE_MS = 10_000;

export interface Opening {
  /** Reads what only an open till can read. */
  load(): Promise<void>;
  /** The page knows that it is open: what takes long is read while it shows what it has. */
  opened(): void;
  /** Drops it from memory. */
  unload(): void;
}

export class SignIn {
  constructor(
    private readonly till: Till,
    private readonly shard: Shard,
    private readonly opening: Opening,
  ) {}

  /** Raises `wrong_pin`, `locked_out`, `online_sign_in_needed`, `not_permitted`. */
  async signIn({ code, pin }: { code: string; pin: string }): Promise<void> {
    const vault = this.till.storage.vault;
    const known = (await vault.people()).find((each) => each.code === code);
    const person = known === undefined ? await this.online(code, pin) : await this.offline(known, pin);
    await this.opening.load();
    const colleague = this.till.people.get(person.id);
    try {
      await this.checkAgainstFeed(person, colleague, pin);
    } catch (error) {
      this.lock();
      throw error;
    }
    await this.begin(person, colleague);
    this.opening.opened();
  }

  /** Everybody is out: keys are dropped, the cart and the shift stay on the disk. */
  lock(): void {
    const { till } = this;
    till.session = null;
    till.approvals.forget();
    till.people.forget();
    till.book.lock();
    till.storage.vault.lock();
    this.opening.unload();
    till.board.change({ phase: "locked", person: null, permissions: [] });
  }

  async approve(request: { permission: Permission; code: string; pin: string }): Promise<Approval> {
    const { till } = this;
    till.requireSession();
    const colleague = till.people.byCode(request.code);
    if (colleague === null) throw new TillRefusal("wrong_pin");
    await till.storage.vault.checkPin({ personId: colleague.id, pin: request.pin, phc: colleague.pinHash });
    const { permission } = request;
    if (!colleague.permissions.includes(permission)) throw new TillRefusal("not_permitted", { permission });
    return till.approvals.give(permission, personOf(colleague));
  }

  /** Head office's newest word on people arrived: whoever is signed in keeps only what they still have. */
  async peopleChanged(): Promise<void> {
    const { till } = this;
    if (till.session === null) return;
    const colleague = till.people.get(till.session.person.id);
    if (colleague !== null) this.show(colleague);
    if (colleague !== null && till.remembered.known[colleague.id] === undefined)
      await this.rememberPerson(colleague);
  }

  /** The feed is complete: whoever head office does not name any more is shown out. */
  isDismissed(): boolean {
    const { people, session } = this.till;
    return session !== null && people.known && people.get(session.person.id) === null;
  }

  private async offline(known: StoredPerson, pin: string): Promise<StoredPerson> {
    try {
      return await this.till.storage.vault.unlock({ code: known.code, pin });
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // Too many wrong PINs here, or one that head office has changed: the shard knows.
      const shardKnows = error.code === "online_sign_in_needed" || error.code === "wrong_pin";
      if (!shardKnows || !this.shard.online) throw error;
      return this.online(known.code, pin).catch((answer: unknown) => {
        throw answer instanceof TillRefusal && answer.code === "wrong_pin" ? error : answer;
      });
    }
  }

  private async online(code: string, pin: string): Promise<StoredPerson> {
    const { vault } = this.till.storage;
    if (!(await this.shard.untilOnline(ONLINE_MS))) throw new TillRefusal("online_sign_in_needed");
    const answer = await this.shard.ask({ t: "sign_in", cashier: code, pin });
    if (answer.t === "refused") {
      if (answer.reason === "wrong_pin") throw new TillRefusal("wrong_pin");
      const retryAfterMs = answer.retry_after_ms ?? 0;
      if (answer.reason === "locked_out") throw new TillRefusal("locked_out", { retryAfterMs });
      throw new TillRefusal("offline");
    }
    if (answer.t !== "signed_in")
      throw new TillRefusal("internal", { detail: `${answer.t} is no answer to sign_in` });
    const person: StoredPerson = { id: answer.cashier, code };
    await vault.admit({ person, pin, share: answer.share });
    return person;
  }

  /** The till opens with the share alone; whether this is still a colleague with this PIN, the feed says. */
  private async checkAgainstFeed(
    person: StoredPerson,
    colleague: Colleague | null,
    pin: string,
  ): Promise<void> {
    const { till } = this;
    const { vault } = till.storage;
    // A till that has never been sent its people yet has just asked the shard itself.
    if (!till.people.known) return;
    if (colleague === null) {
      await vault.forget(person.id);
      await till.showPeople();
      throw new TillRefusal("not_permitted", { permission: "sell" });
    }
    const digest = await digestOf(colleague);
    if (till.remembered.known[person.id]?.pinDigest === digest) return;
    try {
      await vault.checkPin({ personId: person.id, pin, phc: colleague.pinHash });
    } catch (error) {
      if (error instanceof StorageError && error.code === "wrong_pin") await vault.forget(person.id);
      await till.showPeople();
      throw error;
    }
  }

  private async begin(person: StoredPerson, colleague: Colleague | null): Promise<void> {
    const { till } = this;
    const unnamed = {
      id: person.id,
      code: person.code,
      name: { en: person.code, ar: "" },
      role: "cashier" as const,
    };
    till.session = { person: unnamed, permissions: [] };
    if (colleague !== null) {
      this.show(colleague);
      await this.rememberPerson(colleague);
    }
    await till.showPeople();
    await this.noteTakingOver();
    const { person: shown, permissions } = till.requireSession();
    till.board.change({ phase: "open", person: shown, permissions });
  }

  /** Another person goes on with the shift: the journal says since when. */
  private async noteTakingOver(): Promise<void> {
    const { book, session } = this.till;
    if (session === null || book.shift === null || book.shift.cashier === session.person.id) return;
    await this.till.record([{ kind: "cashier_signed_in" }]).catch(() => {
      // A full disk must not keep anybody from signing in; each entry names its cashier anyway.
    });
  }

  private show(colleague: Colleague): void {
    const { till } = this;
    till.session = { person: personOf(colleague), permissions: [...colleague.permissions] };
    till.board.change({ person: till.session.person, permissions: till.session.permissions });
  }

  private async rememberPerson(colleague: Colleague): Promise<void> {
    const { till } = this;
    const remembered = { person: personOf(colleague), pinDigest: await digestOf(colleague) };
    await till.remember({ known: { ...till.remembered.known, [colleague.id]: remembered } });
    await till.showPeople();
  }
}

async function digestOf(colleague: Colleague): Promise<string> {
  return toHex(await sha256(utf8(colleague.pinHash)));
}
