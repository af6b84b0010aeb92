import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { connectWith, FOLLOW_MS, type TabParts, type WorkerPort } from "../src/client";
import type { TillClient } from "../src/api";
import type { FromPage, FromWorker } from "../src/messages";

/** Locks and a channel between the tabs of one browser, as far as the client uses them. */
class Browser {
  private holder: { end: (error: Error) => void } | null = null;
  private readonly queue: (() => void)[] = [];
  private readonly channels = new Set<(message: unknown) => void>();

  tab(): TabParts {
    const listeners: ((event: MessageEvent<unknown>) => void)[] = [];
    const hear = (data: unknown) => {
      for (const listener of listeners) listener({ data } as MessageEvent<unknown>);
    };
    this.channels.add(hear);
    return {
      locks: { request: (_name, options, callback) => this.request(options, callback) },
      channel: {
        postMessage: (message) => {
          for (const each of this.channels)
            if (each !== hear)
              queueMicrotask(() => {
                each(message);
              });
        },
        addEventListener: (_type, listener) => listeners.push(listener),
        close: () => this.channels.delete(hear),
      },
    };
  }

  private request(
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void> | void,
  ): Promise<unknown> {
    if (options.steal === true) {
      this.holder?.end(new Error("stolen"));
      this.holder = null;
    }
    if (this.holder === null) return this.grant(callback);
    if (options.ifAvailable === true) return Promise.resolve(callback(null));
    return new Promise((resolve, reject) => {
      const start = () => {
        this.grant(callback).then(resolve, reject);
      };
      this.queue.push(start);
      options.signal?.addEventListener("abort", () => {
        const place = this.queue.indexOf(start);
        if (place >= 0) this.queue.splice(place, 1);
        reject(new Error("aborted"));
      });
    });
  }

  private grant(callback: (lock: unknown) => Promise<void> | void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const mine = { end: reject };
      this.holder = mine;
      void Promise.resolve(callback({})).then((value) => {
        if (this.holder === mine) {
          this.holder = null;
          this.queue.shift()?.();
        }
        resolve(value);
      });
    });
  }
}

/** A worker that answers what it is told to. */
class FakeWorker implements WorkerPort {
  static made: FakeWorker[] = [];
  readonly heard: FromPage[] = [];
  ended = false;
  deaf = false;
  private listener: (event: MessageEvent<unknown>) => void = () => undefined;

  constructor() {
    FakeWorker.made.push(this);
  }

  postMessage(message: unknown): void {
    const heard = message as FromPage;
    this.heard.push(heard);
    if (heard.type === "start") this.say({ type: "state", changed: { phase: "locked" } });
    if (heard.type === "release" && !this.deaf) this.say({ type: "released" });
    if (heard.type !== "call") return;
    if (heard.method === "scan")
      this.say({ type: "result", id: heard.id, value: { kind: "unknown", code: heard.args[0] } });
    if (["enrol", "signIn", "restoreFromCopy", "requestPersistence"].includes(heard.method))
      this.say({ type: "result", id: heard.id, value: { entries: 1, unsynced: 1 } });
    if (heard.method === "pay")
      this.say({ type: "refused", id: heard.id, code: "tender_missing", params: { left: 5 } });
  }

  addEventListener(type: string, listener: unknown): void {
    if (type === "message") this.listener = listener as (event: MessageEvent<unknown>) => void;
  }

  terminate(): void {
    this.ended = true;
  }

  say(data: FromWorker): void {
    queueMicrotask(() => {
      if (!this.ended) this.listener({ data } as MessageEvent<unknown>);
    });
  }
}

let browser: Browser;

function tab(): TillClient {
  return connectWith(() => new FakeWorker(), "1", browser.tab());
}

async function settle(ms = 1): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

beforeEach(() => {
  vi.useFakeTimers();
  browser = new Browser();
  FakeWorker.made = [];
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("one tab", () => {
  it("calls methods of the worker, and a refusal keeps its code and figures", async () => {
    const client = tab();
    await settle();
    expect(client.state().phase).toBe("locked");
    expect(client.state()).toBe(client.state());
    expect(await client.engine.scan("42")).toEqual({ kind: "unknown", code: "42" });
    await expect(client.engine.pay({ tenders: [] })).rejects.toMatchObject({
      code: "tender_missing",
      params: { left: 5 },
    });
  });

  it("tells its listeners of each new state until they leave", async () => {
    const client = tab();
    const told = vi.fn();
    const leave = client.subscribe(told);
    await settle();
    const count = told.mock.calls.length;
    expect(count).toBeGreaterThan(0);
    leave();
    FakeWorker.made[0]?.say({ type: "state", changed: { held: 1 } });
    await settle();
    expect(told.mock.calls.length).toBe(count);
  });
});

describe("whoever begins", () => {
  const person = { code: "C01", pin: "839174" };
  it.each<[string, (client: TillClient) => Promise<unknown>]>([
    ["enrols", ({ engine }) => engine.enrol({ code: "CODE", name: "Front till" })],
    ["signs in", ({ engine }) => engine.signIn(person)],
    ["restores", ({ engine }) => engine.restoreFromCopy(person)],
  ])("and %s asks the browser to keep what is here until it has promised it", async (_, begin) => {
    let isKept = false;
    const persist = vi.fn(() => Promise.resolve((isKept = true)));
    vi.stubGlobal("navigator", { storage: { persisted: () => Promise.resolve(isKept), persist } });
    const client = tab();
    await settle();
    const begun = begin(client);
    await settle();
    await begun;
    await settle();
    expect(persist).toHaveBeenCalledTimes(1);
    expect(FakeWorker.made[0]?.heard).toContainEqual(
      expect.objectContaining({ type: "call", method: "requestPersistence" }),
    );
    const again = client.engine.signIn(person);
    await settle();
    await again;
    await settle();
    expect(persist).toHaveBeenCalledTimes(1);
  });
});

describe("a state that is told in parts", () => {
  it("keeps the parts that were told before", async () => {
    const client = tab();
    await settle();
    FakeWorker.made[0]?.say({ type: "state", changed: { held: 1 } });
    await settle();
    FakeWorker.made[0]?.say({ type: "state", changed: { idle: false } });
    await settle();
    expect(client.state()).toMatchObject({ phase: "locked", held: 1, idle: false });
  });
});

describe("a second tab", () => {
  it("follows the first one and starts no worker", async () => {
    tab();
    await settle();
    const second = tab();
    await settle();
    expect(FakeWorker.made).toHaveLength(1);
    expect(second.state().phase).toBe("elsewhere");
    FakeWorker.made[0]?.say({ type: "state", changed: { phase: "open", held: 3 } });
    await settle(FOLLOW_MS);
    expect(second.state()).toMatchObject({ phase: "elsewhere", held: 3 });
    await expect(second.engine.scan("42")).rejects.toMatchObject({ code: "internal" });
  });

  it("becomes the till when it asks, after the first one has finished", async () => {
    const first = tab();
    await settle();
    const second = tab();
    await settle();
    const taken = second.takeOver();
    await settle();
    await taken;
    await settle();
    expect(FakeWorker.made.map((each) => each.ended)).toEqual([true, false]);
    expect(FakeWorker.made[0]?.heard.map((each) => each.type)).toContain("release");
    expect(second.state().phase).toBe("locked");
    expect(first.state().phase).toBe("elsewhere");
  });

  it("may be asked for it back", async () => {
    const first = tab();
    await settle();
    const second = tab();
    await settle();
    void second.takeOver();
    await settle();
    void first.takeOver();
    await settle();
    expect(first.state().phase).toBe("locked");
    expect(second.state().phase).toBe("elsewhere");
    expect(FakeWorker.made.filter((each) => !each.ended)).toHaveLength(1);
  });

  it("takes over from one that does not answer any more, whose worker is ended", async () => {
    tab();
    await settle();
    const [frozen] = FakeWorker.made;
    if (frozen !== undefined) frozen.deaf = true;
    const second = tab();
    await settle();
    void second.takeOver();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(frozen?.ended).toBe(true);
    expect(second.state().phase).toBe("locked");
    expect(FakeWorker.made.filter((each) => !each.ended)).toHaveLength(1);
  });
});
