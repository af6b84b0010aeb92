/** Images and their segments: many pieces come back in their order, also those that were fetched before a PIN. */
import { beforeEach, describe, expect, it } from "vitest";

import { CHUNK_BYTES } from "../src/images";
import { Machine } from "./machine";
import { newShop, opened, PERSON, PIN, type Shop } from "./shop";

/** More than are read at once. */
const SEGMENTS = 21;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (written: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(new TextEncoder().encode(written));

let machine: Machine;
let shop: Shop;

beforeEach(async () => {
  machine = new Machine();
  shop = await newShop(machine.boot());
});

async function store(from: number, count: number): Promise<void> {
  for (let number = from; number < from + count; number++) {
    await shop.storage.images.storeDelta({
      feed: "reference",
      cursor: String(number),
      segments: [{ image: "goods", bytes: bytes(`segment ${number}`) }],
    });
  }
}

/** As when a disk rots. */
async function lose(place: number): Promise<void> {
  const opening = machine.factory.open("octonext-till");
  const database = await done(opening);
  await done(
    database.transaction("segments", "readwrite").objectStore("segments").delete(["goods", 0, place]),
  );
  database.close();
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(new Error("the database does not answer"));
    };
  });
}

const names = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, number) => `segment ${from + number}`);

describe("an image", () => {
  it("of many chunks comes back whole, with the segments after it in their order", async () => {
    const large = crypto.getRandomValues(new Uint8Array(65_536));
    const part = new Uint8Array(9 * CHUNK_BYTES + 5);
    for (let at = 0; at < part.length; at += large.length) part.set(large.subarray(0, part.length - at), at);
    await store(1, 2);
    await shop.storage.images.replace({ image: "goods", parts: [part, bytes(""), bytes("end")], through: 2 });
    await store(3, SEGMENTS);
    const { image, segments, through } = await shop.storage.images.read("goods");
    expect(image?.map((each) => each.length)).toEqual([part.length, 0, 3]);
    expect(Buffer.from(image?.[0] ?? []).equals(Buffer.from(part))).toBe(true);
    expect(segments.map(text)).toEqual(names(3, SEGMENTS));
    expect(through).toBe(2 + SEGMENTS);
  });

  it("is refused when a piece of it is missing", async () => {
    await store(1, SEGMENTS);
    await lose(12);
    await expect(shop.storage.images.read("goods")).rejects.toThrow("storage_failed");
  });
});

describe("what is fetched while the till is locked", () => {
  async function locked(): Promise<Shop["storage"]> {
    shop.storage.close();
    const found = await opened(machine.boot(), "ready");
    return found.storage;
  }

  it("is opened once somebody unlocked it, and needs the database no more", async () => {
    await shop.storage.images.replace({ image: "goods", parts: [bytes("image")], through: 0 });
    await store(1, SEGMENTS);
    const storage = await locked();
    storage.images.prefetch("goods");
    await expect(storage.images.read("goods")).rejects.toThrow("locked");
    storage.images.prefetch("goods");
    await storage.vault.unlock({ code: PERSON.code, pin: PIN });
    // Images take turns: when this is done, so is fetching.
    await storage.images.clear({ feed: "another", images: [] });
    await lose(12);
    const { image, segments } = await storage.images.read("goods");
    expect(image?.map(text)).toEqual(["image"]);
    expect(segments.map(text)).toEqual(names(1, SEGMENTS));
  });

  it("is read again when more came in between", async () => {
    await store(1, 2);
    const storage = await locked();
    storage.images.prefetch("goods");
    await storage.vault.unlock({ code: PERSON.code, pin: PIN });
    shop = { ...shop, storage };
    await store(3, 1);
    const { segments, through } = await storage.images.read("goods");
    expect(segments.map(text)).toEqual(names(1, 3));
    expect(through).toBe(3);
  });
});
