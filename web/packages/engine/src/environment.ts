/** What the engine takes from the machine: time, randomness, network. Tests bring their own. */

export interface Line {
  send(text: string): void;
  close(): void;
}

export interface LineEvents {
  opened(): void;
  frame(text: string): void;
  closed(): void;
}

export interface Environment {
  /** Wall clock, milliseconds since 1970; may be wrong and may jump. */
  now(): number;
  /** Milliseconds of a clock that never goes back. */
  monotonic(): number;
  random(bytes: number): Uint8Array<ArrayBuffer>;
  /** In [0, 1). */
  fraction(): number;
  /** Runs once after so many milliseconds; returns what cancels it. */
  after(ms: number, run: () => void): () => void;
  /** `path` begins with a slash: the engine talks to the origin it came from and to nobody else. */
  fetch(
    path: string,
    init: { method: string; headers: Record<string, string>; body: string },
  ): Promise<Response>;
  openLine(path: string, protocol: string, events: LineEvents): Line;
  /** What this machine is, for people at head office. */
  footprint: Record<string, string>;
}

/** The environment of a dedicated worker. */
export function workerEnvironment(): Environment {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    fraction: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => {
        clearTimeout(timer);
      };
    },
    fetch: (path, init) => fetch(path, init),
    openLine,
    footprint: {
      user_agent: navigator.userAgent.slice(0, 200),
      language: navigator.language,
      cores: String(navigator.hardwareConcurrency),
    },
  };
}

function openLine(path: string, protocol: string, events: LineEvents): Line {
  const socket = new WebSocket(`wss://${self.location.host}${path}`, protocol);
  socket.addEventListener("open", () => {
    events.opened();
  });
  socket.addEventListener("message", (event) => {
    events.frame(typeof event.data === "string" ? event.data : "");
  });
  socket.addEventListener("close", () => {
    events.closed();
  });
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      socket.close();
    },
  };
}
