/**
 * The page's end of the engine: becomes the till if no other tab is, starts the worker, and gives every
 * method of it as a promise. A tab that is not the till follows the one that is, and may take over.
 */
import { TillRefusal, type ConnectTill, type TillClient, type TillEngine, type TillState } from "./api";
import { Leadership, type Locks } from "./leadership";
import { METHODS, type BetweenTabs, type FromPage, type FromWorker, type Method } from "./messages";
import { startingState } from "./state";

/** How long the till may finish what it writes before its worker is ended. */
const RELEASE_MS_MAX = 5_000;
const CHANNEL = "octonext-till";
/** How long after the till itself the tabs that follow it show a change. */
export const FOLLOW_MS = 100;

/** The part of `Worker` that is used, so that a test can bring its own. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  terminate(): void;
}

export interface TabChannel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
  close(): void;
}

/** What a test brings instead of the browser's own. */
export interface TabParts {
  locks: Locks;
  channel: TabChannel;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (refusal: TillRefusal) => void;
}

class Client {
  private current: TillState;
  private readonly listeners = new Set<() => void>();
  private readonly pending = new Map<number, Pending>();
  private worker: WorkerPort | null = null;
  private released: (() => void) | null = null;
  private nextId = 1;
  private telling: ReturnType<typeof setTimeout> | null = null;
  private readonly channel: TabChannel;
  private readonly leadership: Leadership;

  constructor(
    private readonly startWorkerOfPage: () => WorkerPort,
    private readonly appVersion: string,
    parts: TabParts,
  ) {
    this.current = startingState(appVersion);
    this.channel = parts.channel;
    this.channel.addEventListener("message", (event) => {
      this.heardFromTab(event.data as BetweenTabs);
    });
    this.leadership = new Leadership(parts.locks, {
      lead: () => {
        this.startWorker();
      },
      follow: () => {
        this.show({ ...this.current, phase: "elsewhere" });
        this.tell({ type: "who" });
      },
      release: () => this.releaseWorker(),
      lost: () => {
        this.endWorker();
      },
    });
    this.leadership.begin();
  }

  state(): TillState {
    return this.current;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  call(method: Method, args: unknown[]): Promise<unknown> {
    const worker = this.worker;
    if (worker === null) {
      const detail = this.current.phase === "elsewhere" ? "another tab is the till" : "the till is starting";
      return Promise.reject(new TillRefusal("internal", { detail }));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.post(worker, { type: "call", id, method, args });
    });
  }

  async takeOver(): Promise<void> {
    this.tell({ type: "take-over", by: this.leadership.id });
    await this.leadership.takeOver();
  }

  /** The page is back from being hidden, frozen, discarded or without network. */
  lookAgain(): void {
    if (this.worker !== null) this.post(this.worker, { type: "look-again" });
    else this.tell({ type: "who" });
  }

  // --- the worker --------------------------------------------------------------------------------

  private startWorker(): void {
    const worker = this.startWorkerOfPage();
    this.worker = worker;
    worker.addEventListener("message", (event) => {
      if (this.worker === worker) this.heardFromWorker(event.data as FromWorker);
    });
    worker.addEventListener("error", (event) => {
      if (this.worker === worker) this.failAll(event.message || "the worker failed");
    });
    // It tells what changed since it began, so this begins where it does.
    this.show(startingState(this.appVersion));
    this.post(worker, { type: "start", appVersion: this.appVersion });
  }

  private async releaseWorker(): Promise<void> {
    const worker = this.worker;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RELEASE_MS_MAX);
      this.released = () => {
        clearTimeout(timer);
        resolve();
      };
      this.post(worker, { type: "release" });
    });
    this.endWorker();
  }

  private endWorker(): void {
    this.worker?.terminate();
    this.worker = null;
    this.released = null;
    this.failAll("another tab took over");
  }

  private heardFromWorker(message: FromWorker): void {
    switch (message.type) {
      case "state":
        this.show({ ...this.current, ...message.changed });
        this.tellLater();
        return;
      case "begun":
        return;
      case "released":
        this.released?.();
        return;
      case "failed":
        this.failAll(message.detail);
        return;
      case "result":
        this.settle(message.id, (call) => {
          call.resolve(message.value);
        });
        return;
      case "refused":
        this.settle(message.id, (call) => {
          call.reject(new TillRefusal(message.code, message.params));
        });
    }
  }

  private settle(id: number, how: (call: Pending) => void): void {
    const call = this.pending.get(id);
    this.pending.delete(id);
    if (call !== undefined) how(call);
  }

  private failAll(detail: string): void {
    for (const call of this.pending.values()) call.reject(new TillRefusal("internal", { detail }));
    this.pending.clear();
  }

  // --- the other tabs ----------------------------------------------------------------------------

  private heardFromTab(message: BetweenTabs): void {
    switch (message.type) {
      case "who":
        if (this.worker !== null) this.tell({ type: "state", state: this.current });
        return;
      case "state":
        if (this.worker === null) this.show({ ...message.state, phase: "elsewhere" });
        return;
      case "take-over":
        this.leadership.yieldTo();
    }
  }

  /** Other tabs hear of it once this one has shown it: they follow, and nobody sells with them. */
  private tellLater(): void {
    this.telling ??= setTimeout(() => {
      this.telling = null;
      if (this.worker !== null) this.tell({ type: "state", state: this.current });
    }, FOLLOW_MS);
  }

  private tell(message: BetweenTabs): void {
    this.channel.postMessage(message);
  }

  private post(worker: WorkerPort, message: FromPage): void {
    worker.postMessage(message);
  }

  private show(state: TillState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

/** Becomes the till, or follows the tab that is. One for the life of the page. */
export const connectTill: ConnectTill = ({ startWorker, appVersion }) =>
  connectWith(startWorker, appVersion, { locks: navigator.locks, channel: new BroadcastChannel(CHANNEL) });

/** The same with the parts of the browser given: for tests. */
export function connectWith(startWorker: () => WorkerPort, appVersion: string, parts: TabParts): TillClient {
  const client = new Client(startWorker, appVersion, parts);
  watchPage(client);
  const calls = METHODS.map((method) => [method, (...args: unknown[]) => client.call(method, args)]);
  const engine = Object.fromEntries(calls) as unknown as TillEngine;
  return {
    engine: {
      ...engine,
      requestPersistence: () => persisted(engine),
      enrol: async (request) => {
        await engine.enrol(request);
        askToKeep(engine);
      },
      signIn: async (request) => {
        await engine.signIn(request);
        askToKeep(engine);
      },
      restoreFromCopy: async (request) => {
        const restored = await engine.restoreFromCopy(request);
        askToKeep(engine);
        return restored;
      },
    },
    state: () => client.state(),
    subscribe: (listener) => client.subscribe(listener),
    takeOver: () => client.takeOver(),
  };
}

/** Only a page can ask for it; the worker then sees what the browser answered. */
async function persisted(engine: TillEngine): Promise<boolean> {
  const manager = navigator.storage as { persist?: () => Promise<boolean> } | undefined;
  await manager?.persist?.();
  return engine.requestPersistence();
}

/**
 * Without the browser's promise to keep what is here, it deletes all of it when the disk fills up. Asked whenever
 * somebody begins, because it depends on what has happened since: installing the app, for one.
 */
function askToKeep(engine: TillEngine): void {
  const { navigator } = globalThis as { navigator?: { storage?: { persisted?: () => Promise<boolean> } } };
  void navigator?.storage
    ?.persisted?.()
    .then((isKept) => (isKept ? true : persisted(engine)))
    // A browser that does not answer has not promised anything, which the page shows.
    .catch(() => undefined);
}

/** The page's events; this file is also compiled for the worker, whose library knows no document. */
function watchPage(client: Client): void {
  const page = globalThis as { document?: EventTarget & { visibilityState: string } } & EventTarget;
  if (page.document === undefined) return;
  const document = page.document;
  const lookAgain = () => {
    client.lookAgain();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.lookAgain();
  });
  document.addEventListener("resume", lookAgain);
  page.addEventListener("pageshow", lookAgain);
  page.addEventListener("online", lookAgain);
}
