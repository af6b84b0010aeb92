/** What holds of the machine in any order of losses, refusals and answers. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { toHex } from "../src/index";
import { entryHash, nackOf, World } from "./world";

const ACTIONS = [
  ...["append", "tick", "shard", "till", "lose", "overload", "gap", "drain", "lose_ack", "fence"],
  ...["delta", "ask", "network", "garbage", "restore", "wrong_word"],
] as const;

function happen(world: World, action: string, chance: number): void {
  const pushed = world.toShard.length > 0;
  const { till, now } = world;
  switch (action) {
    case "append":
      world.append(1 + (chance % 5));
      return;
    case "tick":
      world.wait([100, 1_000, 10_000, 45_000][chance % 4] ?? 0);
      if (till.state !== "connecting") return;
      world.connected();
      world.say({ t: "challenge", nonce: new Uint8Array(32), server_time_ms: 0 });
      world.say(world.welcome());
      return;
    case "shard":
      world.shardHandles();
      return;
    case "till": {
      const message = world.toTill.shift();
      if (message !== undefined) world.say(message);
      return;
    }
    case "lose":
      world.loseLine();
      return;
    case "lose_ack":
      if (pushed) world.shardHandles();
      world.loseLine();
      return;
    case "overload":
      if (pushed) world.nack("overloaded", { retry_after_ms: 500 });
      return;
    case "fence":
      if (!pushed) return;
      world.fences += 1;
      world.nack("fenced");
      return;
    case "gap":
      if (!pushed) return;
      world.toShard = [];
      world.toTill.push(nackOf("gap", { expected: 1 + (chance % (world.shard.length + 1)) }));
      return;
    case "drain":
      if (till.state === "online") world.say({ t: "drain", spread_ms: 1000 });
      return;
    case "delta":
      if (till.state === "online") {
        world.say({
          t: "delta",
          feed: "reference",
          cursor: String(chance),
          rows: [],
          packed: null,
          left: 1,
          more: true,
        });
        world.act(till.handle({ type: "delta_stored", now, feed: "reference", cursor: String(chance) }));
      }
      return;
    case "ask":
      world.act(
        till.handle({
          type: "asked",
          now,
          request: { t: "find_receipt", id: chance, branch: 1, device: 1, seq: 1 },
        }),
      );
      return;
    case "network":
      world.act(till.handle({ type: "network_returned", now }));
      return;
    case "garbage":
      world.act(till.handle({ type: "garbled", now, detail: "x" }));
      return;
    case "restore":
      // The shard falls back to an older copy, as its gateway does: every connection ends.
      world.shard.length = chance % (world.shard.length + 1);
      world.loseLine();
      return;
    case "wrong_word":
      world.say({ t: "challenge", nonce: new Uint8Array(1), server_time_ms: 0 });
      return;
  }
}

it("ends with everything at the shard, and stops for nothing but the third fence", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...ACTIONS), fc.nat({ max: 99 })), { maxLength: 120 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 9 }), (actions, pushEntries) => {
      const world = new World(pushEntries);
      const asked = new Map<number, number>();
      for (const [action, chance] of actions) {
        happen(world, action, chance);
        // What the shard holds is a gapless prefix of the journal, and acked is never ahead of it but after a
        // restore, which the next welcome tells.
        for (const [at, hash] of world.shard.entries()) expect(toHex(hash)).toBe(toHex(entryHash(at + 1)));
        expect(world.shard.length).toBeLessThanOrEqual(world.head);
        if (world.till.state === "online" && world.toShard.length === 0) {
          expect(world.till.ackedSeq).toBeLessThanOrEqual(world.shard.length);
        }
        if (world.till.state === "stopped") {
          expect(world.till.stopped?.reason).toBe("fenced");
          expect(world.fences).toBe(3);
          expect(world.till.deadline).toBeNull();
          return;
        }
        expect(world.fences).toBeLessThan(3);
        expect(world.till.deadline).not.toBeNull();
      }
      world.append();
      const drained = (): boolean => world.till.drained;
      for (let round = 0; round < 400 && !drained(); round++) {
        if (world.till.state === "waiting") world.connect();
        world.exchange();
        if (!drained()) world.wait(1_000);
        if (world.till.state === "connecting") world.loseLine();
      }
      expect(world.till.drained).toBe(true);
      expect(world.shard).toHaveLength(world.head);
      // Nobody waits for an answer for ever: each question is sent and given up, or given up at once.
      world.loseLine();
      for (const command of world.log) {
        if (command.type === "send" && command.message.t === "find_receipt") {
          asked.set(command.message.id, (asked.get(command.message.id) ?? 0) + 1);
        }
        if (command.type === "unanswered") asked.set(command.id, (asked.get(command.id) ?? 0) - 1);
      }
      for (const open of asked.values()) expect(open).toBeLessThanOrEqual(0);
    }),
    { numRuns: 300 },
  );
});
