/**
 * The catalogue image: every product and price as columns of numbers and one blob of text, used in place.
 * Loading it is laying typed arrays over the buffers that storage decrypted; nothing is parsed but a small
 * directory. See docs/decisions/0023-catalogue-image.md.
 *
 * Products have ordinals, in the order of their sort keys and then ids, so that an ordinal is a rank.
 * Numbers are in the byte order of the machine, because an image never leaves it.
 */
import type { Row } from "./rows";

/** Rises with every change of the columns' meaning and of `words.ts`: an image of another format is refused. */
export const IMAGE_FORMAT = 1;

/** The flags of a product. */
export const ACTIVE = 1;
export const BY_WEIGHT = 2;
/** No product: only its id, because prices came before it or outlived it. */
export const ABSENT = 4;

const COLUMN_TYPES = {
  /** Four words each. */
  ids: Uint32Array,
  /** Ordinals, sorted by id. */
  byId: Uint32Array,
  /** UTF-8 of English name, Arabic name and SKU, product by product. */
  text: Uint8Array,
  /** Three per product, and the end. */
  textStart: Uint32Array,
  flags: Uint8Array,
  /** Letters of the sort key: shorter names come first. */
  letters: Uint16Array,
  /** Into `tables.taxClasses` and `tables.categories`; category 0 is none, the first is 1. */
  taxClass: Uint32Array,
  category: Uint32Array,
  /** Ordinals, sorted by the key of their SKU, then by id. */
  bySku: Uint32Array,
  /** Each product's slots in the columns of codes, and the end. */
  codeStart: Uint32Array,
  /** The ordinal that has the slot. */
  codeOwner: Uint32Array,
  /** A GTIN as a number, or -(n + 1) for the n-th own code. */
  codeValue: Float64Array,
  /** How many digits the GTIN was given with, 0 for an own code. */
  codeDigits: Uint8Array,
  /** Slots, sorted by value, then by product. */
  byCode: Uint32Array,
  /** UTF-16 of the own codes, sorted, and where each starts, and the end. */
  ownCode: Uint16Array,
  ownCodeStart: Uint32Array,
  /** Each product's places in the columns of prices, and the end. */
  priceStart: Uint32Array,
  /** Into `tables.lists` and `tables.currencies`. */
  priceList: Uint32Array,
  priceCurrency: Uint32Array,
  priceAmount: Float64Array,
  priceFrom: Uint32Array,
  priceUntil: Uint32Array,
  /** UTF-16 of the index's words, sorted by unit, and where each starts, and the end. */
  word: Uint16Array,
  wordStart: Uint32Array,
  /** How many letters a word has in common with the one before it. */
  wordShared: Uint8Array,
  /** Ordinals of the products that have the word, and where each word's start, and the end. */
  found: Uint32Array,
  foundStart: Uint32Array,
} as const;

type Types = typeof COLUMN_TYPES;
export type Columns = { readonly [Name in keyof Types]: InstanceType<Types[Name]> };

export interface Tables {
  readonly categories: readonly string[];
  readonly taxClasses: readonly string[];
  readonly lists: readonly string[];
  readonly currencies: readonly string[];
}

export interface Image extends Columns {
  /** Ordinals there are, absent ones among them. */
  readonly size: number;
  readonly tables: Tables;
}

/** Bytes that fill their buffer. */
export type Part = Uint8Array<ArrayBuffer>;

/** Not an image, one of another format, or damaged: ask for the feed from its beginning. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

interface Directory {
  format: number;
  size: number;
  tables: Tables;
  small: Row[];
  columns: Record<string, { length: number; sum: number }>;
}

const NAMES = Object.keys(COLUMN_TYPES) as (keyof Types)[];

export function emptyImage(): Image {
  const starts = ["textStart", "codeStart", "ownCodeStart", "priceStart", "wordStart", "foundStart"];
  const columns = NAMES.map((name) => [name, new COLUMN_TYPES[name](starts.includes(name) ? 1 : 0)]);
  const tables = { categories: [], taxClasses: [], lists: [], currencies: [] };
  return { ...(Object.fromEntries(columns) as Columns), size: 0, tables };
}

/** The image as parts: a directory and one per column, whose bytes are those in use and must not be changed. */
export function writeImage(image: Image, small: Row[]): Part[] {
  const columns: Directory["columns"] = {};
  const parts: Part[] = [];
  for (const name of NAMES) {
    const column = image[name];
    const part = new Uint8Array(bufferOf(column));
    columns[name] = { length: column.length, sum: checksum(part.buffer) };
    parts.push(part);
  }
  const directory: Directory = {
    format: IMAGE_FORMAT,
    size: image.size,
    tables: image.tables,
    small,
    columns,
  };
  return [Uint8Array.from(new TextEncoder().encode(JSON.stringify(directory))), ...parts];
}

/**
 * Lays an image over parts that `writeImage` made, without copying those that fill their buffer. Raises
 * ImageError.
 */
export function readImage(parts: readonly Uint8Array[]): { image: Image; small: Row[] } {
  const [first, ...rest] = parts.map(bufferOf);
  if (first === undefined || rest.length !== NAMES.length) throw new ImageError("not all parts are there");
  const directory = readDirectory(first);
  const columns = NAMES.map((name, place) => {
    const buffer = rest[place] ?? new ArrayBuffer(0);
    const { length, sum } = directory.columns[name] ?? { length: -1, sum: 0 };
    const type = COLUMN_TYPES[name];
    if (buffer.byteLength !== length * type.BYTES_PER_ELEMENT)
      throw new ImageError(`${name} has another size`);
    if (checksum(buffer) !== sum) throw new ImageError(`${name} is damaged`);
    return [name, new type(buffer)];
  });
  const image = {
    ...(Object.fromEntries(columns) as Columns),
    size: directory.size,
    tables: directory.tables,
  };
  checkSizes(image);
  return { image, small: directory.small };
}

function readDirectory(buffer: ArrayBuffer): Directory {
  let directory: Partial<Directory> | null;
  try {
    directory = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(buffer),
    ) as Partial<Directory> | null;
  } catch {
    throw new ImageError("the directory is unreadable");
  }
  if (directory?.format !== IMAGE_FORMAT) throw new ImageError("another format");
  const { size, tables, small, columns } = directory;
  if (size === undefined || tables === undefined || small === undefined || columns === undefined) {
    throw new ImageError("the directory is incomplete");
  }
  return { format: IMAGE_FORMAT, size, tables, small, columns };
}

/** What the sums cannot show: that the columns belong together. */
function checkSizes(image: Image): void {
  const { size, codeValue, priceList, wordStart } = image;
  const perProduct = [image.byId, image.flags, image.letters, image.taxClass, image.category, image.bySku];
  const perCode = [image.codeOwner, image.codeDigits, image.byCode];
  const perPrice = [image.priceCurrency, image.priceAmount, image.priceFrom, image.priceUntil];
  const isWhole =
    perProduct.every((column) => column.length === size) &&
    image.ids.length === 4 * size &&
    image.textStart.length === 3 * size + 1 &&
    image.codeStart.length === size + 1 &&
    image.priceStart.length === size + 1 &&
    perCode.every((column) => column.length === codeValue.length) &&
    perPrice.every((column) => column.length === priceList.length) &&
    image.foundStart.length === wordStart.length &&
    image.wordShared.length === wordStart.length - 1 &&
    image.textStart.at(-1) === image.text.length &&
    image.codeStart.at(-1) === codeValue.length &&
    image.priceStart.at(-1) === priceList.length &&
    image.ownCodeStart.at(-1) === image.ownCode.length &&
    image.foundStart.at(-1) === image.found.length &&
    wordStart.at(-1) === image.word.length;
  if (!isWhole) throw new ImageError("the columns do not belong together");
}

function bufferOf(column: Columns[keyof Columns] | Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = column;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) return buffer;
  return Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}

/**
 * Tells a damaged or mixed-up buffer from the one that was written; it keeps nobody out, that is what the
 * encryption around it does. By words of 32 bits, because it is part of every cold start.
 */
export function checksum(buffer: ArrayBuffer): number {
  const words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
  let sum = buffer.byteLength | 0;
  for (let at = 0; at < words.length; at++) {
    sum = Math.imul(sum ^ (words[at] ?? 0), 0x9e3779b1);
    sum ^= sum >>> 15;
  }
  for (const byte of new Uint8Array(buffer, words.byteLength)) sum = Math.imul(sum ^ byte, 0x9e3779b1);
  return sum >>> 0;
}
