/** The hash chain: `spec/vectors/chain.json`; and the small forms of bytes, ids and times. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  fromBase64,
  fromHex,
  genesis,
  hybridTick,
  isUuid,
  link,
  linkAll,
  sameHash,
  toBase64,
  toHex,
  utf8,
  uuid7,
} from "../src/index";
import { hex, vectors } from "./vectors";

interface Chain {
  entries: { seq: number; prev_hash: string; bytes_utf8: string; hash: string }[];
}

describe("the chain", () => {
  it("gives the hashes of chain.json, one by one and in a row", async () => {
    const { entries } = vectors("chain") as Chain;
    for (const { prev_hash, bytes_utf8, hash } of entries) {
      expect(toHex(await link(hex(prev_hash), utf8(bytes_utf8)))).toBe(hash);
    }
    const all = await linkAll(
      genesis(),
      entries.map((each) => utf8(each.bytes_utf8)),
    );
    expect(all.map(toHex)).toEqual(entries.map((each) => each.hash));
  });

  it("changes every hash behind a changed entry", async () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(), async (written, where) => {
        const place = where % written.length;
        const changed = written.map((entry, at) => (at === place ? Uint8Array.of(...entry, 1) : entry));
        const [before, after] = await Promise.all([linkAll(genesis(), written), linkAll(genesis(), changed)]);
        for (const [at, hash] of before.entries()) {
          expect(sameHash(hash, after[at] ?? genesis())).toBe(at < place);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a previous hash of another length", async () => {
    await expect(link(new Uint8Array(31), new Uint8Array(1))).rejects.toThrow(RangeError);
  });
});

describe("bytes as text", () => {
  it("are the same after base64 and back, and as Node writes them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(text)).toEqual(Uint8Array.from(bytes));
        expect(fromHex(toHex(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });

  it.each(["A", "AA", "AAA", "AA=A", "A===", "====", "AA==AA==", "AB==", "AA A", "AAé=", "-_-_", "AAAA\n"])(
    "%j is no base64",
    (text) => {
      expect(fromBase64(text)).toBeNull();
    },
  );

  it.each(["0", "0g", "x", " 00"])("%j is no hexadecimal", (text) => {
    expect(fromHex(text)).toBeNull();
  });
});

describe("ids and times", () => {
  it("makes the UUIDv7 of RFC 9562, appendix A.6", () => {
    const random = hex("0cc318c4dc0c0c07398f");
    expect(uuid7(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  it("makes UUIDs that sort by their time", () => {
    const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    fc.assert(
      fc.property(time, time, random, random, (one, other, first, second) => {
        const made = uuid7(one, first);
        expect(isUuid(made)).toBe(true);
        if (one < other) expect(made < uuid7(other, second)).toBe(true);
      }),
    );
  });

  it("never lets hybrid time fall, nor leave what a JSON number holds", () => {
    const wall = fc.oneof(fc.integer({ min: -(10 ** 9), max: 2 ** 45 }), fc.constant(1_800_000_000_000));
    fc.assert(
      fc.property(fc.array(wall, { minLength: 1, maxLength: 20 }), (walls) => {
        let last = 0;
        for (const ms of walls) {
          const next = hybridTick(last, ms);
          expect(next).toBeGreaterThan(last);
          expect(Number.isSafeInteger(next)).toBe(true);
          last = next;
        }
      }),
    );
    expect(hybridTick(0, 1_800_000_000_000)).toBe(1_800_000_000_000 * 1024);
    expect(hybridTick(2_000_000_000_000_000, 1)).toBe(2_000_000_000_000_001);
  });
});
