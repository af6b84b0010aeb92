import { expect, it } from "vitest";

import type { TillState } from "../src/api";
import { StateBoard } from "../src/state";

it("tells once in a turn, and only the parts that changed in it", async () => {
  const told: Partial<TillState>[] = [];
  const board = new StateBoard("1", (changed) => told.push(changed));
  board.change({ held: 1 });
  board.changeSync({ unsynced: 2 });
  board.change({ held: 3 });
  expect(told).toEqual([]);
  await Promise.resolve();
  expect(told).toEqual([{ held: 3, sync: board.state.sync }]);
  board.change({ idle: false });
  await Promise.resolve();
  expect(told.at(-1)).toEqual({ idle: false });
  expect(board.state).toMatchObject({ held: 3, idle: false, sync: { unsynced: 2 } });
});
