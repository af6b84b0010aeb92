/** The till's machine: every nack and every loss. Ported from `tests/till/domain/test_connection.py`. */
import { beforeEach, describe, expect, it } from "vitest";

import {
  BACKOFF_MAX_MS,
  HANDSHAKE_MS,
  PROGRESS_MS,
  STABLE_MS,
  type Delta,
  type NackReason,
} from "../src/index";
import { entryHash, nackOf, World } from "./world";

let world: World;
beforeEach(() => {
  world = new World();
});

function online(): void {
  world.connect();
  expect(world.till.state).toBe("online");
}

function delta(cursor: string, more: boolean): Delta {
  return { t: "delta", feed: "reference", cursor, rows: [], packed: null, left: null, more };
}

describe("a good day", () => {
  it("drains a backlog in pushes of the size the server asks for, each key once", () => {
    world.append(25);
    online();
    world.exchange();
    expect(world.till.drained).toBe(true);
    const pushes = world.pushes().map(({ first, last }) => [first, last]);
    expect(pushes).toEqual([
      [1, 4],
      [5, 8],
      [9, 12],
      [13, 16],
      [17, 20],
      [21, 24],
      [25, 25],
    ]);
    const keys = world
      .pushes()
      .map(({ keyIds }) => keyIds)
      .filter(({ length }) => length > 0);
    expect(keys).toEqual([["shift-0"], ["shift-1"], ["shift-2"]]);
  });

  it("sends an entry made while online at once, and answers a ping", () => {
    online();
    world.append();
    expect(world.last()).toMatchObject({ type: "send_push", first: 1 });
    world.say({ t: "ping" });
    expect(world.last()).toEqual({ type: "send", message: { t: "pong" } });
  });

  it("acknowledges a delta only when it is stored, and only on the connection that brought it", () => {
    online();
    world.say(delta("9.1", true));
    expect(world.last()).toMatchObject({ type: "store_delta", delta: { cursor: "9.1" } });
    expect(world.till.currentFeeds.has("reference")).toBe(false);
    const stored = (cursor: string) =>
      world.till.handle({ type: "delta_stored", now: world.now, feed: "reference", cursor });
    expect(stored("8.0")).toEqual([]);
    expect(stored("9.1")).toEqual([
      { type: "send", message: { t: "delta_ack", feed: "reference", cursor: "9.1" } },
    ]);
    expect(stored("9.1")).toEqual([]);
    world.say(delta("9.2", false));
    expect(world.till.currentFeeds.has("reference")).toBe(true);
    world.loseLine();
    world.connect();
    expect(stored("9.2")).toEqual([]);
  });

  it("stores the shard's new key, and stays what it is with an unwanted event", () => {
    const key = new Uint8Array(91);
    world.greet();
    world.say({ ...world.welcome(), shard_key: key });
    expect(world.log).toContainEqual({ type: "store_shard_key", key });
    world.say({ t: "shard_key", key });
    expect(world.last()).toEqual({ type: "store_shard_key", key });
    world.connected();
    expect(world.last()).toEqual({ type: "close" });
  });
});

describe("lost and found", () => {
  it("learns a lost ack from the next welcome", () => {
    world.append(3);
    online();
    world.shardHandles();
    world.loseLine();
    expect(world.till.ackedSeq).toBe(0);
    world.connect();
    expect(world.till.ackedSeq).toBe(3);
    expect(world.log).toContainEqual({
      type: "mark_acked",
      seq: 3,
      hash: entryHash(3),
      first: 4,
      outcomes: [],
    });
  });

  it("sends a restored shard again what it lost", () => {
    world.append(8);
    online();
    world.exchange();
    world.loseLine();
    world.shard.length = 5;
    world.connect();
    const alarm = world.alarms().at(-1);
    expect(alarm).toMatchObject({ reason: "shard_went_back", stopped: false });
    expect(alarm?.detail).toContain("acknowledged 8 entries and now holds 5");
    world.exchange();
    expect(world.shard).toHaveLength(8);
  });

  it("stops when the shard needs what was pruned", () => {
    world.append(8);
    online();
    world.exchange();
    world.loseLine();
    world.keptFrom = 7;
    world.shard.length = 3;
    world.connect();
    expect(world.till.stopped?.reason).toBe("shard_behind");
  });

  it("stops as forked when the shard is ahead, or has another hash", () => {
    world.append(3);
    world.shard = [1, 2, 3, 4, 5].map((seq) => entryHash(seq));
    world.connect();
    expect(world.till.stopped?.reason).toBe("forked");
    world = new World();
    world.append(3);
    world.shard = [1, 2, 3].map((seq) => entryHash(seq, "clone"));
    world.connect();
    expect(world.till.stopped?.reason).toBe("forked");
    expect(world.log.some(({ type }) => type === "mark_acked")).toBe(false);
  });

  it("never believes an ack with another hash", () => {
    world.append(3);
    online();
    const acked = { seq: 3, hash: entryHash(3, "clone") };
    world.say({
      t: "ack",
      acked,
      first: 1,
      outcomes: [],
      credits: { entries: 3, bytes: 300, push_entries: 4 },
    });
    expect(world.till.stopped?.reason).toBe("forked");
    expect(world.log.some(({ type }) => type === "mark_acked")).toBe(false);
  });
});

describe("an ack far ahead of what is in view", () => {
  it.each([
    ["", "online"],
    ["clone", "stopped"],
  ])("with the hash of %j leaves the till %s", (salt, state) => {
    world.append(1500);
    online();
    world.shard = Array.from({ length: 1400 }, (_, at) => entryHash(at + 1));
    const credits = { entries: 4, bytes: 400, push_entries: 4 };
    const acked = { seq: 1400, hash: entryHash(1400, salt) };
    world.toShard = [];
    world.say({ t: "ack", acked, first: 1, outcomes: [], credits });
    expect([world.till.state, world.till.ackedSeq]).toEqual([state, salt === "" ? 1400 : 0]);
  });
});

describe("every nack", () => {
  it.each([
    ["fork", "forked"],
    ["revoked", "revoked"],
    ["bad_chain", "bad_chain"],
  ] as const)("%s stops the till and says so", (reason, alarm) => {
    world.append();
    online();
    world.nack(reason);
    expect(world.log.slice(-2)).toEqual([
      { type: "alarm", reason: alarm, detail: "because", stopped: true },
      { type: "close" },
    ]);
    expect(world.till.deadline).toBeNull();
    world.append();
    world.wait(3_600_000);
    expect([world.till.state, world.till.backlog]).toEqual(["stopped", 2]);
  });

  it("fenced is forgiven twice, and by an accepted push, but not by a welcome", () => {
    world.append();
    for (let round = 0; round < 5; round++) {
      for (let fence = 0; fence < 2; fence++) {
        world.append();
        world.connect();
        world.nack("fenced");
        expect(world.till.state).toBe("waiting");
      }
      world.connect();
      world.exchange();
      world.loseLine();
    }
    expect([world.till.stopped, world.till.backlog]).toEqual([null, 0]);
    world.append();
    for (let fence = 0; fence < 3; fence++) {
      world.connect();
      world.nack("fenced");
    }
    expect(world.till.stopped?.reason).toBe("fenced");
  });

  it("a gap is closed from what the shard expects, and one below the acked place is told in a new hello", () => {
    world.append(8);
    online();
    world.exchange();
    world.append(2);
    world.nack("gap", { expected: 9 });
    expect(world.last()).toMatchObject({ type: "send_push", first: 9, prev: entryHash(8) });
    world.shard.length = 4;
    world.nack("gap", { expected: 5 });
    expect([world.till.state, world.till.ackedSeq]).toEqual(["waiting", 8]);
    world.connect();
    world.exchange();
    expect(world.shard).toHaveLength(10);
  });

  it("gaps without end end in a reconnect", () => {
    world.append(2);
    online();
    for (let time = 0; time < 3; time++) world.nack("gap", { expected: 1 });
    expect(world.till.state).toBe("waiting");
  });

  it("a bad signature is tried three times, of a push and of a hello", () => {
    world.append();
    online();
    world.nack("bad_signature");
    world.nack("bad_signature");
    expect(world.last()).toMatchObject({ type: "send_push" });
    world.nack("bad_signature");
    expect(world.till.stopped?.reason).toBe("bad_signature");
    world = new World();
    for (let time = 0; time < 3; time++) {
      world.greet();
      world.nack("bad_signature");
    }
    expect(world.till.stopped?.reason).toBe("bad_signature");
  });

  it("an unknown key is given again", () => {
    world.append(12);
    world.pushEntries = 5;
    online();
    world.exchange();
    world.append();
    world.nack("unknown_key", { key_ids: ["shift-1"] });
    expect(world.pushes().at(-1)?.keyIds).toEqual(["shift-1"]);
    world.nack("unknown_key");
    expect(world.pushes().at(-1)?.keyIds).toEqual(["shift-1"]);
  });

  it("an overloaded shard is left alone for as long as it asks, and credits come back", () => {
    world.append();
    online();
    world.nack("overloaded", { retry_after_ms: 2000 });
    const sent = world.log.length;
    world.wait(1900);
    expect(world.log).toHaveLength(sent);
    expect(world.till.deadline).toBe(world.now + 100);
    world.wait(100);
    expect(world.last()).toMatchObject({ type: "send_push" });
    for (let time = 0; time < 100; time++) {
      world.nack("overloaded", { retry_after_ms: 1 });
      world.wait(10);
    }
    expect(world.last()).toMatchObject({ type: "send_push" });
    world = new World();
    world.greet();
    world.nack("overloaded", { retry_after_ms: 5000 });
    expect(world.till.deadline).toBe(world.now + 5000);
  });

  it.each<NackReason>(["unknown_device", "bad_frame"])("%s reconnects after a pause", (reason) => {
    world.append();
    online();
    world.nack(reason);
    expect([world.till.state, world.last()]).toEqual(["waiting", { type: "close" }]);
  });

  it("a till that stays unknown comes back no sooner than told, and says so once", () => {
    for (let time = 0; time < 10; time++) {
      world.greet();
      world.nack("unknown_device", { retry_after_ms: 20_000 });
      world.act(world.till.handle({ type: "network_returned", now: world.now }));
      expect(world.till.deadline).toBe(world.now + 20_000);
      expect(world.alarms().length).toBe(world.now > 60_000 ? 1 : 0);
    }
    expect(world.alarms().map(({ reason }) => reason)).toEqual(["unknown_device"]);
  });
});

describe("time", () => {
  it("backs off to a minute and starts again after a stable connection or a returned network", () => {
    world.fraction = 1;
    const fail = (): number => {
      world.wait(Math.max(0, (world.till.deadline ?? 0) - world.now));
      world.loseLine();
      return (world.till.deadline ?? 0) - world.now;
    };
    const pauses = Array.from({ length: 9 }, fail);
    const doubling = [1, 2, 4, 8, 16, 32].map((s) => s * 1000);
    expect(pauses).toEqual([...doubling, BACKOFF_MAX_MS, BACKOFF_MAX_MS, BACKOFF_MAX_MS]);
    world.act(world.till.handle({ type: "network_returned", now: world.now }));
    expect(world.till.deadline).toBe(world.now + 1000);
    world.connect();
    world.now += STABLE_MS;
    world.loseLine();
    expect(world.till.deadline).toBe(world.now + 1000);
  });

  it("raises an alarm and reconnects after thirty seconds without progress, and never while idle", () => {
    online();
    for (let time = 0; time < 100; time++) {
      world.wait(19_000);
      world.say({ t: "ping" });
    }
    expect(world.alarms()).toEqual([]);
    world.append();
    world.wait(PROGRESS_MS - 1);
    world.say({ t: "pong" });
    expect(world.till.state).toBe("online");
    world.wait(1);
    expect(world.alarms().map(({ reason }) => reason)).toEqual(["no_progress"]);
    expect(world.till.state).toBe("waiting");
  });

  it("asks a silent server once and then leaves it, as one that never speaks", () => {
    online();
    world.wait(20_000);
    expect(world.last()).toEqual({ type: "send", message: { t: "ping" } });
    world.wait(10_000);
    expect(world.till.state).toBe("online");
    world.wait(10_000);
    expect(world.till.state).toBe("waiting");
    world.wait((world.till.deadline ?? 0) - world.now);
    world.connected();
    world.wait(HANDSHAKE_MS);
    expect([world.till.state, world.last()]).toEqual(["waiting", { type: "close" }]);
  });

  it("lets the push on the way finish when the gateway drains, and spreads the return", () => {
    world.append(9);
    online();
    world.say({ t: "drain", spread_ms: 8000 });
    expect(world.till.state).toBe("online");
    world.exchange();
    expect([world.till.ackedSeq, world.till.state]).toEqual([4, "waiting"]);
    expect(world.till.deadline).toBe(world.now + 4000);
  });

  it("reconnects on garbage and on words out of turn", () => {
    online();
    world.act(world.till.handle({ type: "garbled", now: world.now, detail: "no JSON" }));
    expect(world.till.state).toBe("waiting");
    world.connect();
    world.say({ t: "challenge", nonce: new Uint8Array(1), server_time_ms: 0 });
    expect(world.till.state).toBe("waiting");
  });

  it("stops for an entry that fits no frame", () => {
    online();
    world.read = (after) => ({
      type: "outbox_read",
      after,
      hash: entryHash(after),
      keyId: null,
      entries: [{ seq: after + 1, hash: entryHash(after + 1), keyId: "k", size: 300_000 }],
    });
    world.append();
    expect(world.till.stopped?.reason).toBe("entry_too_large");
  });
});

describe("questions", () => {
  const request = { t: "sign_in", id: 7, cashier: "01", pin: "1234" } as const;
  const ask = (): void => {
    world.act(world.till.handle({ type: "asked", now: world.now, request }));
  };
  const refused = {
    t: "refused",
    id: 7,
    reason: "wrong_pin",
    detail: "",
    retry_after_ms: null,
    expected: null,
  } as const;

  it("are sent only after welcome, and their answer is delivered once", () => {
    ask();
    expect(world.last()).toEqual({ type: "unanswered", id: 7 });
    online();
    ask();
    expect(world.last()).toEqual({ type: "send", message: request });
    world.say(refused);
    expect(world.last()).toEqual({ type: "deliver", answer: refused });
    const known = world.log.length;
    world.say(refused);
    expect(world.log).toHaveLength(known);
  });

  it("are given up when the line is lost, the till is stopped, or nobody answers", () => {
    for (const end of [
      () => {
        world.loseLine();
      },
      () => {
        world.nack("revoked");
      },
      () => {
        world.nack("fenced");
      },
    ]) {
      world = new World();
      online();
      ask();
      end();
      expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    }
    world = new World();
    online();
    ask();
    world.wait(19_000);
    world.say({ t: "ping" });
    expect(world.till.deadline).toBe(20_000);
    world.wait(1_000);
    expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    expect(world.till.state).toBe("online");
  });

  it("are never answered with something else", () => {
    online();
    ask();
    world.say({ t: "receipt", id: 7, receipt: null });
    expect(world.alarms().at(-1)?.reason).toBe("bad_frame");
    expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    expect(world.till.state).toBe("waiting");
    world.say(nackOf("revoked"));
    expect(world.till.stopped).toBeNull();
  });
});
