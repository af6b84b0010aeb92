/** A good day of the till's machine, and its patience. Ported from `tests/till/domain/test_connection.py`. */
import { beforeEach, describe, expect, it } from "vitest";

import { BACKOFF_MAX_MS, HANDSHAKE_MS, PROGRESS_MS, STABLE_MS, type Delta } from "../src/index";
import { entryHash, nackOf, World } from "./world";

let world: World;
beforeEach(() => {
  world = new World();
});

function delta(cursor: string, more: boolean): Delta {
  return { t: "delta", feed: "reference", cursor, rows: [], packed: null, left: null, more };
}

describe("a good day", () => {
  it("drains a backlog in pushes of the size the server asks for, each key once", () => {
    world.append(25);
    world.online();
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
    world.online();
    world.append();
    expect(world.last()).toMatchObject({ type: "send_push", first: 1 });
    world.say({ t: "ping" });
    expect(world.last()).toEqual({ type: "send", message: { t: "pong" } });
  });

  it("acknowledges a delta only when it is stored, and only on the connection that brought it", () => {
    world.online();
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
    world.online();
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
    world.online();
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
    world.online();
    world.say({ t: "drain", spread_ms: 8000 });
    expect(world.till.state).toBe("online");
    world.exchange();
    expect([world.till.ackedSeq, world.till.state]).toEqual([4, "waiting"]);
    expect(world.till.deadline).toBe(world.now + 4000);
  });

  it("reconnects on garbage and on words out of turn", () => {
    world.online();
    world.act(world.till.handle({ type: "garbled", now: world.now, detail: "no JSON" }));
    expect(world.till.state).toBe("waiting");
    world.connect();
    world.say({ t: "challenge", nonce: new Uint8Array(1), server_time_ms: 0 });
    expect(world.till.state).toBe("waiting");
  });

  it("stops for an entry that fits no frame", () => {
    world.online();
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
    world.online();
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
      world.online();
      ask();
      end();
      expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    }
    world = new World();
    world.online();
    ask();
    world.wait(19_000);
    world.say({ t: "ping" });
    expect(world.till.deadline).toBe(20_000);
    world.wait(1_000);
    expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    expect(world.till.state).toBe("online");
  });

  it("are never answered with something else", () => {
    world.online();
    ask();
    world.say({ t: "receipt", id: 7, receipt: null });
    expect(world.alarms().at(-1)?.reason).toBe("bad_frame");
    expect(world.log).toContainEqual({ type: "unanswered", id: 7 });
    expect(world.till.state).toBe("waiting");
    world.say(nackOf("revoked"));
    expect(world.till.stopped).toBeNull();
  });
});
