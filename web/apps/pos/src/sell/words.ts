/** The words of selling in the chosen language; they travel with the selling screens, not with sign-in. */
import { wordsOf } from "../i18n";
import { ar } from "./words.ar";
import { en } from "./words.en";

export const useSellWords = wordsOf({ en, ar });
