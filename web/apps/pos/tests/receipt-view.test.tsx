/**
 * @vitest-environment jsdom
 *
 * The screen of a receipt tells whether it was handed over, also when that happens while somebody looks.
 */
import { act } from "react";
import { afterEach, expect, test } from "vitest";

import { MemoryTill } from "./memory-engine";
import { sellingState } from "./memory/state";
import { close, openApp, press, until } from "./page";

const WAITING = "Stored on this till, not handed over yet";
const HANDED_OVER = "Handed over to the shop's server";
const says = (words: string) => () => document.body.textContent.includes(words);

/** A till that has just been paid, and what it wrote waits for the network. */
async function paid(): Promise<MemoryTill> {
  const state = sellingState();
  const till = new MemoryTill({ ...state, sync: { ...state.sync, state: "offline", unsynced: 3 } });
  await till.engine.scan("6281007041001");
  await openApp(till);
  await press(/^Pay/u);
  await press(/^Exact/u);
  // A slow tablet draws the rest of the screen after the number.
  await until(says(WAITING));
  return till;
}

function unsynced(till: MemoryTill, count: number): void {
  act(() => {
    till.change({ sync: { ...till.state().sync, unsynced: count } });
  });
}

afterEach(close);

test("a receipt on screen is handed over once nothing waits any more, and stays so", async () => {
  const till = await paid();
  unsynced(till, 1);
  expect(says(WAITING)()).toBe(true);
  unsynced(till, 0);
  expect([WAITING, HANDED_OVER].map((each) => says(each)())).toEqual([false, true]);
  // What is written after it changes nothing in that.
  unsynced(till, 1);
  expect([WAITING, HANDED_OVER].map((each) => says(each)())).toEqual([false, true]);
});
