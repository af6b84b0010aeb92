/** What was refused, as plain data. */
import { CoreRefusal } from "../src/index";

/** Null when nothing was; any other error goes on. */
export function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreRefusal) return { code: error.code, ...error.params };
    throw error;
  }
  return null;
}
