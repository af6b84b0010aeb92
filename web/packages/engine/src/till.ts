/** The till of this browser once it is enrolled: what its services share, and who may do what with it. */
import type { Draft, Permission, Written } from "@octonext/core";
import type { Json, TillStorage } from "@octonext/storage";

import { TillRefusal, type Person, type Settings, type ShiftSummary } from "./api";
import { Approvals } from "./approvals";
import { Book, type Beside } from "./book";
import { FRONT } from "./collections";
import type { Environment } from "./environment";
import { restoreIdentity, shownIdentity, storeIdentity, type Identity } from "./identity";
import { People } from "./people";
import type { StateBoard } from "./state";
import { dayAt } from "./zone";

export interface Session {
  person: Person;
  permissions: Permission[];
}

/** Somebody's word for an action: whose, if it was needed, and what uses the token up. */
export interface Authority {
  approvedBy: string | null;
  spend: () => void;
}

/** The record `front`: what a locked till still shows. */
export interface Front {
  shift: ShiftSummary | null;
  held: number;
  products: number;
  settings: Settings;
  lastAckedAt: number | null;
  /** Since when there was no connection, as far as it is known. */
  offlineSince: number | null;
  /** Names and roles by id, and a digest of the PIN hash that the last sign-in was checked against. */
  known: Record<string, { person: Person; pinDigest: string }>;
}

export class Till {
  readonly people: People;
  readonly approvals: Approvals;
  readonly book: Book;
  session: Session | null = null;
  /** Told after a commit that wrote entries. */
  onAppended: () => void = () => undefined;
  private front: Front;
  /** What the disk holds of it, or will soon. */
  private remembering: string | null;

  private constructor(
    readonly environment: Environment,
    readonly board: StateBoard,
    readonly storage: TillStorage,
    private who: Identity,
    front: Front | null,
  ) {
    this.people = new People(who.branchId);
    this.approvals = new Approvals(environment);
    this.book = new Book(
      environment,
      storage,
      () => this.who,
      () => {
        this.onAppended();
      },
    );
    this.front = front ?? emptyFront(board.state.settings);
    this.remembering = front === null ? null : JSON.stringify(front);
  }

  static async of(environment: Environment, board: StateBoard, storage: TillStorage): Promise<Till> {
    const identity = restoreIdentity(await storage.identity());
    const front = (await storage.get(FRONT, "front")) as unknown as Front | null;
    const till = new Till(environment, board, storage, identity, front);
    const { shift, held, settings, products, lastAckedAt } = till.front;
    board.change({
      identity: shownIdentity(identity),
      shift,
      held,
      settings,
      catalogue: { products, ready: false },
    });
    board.changeSync({ lastAckedAt });
    await till.showPeople();
    return till;
  }

  get identity(): Identity {
    return this.who;
  }

  get settings(): Settings {
    return this.board.state.settings;
  }

  get remembered(): Readonly<Front> {
    return this.front;
  }

  /** The date at the branch, by this machine's clock. */
  today(): string {
    return dayAt(this.who.timeZone, this.environment.now());
  }

  async changeIdentity(part: Partial<Identity>): Promise<void> {
    const changed = { ...this.who, ...part };
    await this.storage.saveIdentity(storeIdentity(changed));
    this.who = changed;
    this.board.change({ identity: shownIdentity(changed) });
  }

  /** Changes what a locked till shows. Not worth a refusal: the next time it is tried again. */
  async remember(part: Partial<Front>): Promise<void> {
    this.front = { ...this.front, ...part };
    const text = JSON.stringify(this.front);
    // Signing in says it all again, and a strict write is a good part of what that takes.
    if (text === this.remembering) return;
    this.remembering = text;
    const value = this.front as unknown as Json;
    await this.storage.commit({ puts: [{ collection: FRONT, key: "front", value }] }).catch(() => {
      this.remembering = null;
    });
  }

  async showPeople(): Promise<void> {
    const stored = await this.storage.vault.people();
    const known = stored.map(({ id, code }) => {
      const unnamed: Person = { id, code, name: { en: code, ar: "" }, role: "cashier" };
      return this.front.known[id]?.person ?? unnamed;
    });
    this.board.change({ known });
  }

  // --- who may do what -----------------------------------------------------------------------------

  /** Raises `locked`. */
  requireSession(): Session {
    if (this.session === null) throw new TillRefusal("locked");
    return this.session;
  }

  may(permission: Permission): boolean {
    return this.session?.permissions.includes(permission) ?? false;
  }

  /** For what nobody else can approve. Raises `locked`, `not_permitted`. */
  require(permission: Permission): Session {
    const session = this.requireSession();
    if (!this.may(permission)) throw new TillRefusal("not_permitted", { permission });
    return session;
  }

  /**
   * One's own right, or the token of somebody who has it. `approver` gave their word for another part of the same
   * action: no second token is asked for. Raises `approval_required`, `approval_invalid`, `not_permitted`.
   */
  authorise(permission: Permission, approval: string | undefined, approver: string | null = null): Authority {
    const { person } = this.requireSession();
    if (this.may(permission)) return { approvedBy: null, spend: () => undefined };
    if (approver !== null && approver !== person.id) {
      if (this.people.get(approver)?.permissions.includes(permission) !== true)
        throw new TillRefusal("not_permitted", { permission });
      return { approvedBy: approver, spend: () => undefined };
    }
    if (approval === undefined) throw new TillRefusal("approval_required", { permission });
    const by = this.approvals.check(permission, approval);
    return {
      approvedBy: by.id,
      spend: () => {
        this.approvals.spend(approval);
      },
    };
  }

  /** Writes entries in the name of whoever is signed in. */
  async record(drafts: Draft[], beside?: Beside): Promise<Written[]> {
    const { person } = this.requireSession();
    const written = await this.book.record(person.id, drafts, beside);
    return written;
  }
}

function emptyFront(settings: Settings): Front {
  return { shift: null, held: 0, products: 0, settings, lastAckedAt: null, offlineSince: null, known: {} };
}
