/** ESC/POS bytes are the ones in the printers' manuals. */
import { describe, expect, it } from "vitest";
import {
  BAND_ROWS_MAX,
  bitmapOf,
  cut,
  drawerBytes,
  drawerPulse,
  feed,
  initialise,
  raster,
  receiptBytes,
} from "../src/printing/escpos";

function pixels(...greys: number[]): Uint8ClampedArray {
  return new Uint8ClampedArray(greys.flatMap((grey) => [grey, grey, grey, 255]));
}

describe("commands", () => {
  it("are those of the printer's manual", () => {
    expect([...initialise()]).toEqual([0x1b, 0x40]);
    expect([...feed(3)]).toEqual([0x1b, 0x64, 3]);
    expect([...cut()]).toEqual([0x1d, 0x56, 66, 0]);
    expect([...drawerPulse()]).toEqual([0x1b, 0x70, 0, 25, 125]);
    expect([...drawerPulse(1)]).toEqual([0x1b, 0x70, 1, 25, 125]);
    expect([...drawerBytes()]).toEqual([0x1b, 0x40, 0x1b, 0x70, 0, 25, 125]);
  });

  it("keep a count within its byte", () => {
    expect([...feed(1000)]).toEqual([0x1b, 0x64, 255]);
    expect([...feed(-1)]).toEqual([0x1b, 0x64, 0]);
  });
});

describe("a picture", () => {
  it("has black dots where it is dark, the first dot in the highest bit", () => {
    const bitmap = bitmapOf(pixels(0, 255, 255, 0, 255, 255, 255, 255, 0, 255), 10, 1);
    expect([...bitmap.bytes]).toEqual([0b1001_0000, 0b1000_0000]);
  });

  it("has paper where it is transparent", () => {
    const bitmap = bitmapOf(new Uint8ClampedArray([0, 0, 0, 0, 0, 0, 0, 255]), 2, 1);
    expect([...bitmap.bytes]).toEqual([0b0100_0000]);
  });

  it("names its bytes per row and its rows, low byte first", () => {
    const bitmap = { width: 576, height: 2, bytes: new Uint8Array(144).fill(0xaa) };
    const bytes = raster(bitmap);
    expect([...bytes.subarray(0, 8)]).toEqual([0x1d, 0x76, 0x30, 0, 72, 0, 2, 0]);
    expect(bytes.length).toBe(8 + 144);
    expect(bytes[8]).toBe(0xaa);
  });

  it("goes out in bands that a small printer can buffer, without losing a row", () => {
    const height = BAND_ROWS_MAX * 2 + 5;
    const source = Uint8Array.from({ length: height * 48 }, (_, at) => at % 251);
    const bytes = raster({ width: 384, height, bytes: source });
    const rows: number[] = [];
    const seen: number[] = [];
    for (let at = 0; at < bytes.length;) {
      expect([...bytes.subarray(at, at + 4)]).toEqual([0x1d, 0x76, 0x30, 0]);
      const count = (bytes[at + 6] ?? 0) + 256 * (bytes[at + 7] ?? 0);
      rows.push(count);
      seen.push(...bytes.subarray(at + 8, at + 8 + count * 48));
      at += 8 + count * 48;
    }
    expect(rows).toEqual([BAND_ROWS_MAX, BAND_ROWS_MAX, 5]);
    expect(seen).toEqual([...source]);
  });

  it("is refused when its bytes do not fit its size", () => {
    expect(() => raster({ width: 8, height: 2, bytes: new Uint8Array(1) })).toThrow(RangeError);
  });
});

it("a receipt opens the drawer first when it should, and ends with the cut", () => {
  const bitmap = { width: 8, height: 1, bytes: Uint8Array.of(0xff) };
  const paid = [...receiptBytes(bitmap, { openDrawer: true })];
  expect(paid.slice(0, 7)).toEqual([0x1b, 0x40, 0x1b, 0x70, 0, 25, 125]);
  expect(paid.slice(-4)).toEqual([0x1d, 0x56, 66, 0]);
  const copy = [...receiptBytes(bitmap, { openDrawer: false })];
  expect(copy.slice(0, 5)).toEqual([0x1b, 0x40, 0x1d, 0x76, 0x30]);
});
