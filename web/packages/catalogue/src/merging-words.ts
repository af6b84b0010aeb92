/** The merged index: every word, sorted, and the products that have it. */
import type { Columns, Image } from "./image";
import { packUnits } from "./merging-codes";
import { GONE, SLICE_ROWS, type Plan } from "./merging-plan";
import { wordAt } from "./reading";

export type WordColumns = Pick<Columns, "word" | "wordStart" | "wordShared" | "found" | "foundStart">;

/** Words, each the work of its products, between two pauses. */
const SLICE_WORDS = 512;

export function* mergeWords(old: Image, plan: Plan): Generator<void, WordColumns> {
  const added = new Map<string, number[]>();
  let places = old.found.length;
  for (const [count, { ordinal, words }] of plan.additions.entries()) {
    if (count % SLICE_ROWS === SLICE_ROWS - 1) yield;
    places += words.length;
    for (const word of words) {
      const ordinals = added.get(word);
      if (ordinals === undefined) added.set(word, [ordinal]);
      else ordinals.push(ordinal);
    }
  }
  yield;
  const addedWords = [...added.keys()].sort();
  yield;
  const merged: string[] = [];
  const starts: number[] = [];
  const found = new Uint32Array(places);
  let at = 0;
  const take = (word: string, from: number, ordinals: readonly number[]): void => {
    const start = at;
    const end = from < 0 ? 0 : (old.foundStart[from + 1] ?? 0);
    for (let place = from < 0 ? 0 : (old.foundStart[from] ?? 0); place < end; place++) {
      const now = plan.fate[old.found[place] ?? 0] ?? GONE;
      if (now >= 0) found[at++] = now;
    }
    for (const ordinal of ordinals) found[at++] = ordinal;
    if (at === start) return;
    merged.push(word);
    starts.push(start);
  };
  const count = old.wordStart.length - 1;
  let next = 0;
  for (let from = 0; from <= count; from++) {
    if (from % SLICE_WORDS === SLICE_WORDS - 1) yield;
    const word = from < count ? wordAt(old, from) : null;
    for (let other = addedWords[next]; other !== undefined && (word === null || other < word);) {
      take(other, -1, added.get(other) ?? []);
      other = addedWords[++next];
    }
    if (word === null) continue;
    const isAdded = addedWords[next] === word;
    if (isAdded) next++;
    take(word, from, isAdded ? (added.get(word) ?? []) : []);
  }
  yield;
  const foundStart = new Uint32Array(merged.length + 1);
  foundStart.set(starts);
  foundStart[merged.length] = at;
  return { ...columnsOfWords(merged), found: found.slice(0, at), foundStart };
}

/** Sorted words as an index has them. */
export function columnsOfWords(words: readonly string[]): Pick<Columns, "word" | "wordStart" | "wordShared"> {
  const { units: word, starts: wordStart } = packUnits(words);
  const wordShared = new Uint8Array(words.length);
  for (let place = 1; place < words.length; place++) {
    wordShared[place] = sharedLetters(words[place - 1] ?? "", words[place] ?? "");
  }
  return { word, wordStart, wordShared };
}

function sharedLetters(left: string, right: string): number {
  let shared = 0;
  while (shared < left.length && left.charCodeAt(shared) === right.charCodeAt(shared)) shared++;
  return shared;
}
