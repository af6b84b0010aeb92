/** Everything that selling says is said in both languages. */
import { it } from "vitest";
import { ar } from "../src/sell/words.ar";
import { en } from "../src/sell/words.en";
import { checkDictionary } from "./dictionary";

it("the words of selling are complete in Arabic and in English", () => {
  checkDictionary(en, ar);
});
