/**
 * The till engine: every method of the page's interface, one at a time where it changes something. Which till
 * this browser is, if any, is decided when it starts; the work is done by the parts.
 */
import { uuid7, UUID7_RANDOM_BYTES, type Permission } from "@octonext/core";
import type { TillStorage } from "@octonext/storage";

import * as api from "./api";
import { TillRefusal } from "./api";
import { enrol } from "./enrolment";
import type { Environment } from "./environment";
import { Exclusive } from "./exclusive";
import { Holding, type OpenStorage } from "./holding";
import { Housekeeping } from "./housekeeping";
import { rescueFile, rescueOf, uploadRescue } from "./rescue";
import type { StateBoard } from "./state";
import { countStock } from "./stock";
import { Till } from "./till";
import { wire, type Parts } from "./wiring";

type Work<T> = (parts: Parts) => T | Promise<T>;
type Request<Method extends keyof api.TillEngine> = Parameters<api.TillEngine[Method]>[0];

export class Engine implements api.TillEngine {
  private readonly exclusive = new Exclusive();
  private readonly holding: Holding;
  private parts: Parts | null = null;
  private readonly housekeeping: Housekeeping;

  constructor(
    private readonly environment: Environment,
    private readonly board: StateBoard,
    openStorage: OpenStorage,
  ) {
    this.holding = new Holding(openStorage);
    this.housekeeping = new Housekeeping(environment, () => this.parts, {
      lock: () => void this.lock(),
      exclusive: this.exclusive,
    });
  }

  async start(): Promise<void> {
    await this.takeStock();
    this.housekeeping.begin();
  }

  /** Looks at what this browser holds, and takes it up. */
  private async takeStock(): Promise<void> {
    const opened = await this.holding.look();
    switch (opened.kind) {
      case "unenrolled":
      case "revoked":
      case "lost":
        if (opened.kind !== "unenrolled") this.board.changeSync({ unsynced: opened.unsynced });
        if (opened.kind === "lost" && opened.isAdrift)
          this.board.changeStorage({ level: "critical", copy: "unavailable" });
        this.board.change({ phase: opened.kind, shift: null, known: [], held: 0, idle: true });
        break;
      case "newer": {
        const detail = `this database is of version ${opened.version}, which a newer app wrote`;
        this.board.changeSync({ lastError: { code: "storage", detail, at: this.environment.now() } });
        break;
      }
      case "ready":
        await this.takeUp(opened.storage);
        this.board.change({ phase: "locked" });
    }
  }

  /** Nobody knows what became of the last write, or of the database: what is on the disk counts. */
  private async reopen({ signIn, sync, till }: Parts): Promise<void> {
    this.parts = null;
    signIn.lock();
    sync.end();
    await this.holding.leave(till.storage);
    // Failing that, whoever signs in tries again.
    await this.takeStock().catch(() => undefined);
  }

  lookAgain(): void {
    this.housekeeping.lookAgain();
  }

  /** Another tab takes over: what is being written is finished, the rest is on the disk. */
  async release(): Promise<void> {
    await this.exclusive.run(async () => {
      this.housekeeping.end();
      const { parts } = this;
      this.parts = null;
      parts?.sync.end();
      if (parts !== null) await this.holding.leave(parts.till.storage);
    });
  }

  // --- who -----------------------------------------------------------------------------------------

  enrol(request: Request<"enrol">): Promise<void> {
    return this.exclusive.run(async () => {
      const opened = await this.holding.makeWay();
      if (opened?.kind !== "unenrolled")
        throw new TillRefusal("internal", { detail: "this is a till already" });
      const enrolment = await opened.beginEnrolment();
      const storage = await enrol(this.environment, enrolment, request);
      this.holding.opened = { kind: "ready", storage, healed: 0 };
      const parts = await this.takeUp(storage);
      // The share is here until the first lock or reload: the catalogue comes while nobody has signed in yet.
      await parts.feeds.load();
      await parts.catalogue.load();
      this.board.change({ phase: "locked" });
    });
  }

  signIn(request: Request<"signIn">): Promise<void> {
    this.housekeeping.touched();
    return this.exclusive.run(async () => {
      if (this.holding.astray) await this.takeStock();
      else await this.parts?.till.storage.reconnect();
      if (this.parts?.till.storage.doubtful === true) await this.reopen(this.parts);
      await this.enrolled().signIn.signIn(request);
    });
  }

  lock(): Promise<void> {
    return this.exclusive.run(() => {
      if (this.board.state.phase === "open") this.enrolled().signIn.lock();
      return Promise.resolve();
    });
  }

  approve(request: { permission: Permission; code: string; pin: string }): Promise<api.Approval> {
    return this.change((parts) => parts.signIn.approve(request));
  }

  touched(): Promise<void> {
    this.housekeeping.touched();
    return Promise.resolve();
  }

  // --- shift ---------------------------------------------------------------------------------------

  openShift(request: Request<"openShift">): Promise<api.ShiftReport> {
    return this.change((parts) => parts.shifts.open(request));
  }

  moveCash(request: Request<"moveCash">): Promise<void> {
    return this.change((parts) => parts.shifts.moveCash(request));
  }

  openDrawer(request: Request<"openDrawer">): Promise<void> {
    return this.change((parts) => parts.shifts.openDrawer(request));
  }

  shiftReport(): Promise<api.ShiftReport> {
    return this.change((parts) => Promise.resolve(parts.shifts.current()));
  }

  closeShift(request: Request<"closeShift">): Promise<api.ShiftReport> {
    return this.change((parts) => parts.shifts.close(request));
  }

  closedShifts(): Promise<api.ShiftReport[]> {
    return this.ask((parts) => parts.shifts.closed());
  }

  // --- catalogue -----------------------------------------------------------------------------------

  search(text: string, limit: number): Promise<api.ProductHit[]> {
    return this.ask((parts) => parts.goods.search(text, limit));
  }

  categories(): Promise<api.Category[]> {
    return this.ask((parts) => parts.goods.categories());
  }

  browse(request: Request<"browse">): Promise<api.ProductHit[]> {
    return this.ask((parts) => parts.goods.browse(request));
  }

  setFavourite(productId: string, favourite: boolean): Promise<void> {
    return this.change((parts) => parts.goods.setFavourite(productId, favourite));
  }

  // --- cart ----------------------------------------------------------------------------------------

  cart(): Promise<api.CartView> {
    return this.change((parts) => Promise.resolve(parts.carts.view()));
  }

  async scan(code: string): Promise<api.ScanOutcome> {
    const outcome = await this.change((parts) => parts.carts.scan(code));
    if (outcome.kind !== "reference") return outcome;
    return { kind: "receipt", receipt: await this.findReceipt(outcome.text) };
  }

  addProduct(request: Request<"addProduct">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.addProduct(request));
  }

  setQuantity(request: Request<"setQuantity">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.setQuantity(request));
  }

  removeLine(request: Request<"removeLine">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.removeLine(request));
  }

  overridePrice(request: Request<"overridePrice">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.overridePrice(request));
  }

  discountLine(request: Request<"discountLine">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.discountLine(request));
  }

  discountCart(request: Request<"discountCart">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.discountCart(request));
  }

  setNote(request: Request<"setNote">): Promise<api.CartView> {
    return this.change((parts) => parts.carts.setNote(request));
  }

  setCustomer(customerId: string | null): Promise<api.CartView> {
    return this.change((parts) => parts.carts.setCustomer(customerId));
  }

  cancelCart(reason: string | null): Promise<api.CartView> {
    return this.change((parts) => parts.carts.cancel(reason));
  }

  hold(label: string): Promise<api.CartView> {
    return this.change((parts) => parts.carts.hold(label));
  }

  heldCarts(): Promise<api.HeldCart[]> {
    return this.ask((parts) => parts.carts.held());
  }

  recall(id: string): Promise<api.CartView> {
    return this.change((parts) => parts.carts.recall(id));
  }

  discardHeld(request: Request<"discardHeld">): Promise<void> {
    return this.change((parts) => parts.carts.discardHeld(request));
  }

  // --- returns and payment -------------------------------------------------------------------------

  findReceipt(text: string): Promise<api.ReturnableReceipt> {
    return this.ask((parts) => parts.returns.find(text));
  }

  returnLines(request: Request<"returnLines">): Promise<api.CartView> {
    return this.change((parts) => parts.returns.returnLines(request));
  }

  returnWithoutReceipt(request: Request<"returnWithoutReceipt">): Promise<api.CartView> {
    return this.change((parts) => parts.returns.returnWithoutReceipt(request));
  }

  tenders(): Promise<api.TenderOption[]> {
    return this.change((parts) => Promise.resolve(parts.payments.tenders()));
  }

  pay(request: Request<"pay">): Promise<api.Receipt> {
    return this.change((parts) => parts.payments.pay(request));
  }

  voidReceipt(request: Request<"voidReceipt">): Promise<api.Receipt> {
    return this.change((parts) => parts.returns.voidReceipt(request));
  }

  receipts(limit: number): Promise<api.Receipt[]> {
    return this.ask((parts) => parts.receipts.newest(limit));
  }

  receipt(seq: number): Promise<api.Receipt> {
    return this.ask((parts) => parts.receipts.show(seq));
  }

  reprint(seq: number): Promise<api.Receipt> {
    return this.change((parts) => parts.receipts.reprint(seq));
  }

  // --- customers and stock -------------------------------------------------------------------------

  findCustomers(text: string): Promise<api.Customer[]> {
    return this.ask((parts) => parts.customers.find(text));
  }

  saveCustomer({ id, ...customer }: Request<"saveCustomer">): Promise<api.Customer> {
    return this.change((parts) => {
      parts.till.require("sell");
      const { environment } = this;
      const made = id ?? uuid7(environment.now(), environment.random(UUID7_RANDOM_BYTES));
      return parts.customers.save(customer, made);
    });
  }

  countStock(request: Request<"countStock">): Promise<void> {
    return this.change((parts) => countStock(parts.till, request));
  }

  // --- keeping it running --------------------------------------------------------------------------

  syncNow(): Promise<void> {
    return this.look((parts) => {
      parts.sync.tryNow();
    });
  }

  requestPersistence(): Promise<boolean> {
    return this.look((parts) => parts.watch.requestPersistence());
  }

  async exportRescue(): Promise<api.RescueFile> {
    return rescueFile(await rescueOf(this.holding.opened), this.environment.now());
  }

  uploadRescue(file: Uint8Array): Promise<{ device: number; entries: number }> {
    return this.ask((parts) => uploadRescue(parts.till, parts.sync, file));
  }

  restoreFromCopy(request: Request<"restoreFromCopy">): Promise<{ entries: number; unsynced: number }> {
    return this.exclusive.run(async () => {
      const { opened } = this.holding;
      if (opened?.kind !== "lost") throw new TillRefusal("internal", { detail: "nothing is lost here" });
      const { storage, entries, unsynced } = await opened.restore(request);
      this.holding.opened = { kind: "ready", storage, healed: entries };
      const { signIn } = await this.takeUp(storage);
      this.board.change({ phase: "locked" });
      await signIn.signIn(request);
      return { entries, unsynced };
    });
  }

  // --- inside --------------------------------------------------------------------------------------

  private async takeUp(storage: TillStorage): Promise<Parts> {
    const till = await Till.of(this.environment, this.board, storage);
    const parts = wire(till, {
      revoked: (reason) => this.revoke(reason),
      lock: () => void this.lock(),
    });
    this.parts = parts;
    // Not awaited: browsers take long to say how full the disk is.
    void parts.watch.look().catch(() => undefined);
    await parts.sync.begin();
    // Somebody will type a PIN now.
    storage.vault.expectPin();
    parts.catalogue.expect();
    return parts;
  }

  /** Head office ended this till: its keys go, its sealed journal stays for somebody else to hand over. */
  private revoke(reason: "revoked" | "stolen"): Promise<void> {
    return this.exclusive.run(async () => {
      const { parts } = this;
      if (parts === null) return;
      this.parts = null;
      parts.signIn.lock();
      parts.sync.end();
      this.board.change({ phase: "revoked", shift: null, known: [], held: 0, idle: true });
      await this.holding.wipe(parts.till.storage, reason);
    });
  }

  /** Somebody is signed in. Raises `locked`. */
  private attended(): Parts {
    const parts = this.enrolled();
    parts.till.requireSession();
    return parts;
  }

  private enrolled(): Parts {
    if (this.parts !== null) return this.parts;
    throw new TillRefusal("locked");
  }

  private change<T>(work: (parts: Parts) => Promise<T>): Promise<T> {
    this.housekeeping.touched();
    return this.exclusive.run(async () => {
      const parts = this.attended();
      try {
        return await work(parts);
      } finally {
        if (this.parts === parts && parts.till.storage.doubtful) await this.reopen(parts);
      }
    });
  }

  /** What changes nothing; `look` is also for a locked till. */
  private readonly ask = async <T>(work: Work<T>): Promise<T> => work(this.attended());
  private readonly look = async <T>(work: Work<T>): Promise<T> => work(this.enrolled());
}
