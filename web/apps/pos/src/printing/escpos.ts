/** The bytes of an ESC/POS printer: a picture, a cut and the pulse that opens the drawer. No device here. */

/** One bit per dot, rows padded to whole bytes, 1 is black: the form that `GS v 0` takes. */
export interface Bitmap {
  width: number;
  height: number;
  bytes: Uint8Array;
}

const ESC = 0x1b;
const GS = 0x1d;

/** Printers buffer a band before they print it; cheap ones have 4 to 64 KiB, and 80 mm are 72 bytes a row. */
export const BAND_ROWS_MAX = 128;

/** `ESC @`: forgets what another program left behind. */
export function initialise(): Uint8Array {
  return Uint8Array.of(ESC, 0x40);
}

/** `ESC d n`: feeds n lines, so that the cut falls below the last printed row. */
export function feed(lines: number): Uint8Array {
  return Uint8Array.of(ESC, 0x64, within(lines, 0, 255));
}

/** `GS V 66 n`: feeds to the knife and n dots more, then cuts, leaving one point. */
export function cut(): Uint8Array {
  return Uint8Array.of(GS, 0x56, 66, 0);
}

/** `ESC p m t1 t2`: 50 ms on, 250 ms off (units of 2 ms) on the drawer's first pin, or its second. */
export function drawerPulse(pin: 0 | 1 = 0): Uint8Array {
  return Uint8Array.of(ESC, 0x70, pin, 25, 125);
}

/** `GS v 0`: the picture in bands, each with its own header. */
export function raster(bitmap: Bitmap): Uint8Array {
  const rowBytes = Math.ceil(bitmap.width / 8);
  if (bitmap.bytes.length !== rowBytes * bitmap.height)
    throw new RangeError(
      `a bitmap of ${bitmap.width} x ${bitmap.height} has ${rowBytes * bitmap.height} bytes`,
    );
  const bands: Uint8Array[] = [];
  for (let row = 0; row < bitmap.height; row += BAND_ROWS_MAX) {
    const rows = Math.min(BAND_ROWS_MAX, bitmap.height - row);
    bands.push(
      Uint8Array.of(GS, 0x76, 0x30, 0, rowBytes & 0xff, rowBytes >> 8, rows & 0xff, rows >> 8),
      bitmap.bytes.subarray(row * rowBytes, (row + rows) * rowBytes),
    );
  }
  return joined(bands);
}

/** A whole receipt; the drawer opens first, so that the cashier counts change while it prints. */
export function receiptBytes(bitmap: Bitmap, { openDrawer }: { openDrawer: boolean }): Uint8Array {
  return joined([initialise(), ...(openDrawer ? [drawerPulse()] : []), raster(bitmap), feed(1), cut()]);
}

/** Only the pulse, for "open drawer". */
export function drawerBytes(): Uint8Array {
  return joined([initialise(), drawerPulse()]);
}

/** A dot is black where the picture is darker than this: receipts are black on white, edges are grey. */
const DARK_MAX = 140;

/** Canvas pixels (RGBA, four bytes each) as dots. What is transparent is paper. */
export function bitmapOf(rgba: Uint8ClampedArray, width: number, height: number): Bitmap {
  const rowBytes = Math.ceil(width / 8);
  const bytes = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      const alpha = rgba[at + 3] ?? 0;
      const grey = ((rgba[at] ?? 0) * 299 + (rgba[at + 1] ?? 0) * 587 + (rgba[at + 2] ?? 0) * 114) / 1000;
      const seen = (grey * alpha + 255 * (255 - alpha)) / 255;
      if (seen < DARK_MAX) {
        const byte = y * rowBytes + (x >> 3);
        bytes[byte] = (bytes[byte] ?? 0) | (0x80 >> (x & 7));
      }
    }
  }
  return { width, height, bytes };
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.trunc(value)));
}
