/** The worker's end of the calls: each message one method, each answer a result or a refusal. */
import { TillRefusal, type TillEngine } from "./api";
import { METHODS, type FromWorker, type Method } from "./messages";
import { asRefusal } from "./refusals";

const KNOWN: ReadonlySet<string> = new Set(METHODS);

/** Calls the method and says how it ended; never throws. */
export async function answer(
  engine: TillEngine,
  id: number,
  method: Method,
  args: unknown[],
): Promise<FromWorker> {
  try {
    if (!KNOWN.has(method)) throw new TillRefusal("internal", { detail: `no method ${method}` });
    const call = engine[method].bind(engine) as (...args: unknown[]) => Promise<unknown>;
    return { type: "result", id, value: await call(...args) };
  } catch (error) {
    const refusal = asRefusal(error);
    return { type: "refused", id, code: refusal.code, params: refusal.params };
  }
}
