/** The band of the table that is worked out says what the whole table would. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EditTable, editsFor, FUZZY, NO_MATCH } from "../src/grades";
import { editDistance } from "./naive";

const letters = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom("a", "b", "c", "ح"), { maxLength }).map((each) => each.join(""));

test("grades are those of the full table, also when words share rows", () => {
  fc.assert(
    fc.property(
      letters(10),
      fc.array(letters(12), { maxLength: 8 }),
      fc.integer({ min: 0, max: 2 }),
      (typed, words, edits) => {
        const table = new EditTable(typed, edits, 12);
        for (const word of words) {
          const begun = Math.min(
            ...Array.from({ length: word.length + 1 }, (_, length) =>
              editDistance(typed, word.slice(0, length)),
            ),
          );
          const whole = editDistance(typed, word);
          const grade = (distance: number, isWhole: boolean): number => {
            if (distance > edits) return NO_MATCH;
            return distance === 0 ? (isWhole ? 0 : 1) : FUZZY + 2 * (distance - 1) + (isWhole ? 0 : 1);
          };
          expect(table.grade(word)).toBe(Math.min(grade(whole, true), grade(begun, false)));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a long word forgives two edits, a short one none, and a number none", () => {
  expect(["tea", "milk", "chocolat", "12345678", "b12345678"].map(editsFor)).toEqual([0, 1, 2, 0, 0]);
});
