/** What the till's machine does after a loss. Ported from `tests/till/domain/test_connection_lost.py`. */
import { beforeEach, describe, expect, it } from "vitest";

import { entryHash, World } from "./world";

let world: World;
beforeEach(() => {
  world = new World();
});

describe("lost and found", () => {
  it("learns a lost ack from the next welcome", () => {
    world.append(3);
    world.online();
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
    world.online();
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
    world.online();
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
    world.online();
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
    world.online();
    world.shard = Array.from({ length: 1400 }, (_, at) => entryHash(at + 1));
    const credits = { entries: 4, bytes: 400, push_entries: 4 };
    const acked = { seq: 1400, hash: entryHash(1400, salt) };
    world.toShard = [];
    world.say({ t: "ack", acked, first: 1, outcomes: [], credits });
    expect([world.till.state, world.till.ackedSeq]).toEqual([state, salt === "" ? 1400 : 0]);
  });
});
