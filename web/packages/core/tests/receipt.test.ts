/** Receipt numbers and codes, the Saudi tax code, and PIN hashes as text. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  fromBase64,
  fromUtf8,
  parsePhc,
  parsePrinted,
  parseReceipt,
  parseReceiptQr,
  printReference,
  receiptNumber,
  receiptQr,
  taxQr,
} from "../src/index";

const TILL = { branchId: 3, branchCode: "KW01", deviceId: 7, deviceCode: "T01" };
const own = { branch: 3, device: 7, seq: 17 };

describe("a receipt's number", () => {
  it("is found as printed, in numbers, and by its last part at its own till", () => {
    expect(receiptNumber("KW01", "T01", 17)).toBe("KW01-T01-17");
    for (const text of ["KW01-T01-17", " kw01-t01-17 ", "17", "3-7-17", "٣-٧-١٧", "١٧"]) {
      expect(parseReceipt(text, TILL), text).toEqual(own);
    }
    expect(parseReceipt("9-8-7", TILL)).toEqual({ branch: 9, device: 8, seq: 7 });
    for (const text of [
      "",
      "KW02-T01-17",
      "0",
      "3-0-17",
      "3-7",
      "-17",
      "3-7-17-1",
      "99999999999999",
      "3-9999999999-1",
    ]) {
      expect(parseReceipt(text, TILL), text).toBeNull();
    }
  });

  it("of any till is known as one by its form", () => {
    expect(parsePrinted(" kwc-t14-14 ")).toBe("KWC-T14-14");
    expect(parsePrinted("KWC-T14-١٤")).toBe("KWC-T14-14");
    for (const text of ["3-7-17", "KWC-T14", "KWC-T14-", "KWC-14-14", "KWC-T14-1-2", "K-T1-1", ""]) {
      expect(parsePrinted(text), text).toBeNull();
    }
  });

  it("comes back from its QR code", () => {
    const number = fc.integer({ min: 1, max: 2 ** 31 - 1 });
    const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
    fc.assert(
      fc.property(number, number, fc.integer({ min: 1, max: 2 ** 46 }), hash, (branch, device, seq, hex) => {
        const reference = { branch, device, seq };
        const text = receiptQr(reference, hex);
        expect(parseReceiptQr(text)).toEqual({ reference, hash: hex.slice(0, 8) });
        expect(parseReceipt(printReference(reference), TILL)).toEqual(reference);
      }),
    );
    expect(receiptQr(own, "0A1B2C3D4E")).toBe("octonext:r1:3-7-17:0a1b2c3d");
    for (const text of [
      "octonext:r1:3-7-17",
      "octonext:r2:3-7-17:0a1b2c3d",
      "octonext:r1:0-7-17:0a1b2c3d",
      "x",
    ]) {
      expect(parseReceiptQr(text), text).toBeNull();
    }
  });
});

describe("the Saudi tax code", () => {
  it("is that of ZATCA's own example", () => {
    const example = { sellerName: "Bobs Records", vatNumber: "310122393500003", at: "2022-04-25T15:30:00Z" };
    expect(taxQr({ ...example, total: 100_000, tax: 15_000, currency: "SAR" })).toBe(
      "AQxCb2JzIFJlY29yZHMCDzMxMDEyMjM5MzUwMDAwMwMUMjAyMi0wNC0yNVQxNTozMDowMFoEBzEwMDAuMDAFBjE1MC4wMA==",
    );
  });

  it("holds a long name up to a whole character", () => {
    const bytes = fromBase64(
      taxQr({ sellerName: "ش".repeat(200), vatNumber: "3", at: "x", total: 1, tax: 0, currency: "SAR" }),
    );
    if (bytes === null) throw new Error("no base64");
    expect([bytes[0], bytes[1]]).toEqual([1, 254]);
    expect(fromUtf8(bytes.subarray(2, 256))).toBe("ش".repeat(127));
    expect([bytes[256], bytes[257]]).toEqual([2, 1]);
  });
});

describe("a PIN's hash", () => {
  it("is read from its text", () => {
    const text =
      "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    expect(parsePhc(text)).toEqual({
      memoryKib: 19_456,
      time: 2,
      lanes: 1,
      salt: Uint8Array.from({ length: 16 }, (_, at) => at),
      hash: new Uint8Array(32),
    });
    const swaps: [string, string][] = [
      ["argon2id", "argon2i"],
      ["v=19", "v=16"],
      ["m=19456", "m=999999"],
      ["m=19456", "m=7"],
      ["t=2", "t=0"],
      ["t=2", "t=99"],
      ["p=1", "p=0"],
      ["AAEC", "A*EC"],
      ["ODw$", "ODx$"],
    ];
    for (const [from, to] of swaps) expect(parsePhc(text.replace(from, to)), to).toBeNull();
  });
});
