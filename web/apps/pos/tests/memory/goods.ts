/** What the till in memory sells, and to whom. */
import type { Category, Customer, ProductHit } from "@octonext/engine/api";

type Listed = [
  sku: string,
  en: string,
  ar: string,
  price: number | null,
  unit: "piece" | "kg",
  category: string,
];

const PRODUCTS: Listed[] = [
  ["1001", "Full cream milk 1 l", "حليب كامل الدسم ١ لتر", 450, "piece", "dairy"],
  ["1002", "Laban 500 ml", "لبن ٥٠٠ مل", 250, "piece", "dairy"],
  ["1003", "White cheese", "جبنة بيضاء", 2_750, "kg", "dairy"],
  ["2001", "Flat bread, 5 pieces", "خبز عربي ٥ قطع", 150, "piece", "bakery"],
  ["2002", "Croissant", "كرواسون", 350, "piece", "bakery"],
  ["3001", "Bananas", "موز", 590, "kg", "fruit"],
  ["3002", "Tomatoes", "طماطم", 425, "kg", "fruit"],
  ["3003", "Medjool dates, gift box 800 g", "تمر مجدول علبة هدية ٨٠٠ غ", 6_900, "piece", "fruit"],
  ["4001", "Cardamom coffee 250 g", "قهوة بالهيل ٢٥٠ غ", 2_150, "piece", "drinks"],
  ["4002", "Water 6 x 1.5 l", "ماء ٦ × ١٫٥ لتر", 995, "piece", "drinks"],
  ["4003", "Black tea, 100 bags", "شاي أسود ١٠٠ كيس", 1_350, "piece", "drinks"],
  ["5001", "Washing powder 6 kg", "مسحوق غسيل ٦ كجم", 4_990, "piece", "household"],
  ["5002", "Lamp without a price", "مصباح بلا سعر", null, "piece", "household"],
];

const GROUPS = [
  ["dairy", "Dairy", "ألبان"],
  ["bakery", "Bakery", "مخبوزات"],
  ["fruit", "Fruit & vegetables", "فواكه وخضار"],
  ["drinks", "Drinks", "مشروبات"],
  ["household", "Household", "منزل"],
] as const;

/** Every second product is a favourite. */
export function products(): ProductHit[] {
  return PRODUCTS.map(([sku, en, ar, price, unit, categoryId], at) => ({
    id: sku,
    sku,
    name: { en, ar },
    unit,
    barcode: `628100704${sku}`,
    price,
    taxInclusive: true,
    categoryId,
    favourite: at % 2 === 0,
  }));
}

export function categories(): Category[] {
  return GROUPS.map(([id, en, ar]) => ({ id, parentId: null, name: { en, ar }, products: 3 }));
}

export function customers(): Customer[] {
  return [
    { id: "c1", name: "Noura Test", phone: "+965 5550 0101", email: null, vatNumber: null, note: null },
    {
      id: "c2",
      name: "شركة تجربة",
      phone: "+965 5550 0102",
      email: null,
      vatNumber: "300000000000003",
      note: "—",
    },
  ];
}
