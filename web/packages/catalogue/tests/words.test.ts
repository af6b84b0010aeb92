/** Spellings that people use for the same word are one to a search. */
import { describe, expect, test } from "vitest";
import { codeKey, indexWords, withoutArticle, WORD_LETTERS_MAX, wordsOf } from "../src/words";

const same = (...texts: string[]): void => {
  const [first, ...rest] = texts.map(wordsOf);
  for (const other of rest) expect(other).toEqual(first);
};

describe("Arabic", () => {
  test("diacritics and tatweel do not matter", () => {
    same("حليب", "حَلِيبٌ", "حـــليب", "حلّيب");
  });
  test("every alef is one", () => {
    same("ارز", "أرز", "إرز", "آرز", "ٱرز");
  });
  test("alef maqsura is ya, ta marbuta is ha", () => {
    same("بسمتي", "بسمتى", "بسمتی");
    same("قهوه", "قهوة");
  });
  test("a hamza on waw or ya is carried away", () => {
    same("مويد", "مؤيد");
    same("شاي", "شائ");
  });
  test("presentation forms are the letters they present", () => {
    same("لا", "ﻻ");
    same("حليب", "ﺣﻠﻴﺐ");
  });
  test("Persian and Gulf letters are the nearest Arabic ones", () => {
    same("كيك", "کيک", "گيگ");
    same("بيبسي", "پيپسي");
  });
  test("Arabic-Indic and Persian digits are digits", () => {
    same("250", "٢٥٠", "۲۵۰");
  });
  test("a word with the article is found without it, unless too little would be left", () => {
    expect(withoutArticle("الحليب")).toBe("حليب");
    expect(withoutArticle("الم")).toBeNull();
    expect(indexWords(wordsOf("الحليب"))).toEqual(["الحليب", "حليب"]);
  });
});

describe("Latin", () => {
  test("case and accents do not matter, composed or not", () => {
    same("creme brulee", "Crème Brûlée", "CRE\u0300ME BRU\u0302LE\u0301E");
    same("strasse", "Straße");
    same("istanbul", "İSTANBUL");
    same("smorrebrod", "smørrebrød");
  });
  test("numbers and letters part, so that a size is found however it is written", () => {
    same("250 ml", "250ml", "250-ML", "٢٥٠ml");
    expect(wordsOf("1.5L")).toEqual(["1", "5", "l"]);
  });
  test("invisible marks of direction vanish", () => {
    same("milk", "\u200fmi\u200dlk\u200e");
  });
});

test("a word is cut at its limit, and a code has no separators", () => {
  expect(wordsOf("x".repeat(100))).toEqual(["x".repeat(WORD_LETTERS_MAX)]);
  expect(codeKey("AB-12/x 3")).toBe("ab12x3");
  expect(wordsOf(" \t… — ☕")).toEqual([]);
});
