/** Every nack, and what the till's machine does. Ported from `tests/till/domain/test_connection_refused.py`. */
import { beforeEach, describe, expect, it } from "vitest";

import type { NackReason } from "../src/index";
import { entryHash, World } from "./world";

let world: World;
beforeEach(() => {
  world = new World();
});

describe("every nack", () => {
  it.each([
    ["fork", "forked"],
    ["revoked", "revoked"],
    ["bad_chain", "bad_chain"],
  ] as const)("%s stops the till and says so", (reason, alarm) => {
    world.append();
    world.online();
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
    world.online();
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
    world.online();
    for (let time = 0; time < 3; time++) world.nack("gap", { expected: 1 });
    expect(world.till.state).toBe("waiting");
  });

  it("a bad signature is tried three times, of a push and of a hello", () => {
    world.append();
    world.online();
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
    world.online();
    world.exchange();
    world.append();
    world.nack("unknown_key", { key_ids: ["shift-1"] });
    expect(world.pushes().at(-1)?.keyIds).toEqual(["shift-1"]);
    world.nack("unknown_key");
    expect(world.pushes().at(-1)?.keyIds).toEqual(["shift-1"]);
  });

  it("an overloaded shard is left alone for as long as it asks, and credits come back", () => {
    world.append();
    world.online();
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
    world.online();
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
