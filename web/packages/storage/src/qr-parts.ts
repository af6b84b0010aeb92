/**
 * A rescue file in pieces that fit QR codes, to be scanned in any order. Each piece is text of QR's
 * alphanumeric alphabet only (Base45, RFC 9285), which makes the codes a quarter smaller than base64 would:
 * `ONR1:<file CRC>:<index>/<total>:<piece CRC>:<piece>`.
 */
import { concat, toHex, type Bytes } from "@octonext/core";

import { crc32 } from "./crc32";
import { StorageError } from "./errors";
import { uint32 } from "./pack";

/** Bytes in a piece: a code that a tablet's camera still reads off another tablet's screen. */
export const PART_BYTES = 600;
/** More codes than anybody would scan: then there is only the file. */
export const PARTS_MAX = 200;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const FORM = /^ONR1:([0-9A-F]{8}):([1-9]\d{0,2})\/([1-9]\d{0,2}):([0-9A-F]{8}):([0-9A-Z $%*+\-./:]+)$/;

/** The pieces, or none at all when there would be more than PARTS_MAX of them. */
export async function splitForQr(file: Bytes): Promise<string[]> {
  const packed = await through(file, new CompressionStream("deflate-raw"));
  const total = Math.ceil(packed.length / PART_BYTES);
  if (total > PARTS_MAX) return [];
  const whole = hex(crc32(packed));
  return Array.from({ length: total }, (_, index) => {
    const piece = packed.slice(index * PART_BYTES, (index + 1) * PART_BYTES);
    return `ONR1:${whole}:${index + 1}/${total}:${hex(crc32(piece))}:${toBase45(piece)}`;
  });
}

/** Collects pieces as they are scanned. */
export class QrCollector {
  private whole: string | null = null;
  private total = 0;
  private readonly pieces = new Map<number, Bytes>();

  /** How many are here and how many there are. Raises `damaged_file` {detail} for what is none of them. */
  add(text: string): { have: number; total: number } {
    const [, whole, index, total, crc, body] = FORM.exec(text) ?? [];
    const piece = body === undefined ? null : fromBase45(body);
    if (whole === undefined || piece === null) throw damaged("this code is no part of a rescued till");
    if (hex(crc32(piece)) !== crc || Number(index) > Number(total)) throw damaged("this code was misread");
    if (this.whole !== null && (whole !== this.whole || Number(total) !== this.total)) {
      throw damaged("this code belongs to another rescue");
    }
    this.whole = whole;
    this.total = Number(total);
    this.pieces.set(Number(index), piece);
    return { have: this.pieces.size, total: this.total };
  }

  /** The numbers of the pieces that are not here yet. */
  missing(): number[] {
    return Array.from({ length: this.total }, (_, index) => index + 1).filter(
      (index) => !this.pieces.has(index),
    );
  }

  /** The file. Raises `damaged_file` {detail} while something is missing, or does not fit. */
  async file(): Promise<Bytes> {
    const missing = this.missing();
    if (this.whole === null || missing.length > 0) throw damaged(`parts ${missing.join(", ")} are missing`);
    const ordered = [...this.pieces].sort(([one], [other]) => one - other).map(([, piece]) => piece);
    const packed = concat(...ordered);
    if (hex(crc32(packed)) !== this.whole) throw damaged("the parts do not fit together");
    try {
      return await through(packed, new DecompressionStream("deflate-raw"));
    } catch {
      throw damaged("the parts do not unpack");
    }
  }
}

/** Pieces in any order, repeated ones too. */
export async function joinQrParts(parts: Iterable<string>): Promise<Bytes> {
  const collector = new QrCollector();
  for (const part of parts) collector.add(part);
  return collector.file();
}

async function through(bytes: Bytes, stream: CompressionStream | DecompressionStream): Promise<Bytes> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

function toBase45(bytes: Bytes): string {
  let text = "";
  for (let place = 0; place < bytes.length; place += 2) {
    const pair = place + 1 < bytes.length;
    let value = pair ? (bytes[place] ?? 0) * 256 + (bytes[place + 1] ?? 0) : (bytes[place] ?? 0);
    for (let digit = 0; digit < (pair ? 3 : 2); digit++) {
      text += ALPHABET.charAt(value % 45);
      value = Math.floor(value / 45);
    }
  }
  return text;
}

function fromBase45(text: string): Bytes | null {
  if (text.length % 3 === 1) return null;
  const bytes: number[] = [];
  for (let place = 0; place < text.length; place += 3) {
    const digits = Array.from(text.slice(place, place + 3), (letter) => ALPHABET.indexOf(letter));
    const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (value > (digits.length === 3 ? 0xffff : 0xff)) return null;
    if (digits.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

function hex(value: number): string {
  return toHex(uint32(value)).toUpperCase();
}

function damaged(detail: string): StorageError {
  return new StorageError("damaged_file", { detail });
}
