/** A shop's reference feed out of a seed: as many products as wanted, with names in English and Arabic. */
import type { Row } from "../src/rows";

const GOODS: readonly (readonly [string, string])[] = [
  ["Milk", "حليب"],
  ["Chocolate", "شوكولاتة"],
  ["Rice", "أرز"],
  ["Coffee", "قهوة"],
  ["Tea", "شاي"],
  ["Sugar", "سكر"],
  ["Cheese", "جبنة"],
  ["Yoghurt", "زبادي"],
  ["Juice", "عصير"],
  ["Water", "مياه"],
  ["Shampoo", "شامبو"],
  ["Soap", "صابون"],
  ["Detergent", "منظف"],
  ["Tissues", "مناديل"],
  ["Dates", "تمور"],
  ["Honey", "عسل"],
  ["Olive Oil", "زيت زيتون"],
  ["Chicken", "دجاج"],
  ["Beef", "لحم بقري"],
  ["Tuna", "تونة"],
  ["Bread", "خبز"],
  ["Biscuits", "بسكويت"],
  ["Toothpaste", "معجون أسنان"],
  ["Batteries", "بطاريات"],
  ["Notebook", "دفتر"],
  ["Crème Brûlée", "كريم بروليه"],
];
const KINDS: readonly (readonly [string, string])[] = [
  ["Fresh", "طازج"],
  ["Full Cream", "كامل الدسم"],
  ["Low Fat", "قليل الدسم"],
  ["Organic", "عضوي"],
  ["Family Pack", "عبوة عائلية"],
  ["Classic", "كلاسيك"],
  ["Strawberry", "بالفراولة"],
  ["Vanilla", "بالفانيلا"],
  ["Mint", "بالنعناع"],
  ["Extra", "إكسترا"],
  ["Premium", "ممتاز"],
  ["Spicy", "حار"],
];
const SIZES = ["250ml", "500 ml", "1L", "1.5 L", "100g", "250 g", "500g", "1 kg", "2kg", "6x200ml", "12 pcs"];
const SYLLABLES =
  "al ba ca da el fa go ha in ja ko la mi no or pa qu ri sa ta un va wi xo ya zu ber dar mon sel".split(" ");
const ARABIC_SYLLABLES =
  "با تا جي حو دا را زي سا شو صا ضي طا عا غا فا قا كو لا مي نو ها وي يا مر سن لب".split(" ");
const BRANDS = 4_000;
const CATEGORIES = 120;

/** A small deterministic generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const idOf = (kind: number, number: number): string =>
  `01900000-000${kind}-7000-8000-${number.toString(16).padStart(12, "0")}`;

export const gtinOf = (number: number): string => {
  const digits = `628${number.toString().padStart(9, "0")}`;
  let sum = 0;
  for (let at = 0; at < 12; at++) sum += Number(digits[at]) * (at % 2 === 0 ? 1 : 3);
  return digits + String((10 - (sum % 10)) % 10);
};

const pick = <T>(random: () => number, from: readonly T[], otherwise: T): T =>
  from[Math.floor(random() * from.length)] ?? otherwise;

function brand(random: () => number): readonly [string, string] {
  const count = 2 + Math.floor(random() * 2);
  let [latin, arabic] = ["", random() < 0.3 ? "ال" : ""];
  for (let at = 0; at < count; at++) {
    latin += pick(random, SYLLABLES, "");
    arabic += pick(random, ARABIC_SYLLABLES, "");
  }
  return [latin.charAt(0).toUpperCase() + latin.slice(1), arabic];
}

/** The whole feed in the order in which head office would send it. */
export function* shopRows(products: number, seed = 7): Generator<Row> {
  const random = seeded(seed);
  const brands = Array.from({ length: BRANDS }, () => brand(random));
  const region = { currency: "KWD", time_zone: "Asia/Kuwait", jurisdiction: "KW" };
  yield row("region", "1", { region_id: 1, code: "KW", name_en: "Kuwait", name_ar: "الكويت", ...region });
  const branch = {
    branch_id: 3,
    code: "KW01",
    name_en: "Main",
    name_ar: "الرئيسي",
    region_id: 1,
    shard_id: "kw-1",
  };
  yield row("branch", "3", { ...branch, ...region, active: true });
  for (let number = 1; number <= CATEGORIES; number++) {
    const parent = number > 20 ? idOf(2, 1 + (number % 20)) : null;
    const names = { name_en: `Category ${number}`, name_ar: `فئة ${number}` };
    yield row("category", idOf(2, number), { category_id: idOf(2, number), parent_id: parent, ...names });
  }
  const list = {
    name: "Prices",
    region_id: 1,
    branch_id: null,
    currency: "KWD",
    tax_inclusive: true,
    priority: 0,
  };
  yield row("price_list", idOf(3, 1), { price_list_id: idOf(3, 1), ...list });
  for (let number = 1; number <= products; number++) {
    const [brandEn, brandAr] = pick(random, brands, ["", ""]);
    const [goodsEn, goodsAr] = pick(random, GOODS, ["", ""]);
    const [kindEn, kindAr] = pick(random, KINDS, ["", ""]);
    const size = pick(random, SIZES, "");
    yield row("product", idOf(1, number), {
      product_id: idOf(1, number),
      sku: `P${String(number).padStart(6, "0")}`,
      name_en: `${brandEn} ${kindEn} ${goodsEn} ${size}`,
      name_ar: `${goodsAr} ${brandAr} ${kindAr} ${size}`,
      unit: random() < 0.05 ? "kg" : "piece",
      category_id: idOf(2, 1 + Math.floor(random() * CATEGORIES)),
      tax_class: "standard",
      barcodes: random() < 0.1 ? [gtinOf(number), `K${number}`] : [gtinOf(number)],
      active: random() < 0.98,
    });
  }
  for (let number = 1; number <= products; number++) {
    const [valid_from, valid_until] = ["2026-01-01", null];
    const amount = 100 + Math.floor(random() * 20_000);
    const named = { price_list_id: idOf(3, 1), product_id: idOf(1, number), valid_from };
    yield row("price", `${idOf(3, 1)}:${idOf(1, number)}:${valid_from}`, {
      ...named,
      amount,
      currency: "KWD",
      valid_until,
    });
  }
}

const row = (kind: string, key: string, value: Record<string, unknown>): Row => ({ kind, key, value });

/** Batches as deltas bring them. */
export function* inBatches(rows: Iterable<Row>, size: number): Generator<Row[]> {
  let batch: Row[] = [];
  for (const each of rows) {
    batch.push(each);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
