import { afterEach, describe, expect, it } from "vitest";

import { cashier, CASHIER, Counter, goods, LAMP, makeShard, MANAGER, MILK, refusalOf, row } from "./shop";

let counter: Counter;
const CASH = [{ tender: "cash", amount: null, reference: null }];

afterEach(async () => {
  await counter.stop();
});

async function opened(person = CASHIER): Promise<Counter> {
  counter = new Counter(await makeShard());
  return counter.open(person);
}

async function sellOne(): Promise<number> {
  await counter.engine.addProduct({ productId: MILK });
  return (await counter.engine.pay({ tenders: CASH })).reference.seq;
}

describe("without the network", () => {
  it("sells on, says since when and how much, and hands everything over once it is back", async () => {
    const { shard } = await opened();
    await counter.synced();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    for (let sale = 0; sale < 5; sale += 1) await sellOne();
    expect(counter.state.sync).toMatchObject({ unsynced: 5, lastError: { code: "unreachable" } });
    await counter.until((state) => state.sync.oldestUnsyncedAt === counter.clock.now);
    shard.reachable = true;
    counter.engine.lookAgain();
    await counter.synced();
    expect(counter.state.sync).toMatchObject({ lastError: null, oldestUnsyncedAt: null });
    expect(shard.kinds()).toEqual(["shift_opened", ...Array<string>(5).fill("sale")]);
  });

  it("lets known people in and sends strangers to the network", async () => {
    const { engine, shard } = await opened();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    await engine.lock();
    expect(counter.state).toMatchObject({ phase: "locked", person: null });
    expect(await refusalOf(engine.signIn(MANAGER))).toMatchObject({ code: "online_sign_in_needed" });
    await engine.signIn(CASHIER);
    expect(counter.state.person?.name.en).toBe("Person 101");
  });

  it("uploads while it is locked, and stores no delta until somebody unlocks it", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    await sellOne();
    await engine.lock();
    shard.reachable = true;
    engine.lookAgain();
    await counter.synced();
    expect(shard.kinds()).toEqual(["shift_opened", "sale"]);
    shard.publish(
      ...goods("00000000-0000-4000-8000-000000000009", "NUTS", "Nuts", "", "piece", "10012345678902", 900),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await engine.signIn(CASHIER);
    await counter.until((state) => state.catalogue.products === 5);
    expect((await engine.scan("10012345678902")).kind).toBe("added");
  });

  it("takes a delta in many packed parts, goes on where it was cut, and survives a reload", async () => {
    const shard = await makeShard();
    for (let n = 0; n < 300; n += 1) {
      const id = `00000000-0000-4000-9000-${String(n).padStart(12, "0")}`;
      shard.rows.push(...goods(id, `P${n}`, `Thing ${n}`, "", "piece", `SHOP-${n}`, 100 + n));
    }
    shard.page = 40;
    counter = new Counter(shard);
    await counter.boot();
    shard.enrolCode("CODE");
    await counter.engine.enrol({ code: "CODE", name: "Front till" });
    await counter.until((state) => (state.sync.feed?.received ?? 0) > 100);
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    shard.reachable = true;
    counter.engine.lookAgain();
    await counter.until((state) => state.catalogue.products === 304 && state.sync.feed === null);
    await counter.engine.signIn(CASHIER);
    await counter.stop();
    await counter.boot();
    await counter.engine.signIn(CASHIER);
    await counter.until((state) => state.catalogue.ready);
    expect((await counter.engine.search("thing 299", 5))[0]?.sku).toBe("P299");
  });
});

describe("people", () => {
  it("are kept out by ten wrong PINs, until the shard vouches for them", async () => {
    const { engine, shard } = await opened();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    await engine.lock();
    let left = 10;
    let refusal: { code: string; params: object } = { code: "wrong_pin", params: {} };
    while (refusal.code === "wrong_pin" && left > -5) {
      refusal = await refusalOf(engine.signIn({ code: CASHIER.code, pin: "9999" }));
      // The delay grows: time passes.
      if (refusal.code === "locked_out") {
        counter.machine.clock += 3_600_000;
        refusal.code = "wrong_pin";
      } else left -= 1;
    }
    expect(refusal.code).toBe("online_sign_in_needed");
    expect(left).toBe(0);
    expect((await refusalOf(engine.signIn(CASHIER))).code).toBe("online_sign_in_needed");
    shard.reachable = true;
    engine.lookAgain();
    await counter.until((state) => state.sync.state === "online");
    await engine.signIn(CASHIER);
    expect(counter.state.phase).toBe("open");
  });

  it("come in right after enrolment, although the shard has not heard of the till yet", async () => {
    const shard = await makeShard();
    counter = await new Counter(shard).boot();
    shard.enrolCode("CODE");
    shard.behind = true;
    await counter.engine.enrol({ code: "CODE", name: "Front till" });
    const signedIn = counter.engine.signIn(CASHIER);
    setTimeout(() => {
      shard.behind = false;
    }, 300);
    await signedIn;
    expect(counter.state.phase).toBe("open");
  });

  it("who were dismissed cannot unlock the till any more", async () => {
    const { engine, shard } = await opened();
    await counter.engine.lock();
    await counter.engine.signIn(MANAGER);
    await counter.until((state) => state.permissions.length > 2);
    shard.publish(row("cashier", CASHIER.id, null));
    await counter.until(() => counter.state.sync.state === "online");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await engine.lock();
    expect((await refusalOf(engine.signIn(CASHIER))).code).toBe("not_permitted");
    expect(counter.state).toMatchObject({ phase: "locked", person: null });
    expect(counter.state.known.map((each) => each.code)).toEqual([MANAGER.code]);
  });

  it("whose PIN was changed come in with the new one and not with the old one", async () => {
    const { engine, shard } = await opened();
    const changed = { ...CASHIER, pin: "2468" };
    shard.staff[0] = changed;
    shard.publish(await cashier(changed, "cashier", ["sell"]));
    await counter.until((state) => state.permissions.length === 1);
    await engine.lock();
    expect((await refusalOf(engine.signIn(CASHIER))).code).toBe("wrong_pin");
    await engine.signIn(changed);
    expect(counter.state.phase).toBe("open");
  });

  it("who take over within a shift stand in the journal", async () => {
    const { engine, shard } = await opened();
    await engine.lock();
    await engine.signIn(MANAGER);
    await sellOne();
    await counter.synced();
    expect(shard.entries().map(({ kind, cashier: who }) => [kind, who])).toEqual([
      ["shift_opened", CASHIER.id],
      ["cashier_signed_in", MANAGER.id],
      ["sale", MANAGER.id],
    ]);
  });

  it("may do nothing while the till is locked", async () => {
    const { engine } = await opened();
    await engine.addProduct({ productId: MILK });
    await engine.lock();
    for (const work of [
      engine.scan("4006381333931"),
      engine.pay({ tenders: CASH }),
      engine.cart(),
      engine.receipts(5),
      engine.findCustomers("a"),
      engine.shiftReport(),
      engine.heldCarts(),
      engine.openDrawer({ reason: "" }),
    ]) {
      expect((await refusalOf(work)).code).toBe("locked");
    }
    await engine.signIn(CASHIER);
    expect((await engine.cart()).total).toBe(450);
  });
});

describe("what a person must decide", () => {
  it("a revoked till forgets its keys and goods, and its journal can still be handed over", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    shard.silent = true;
    await sellOne();
    shard.revoke(7, "stolen");
    await counter.until((state) => state.phase === "revoked");
    expect((await refusalOf(engine.signIn(CASHIER))).code).toBe("locked");
    expect((await engine.exportRescue()).entries).toBe(1);
    expect(await counter.machine.dump()).not.toContain("Milk");
    await counter.stop();
    await counter.boot();
    expect(counter.state.phase).toBe("revoked");
  });

  it("another till of the branch hands a till's journal over", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    shard.silent = true;
    await sellOne();
    const file = await engine.exportRescue();
    shard.silent = false;
    const other = await new Counter(shard).boot();
    shard.enrolCode("SECOND");
    await other.engine.enrol({ code: "SECOND", name: "Back till" });
    await other.until((state) => state.sync.state === "online" && state.catalogue.products === 4);
    await other.engine.signIn(MANAGER);
    expect(await other.engine.uploadRescue(file.bytes)).toEqual({ device: 7, entries: 1 });
    expect(await other.engine.uploadRescue(new TextEncoder().encode(file.parts.join("\n")))).toMatchObject({
      entries: 1,
    });
    expect(shard.kinds(7)).toEqual(["shift_opened", "sale"]);
    const damaged = file.bytes.slice(0, -5);
    expect((await refusalOf(other.engine.uploadRescue(damaged))).code).toBe("damaged_file");
    await other.stop();
  });

  it("a till whose shard holds another history stops and says so, and sells on", async () => {
    const { shard } = await opened();
    await counter.synced();
    const device = shard.device();
    device.hashes[0] = new Uint8Array(32).fill(9);
    device.head = { seq: 1, hash: new Uint8Array(32).fill(9) };
    await sellOne();
    await counter.until((state) => state.sync.state === "stopped");
    expect(counter.state.sync.lastError?.code).toBe("forked");
    await sellOne();
    expect(counter.state.sync.unsynced).toBe(2);
  });
});

describe("two tills", () => {
  it("take back what the other one sold, and know what came back elsewhere", async () => {
    const { engine, shard } = await opened();
    await engine.addProduct({ productId: MILK, quantity: 4_000 });
    const sold = await engine.pay({ tenders: CASH });
    await counter.synced();
    const other = await new Counter(shard).boot();
    shard.enrolCode("SECOND");
    await other.engine.enrol({ code: "SECOND", name: "Back till" });
    await other.until((state) => state.sync.state === "online" && state.catalogue.products === 4);
    await other.engine.signIn(CASHIER);
    await other.until((state) => state.permissions.length > 0 && state.catalogue.ready);
    await other.engine.openShift({ openingFloat: 0 });
    const found = await other.engine.findReceipt(sold.qr);
    expect(found).toMatchObject({ source: "shard", returnable: [{ number: 1, quantity: 4_000 }] });
    const back = { reference: sold.reference, lines: [{ number: 1, quantity: 3_000 }], reason: "sour" };
    await other.engine.returnLines(back);
    await other.engine.pay({ tenders: CASH });
    await other.synced();
    expect((await refusalOf(engine.returnLines(back))).code).toBe("return_too_much");
    await other.stop();
  });
});

describe("alone at the counter", () => {
  it("the till locks itself after the time that head office set, and not while it is used", async () => {
    const { engine } = await opened();
    counter.clock.now += 299_000;
    await engine.touched();
    counter.clock.now += 299_000;
    engine.lookAgain();
    expect(counter.state.phase).toBe("open");
    counter.clock.now += 2_000;
    engine.lookAgain();
    await counter.until((state) => state.phase === "locked");
  });

  it("a clock that is years off refuses no sale", async () => {
    const { engine, shard } = await opened();
    await engine.addProduct({ productId: MILK });
    counter.clock.now = Date.UTC(2031, 0, 1);
    await engine.pay({ tenders: CASH });
    counter.clock.now = Date.UTC(2025, 0, 1);
    await engine.addProduct({ productId: MILK });
    await engine.pay({ tenders: CASH });
    await counter.synced();
    const [, later, earlier] = shard.entries();
    expect(later?.at.slice(0, 4)).toBe("2031");
    expect(earlier?.hlc).toBe((later?.hlc ?? 0) + 1);
  });

  it("a revoked till that owes nothing can be enrolled anew", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    shard.revoke(7, "revoked");
    await counter.until((state) => state.phase === "revoked");
    shard.enrolCode("AGAIN");
    await engine.enrol({ code: "AGAIN", name: "Front till" });
    expect(counter.state.identity?.deviceId).toBe(8);
  });
});

describe("a failing disk", () => {
  it("refuses a sale and keeps the cart, and nothing of the sale exists", async () => {
    const { engine, shard } = await opened();
    await counter.synced();
    await engine.addProduct({ productId: LAMP });
    counter.machine.databaseFull = true;
    counter.machine.room = 0;
    const refusal = await refusalOf(engine.pay({ tenders: CASH }));
    expect(["storage_full", "storage_failed"]).toContain(refusal.code);
    counter.machine.databaseFull = false;
    counter.machine.room = Number.POSITIVE_INFINITY;
    expect((await engine.cart()).total).toBe(12_005);
    const receipt = await engine.pay({ tenders: CASH });
    expect(receipt.reference.seq).toBe(2);
    await counter.synced();
    expect(shard.kinds()).toEqual(["shift_opened", "sale"]);
  });

  it("is rebuilt from the copy with a PIN, and the shift goes on", async () => {
    const { shard } = await opened();
    await counter.synced();
    shard.cut();
    await counter.until((state) => state.sync.state === "offline");
    await sellOne();
    await counter.stop();
    await counter.machine.loseDatabase();
    await counter.boot();
    expect(counter.state.phase).toBe("lost");
    expect(await counter.engine.restoreFromCopy(CASHIER)).toMatchObject({ unsynced: 1 });
    expect(counter.state).toMatchObject({ phase: "open" });
    expect(counter.state.shift).not.toBeNull();
    shard.reachable = true;
    counter.engine.lookAgain();
    await counter.synced();
    await counter.until((state) => state.catalogue.products === 4 && state.permissions.length > 0);
    expect((await counter.engine.shiftReport()).sales.count).toBe(1);
    await sellOne();
    await counter.synced();
    expect(shard.kinds()).toEqual(["shift_opened", "sale", "sale"]);
  });
});
