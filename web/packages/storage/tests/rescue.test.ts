import { utf8, type Bytes } from "@octonext/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Rescue } from "../src/api";
import { crc32 } from "../src/crc32";
import { joinQrParts, PARTS_MAX, QrCollector, splitForQr } from "../src/qr-parts";
import { decodeRescue, encodeRescue } from "../src/rescue";

const bytes = (min: number, max: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((each) => Uint8Array.from(each));
const id = fc.uuid();
const rescues: fc.Arbitrary<Rescue> = fc.record({
  device: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  branch: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  pushes: fc.array(
    fc.record({
      first: fc.integer({ min: 1, max: 2 ** 40 }),
      prev: bytes(32, 32),
      entries: fc.array(fc.record({ keyId: id, hash: bytes(32, 32), ciphertext: bytes(1, 300) }), {
        minLength: 1,
        maxLength: 4,
      }),
      keys: fc.array(fc.record({ id, forShard: bytes(126, 126) }), { maxLength: 2 }),
      signature: bytes(64, 64),
    }),
    { maxLength: 5 },
  ),
});

describe("a rescue file", () => {
  it("gives back what was put in, and through QR codes in any order too", async () => {
    await fc.assert(
      fc.asyncProperty(
        rescues,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (rescue, dice) => {
          const file = encodeRescue(rescue);
          expect(decodeRescue(file)).toEqual(rescue);
          const parts = (await splitForQr(file)).map((part) => ({ part, order: Number(dice.next().value) }));
          for (const { part } of parts) expect(part).toMatch(/^[0-9A-Z $%*+\-./:]+$/);
          parts.sort((one, other) => one.order - other.order);
          expect(await joinQrParts(parts.map(({ part }) => part))).toEqual(file);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("says clearly what is wrong with anything else", () => {
    const file = encodeRescue({ device: 7, branch: 3, pushes: [] });
    expect(() => decodeRescue(utf8("hello"))).toThrow("first line cannot be read");
    expect(() => decodeRescue(utf8('{"format":"other"}\n'))).toThrow("no rescue file");
    expect(() => decodeRescue(file.slice(0, -9))).toThrow("cut off");
    expect(() => decodeRescue(Uint8Array.of(0xff, 0xfe))).toThrow("no text");
    const changed = file.slice();
    changed[changed.indexOf(0x37)] = 0x38;
    expect(() => decodeRescue(changed)).toThrow("check sum");
  });

  it("never breaks on garbage", () => {
    fc.assert(
      fc.property(rescues, fc.nat(), fc.integer({ min: 1, max: 255 }), (rescue, place, flip) => {
        const file = encodeRescue(rescue);
        file[place % file.length] = (file[place % file.length] ?? 0) ^ flip;
        expect(() => decodeRescue(file)).toThrow("damaged_file");
      }),
      { numRuns: 200 },
    );
  });

  it("has no QR codes when there would be too many of them", async () => {
    const random = new Uint8Array(600 * (PARTS_MAX + 2));
    for (let at = 0; at < random.length; at += 65_536)
      crypto.getRandomValues(random.subarray(at, at + 65_536));
    expect(await splitForQr(random)).toEqual([]);
  });
});

describe("QR codes", () => {
  it("that were misread, or belong elsewhere, are refused, and missing ones are named", async () => {
    const random = crypto.getRandomValues(new Uint8Array(1500));
    const [first, second, third] = await splitForQr(random);
    const [strange] = await splitForQr(crypto.getRandomValues(new Uint8Array(100)));
    if (first === undefined || second === undefined || third === undefined || strange === undefined)
      throw new Error();
    const collector = new QrCollector();
    expect(collector.add(third)).toEqual({ have: 1, total: 3 });
    expect(collector.add(third)).toEqual({ have: 1, total: 3 });
    expect(() => collector.add(strange)).toThrow("another rescue");
    expect(() => collector.add("https://example.com")).toThrow("no part");
    expect(() => collector.add(first.slice(0, -3) + "000")).toThrow("misread");
    collector.add(first);
    expect(collector.missing()).toEqual([2]);
    await expect(collector.file()).rejects.toThrow("parts 2 are missing");
    collector.add(second);
    expect(await collector.file()).toEqual(random);
  });
});

it("CRC-32 of the check string is that of the standard", () => {
  expect(crc32(utf8("123456789"))).toBe(0xcbf43926);
});
