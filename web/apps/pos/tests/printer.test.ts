/** Papers go to a printer one after the other, and one that failed does not stop the next. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { PrinterFault, sendToPrinter, STALLED_MS_MAX, type PrinterPorts } from "../src/printing/printer";

/** A serial port as browsers have them: whoever opens an open one is refused. */
class Port {
  writable: WritableStream<Uint8Array> | null = null;
  readonly papers: number[][] = [];
  /** The next so many openings fail, as without power. */
  dead = 0;
  /** Without paper: it takes no bytes until this resolves. */
  full: Promise<void> | null = null;
  pieceMs = 0;

  async open(): Promise<void> {
    await Promise.resolve();
    if (this.writable !== null) throw new DOMException("already open", "InvalidStateError");
    if (this.dead > 0) {
      this.dead -= 1;
      throw new DOMException("no device", "NetworkError");
    }
    const paper: number[] = [];
    this.papers.push(paper);
    this.writable = new WritableStream({
      write: async (piece) => {
        if (this.full !== null) await this.full;
        if (this.pieceMs > 0) await new Promise((resolve) => setTimeout(resolve, this.pieceMs));
        paper.push(...piece);
      },
    });
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.writable = null;
  }
}

const portsWith = (...ports: Port[]): PrinterPorts => ({
  serial: { getPorts: () => Promise.resolve(ports), requestPort: () => Promise.reject(new Error("asked")) },
});
const reasonOf = (error: unknown) => (error instanceof PrinterFault ? error.reason : error);

describe("a serial printer", () => {
  it("gets papers that are ready at the same time whole, in their order", async () => {
    const port = new Port();
    const long = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
    await Promise.all(
      [long, Uint8Array.of(1, 2), Uint8Array.of(3)].map((bytes) =>
        sendToPrinter(portsWith(port), "serial", bytes),
      ),
    );
    expect(port.papers).toEqual([[...long], [1, 2], [3]]);
  });

  it("prints the next paper after one that it did not take", async () => {
    const port = new Port();
    port.dead = 1;
    const first = sendToPrinter(portsWith(port), "serial", Uint8Array.of(1));
    const second = sendToPrinter(portsWith(port), "serial", Uint8Array.of(2));
    expect(await first.catch(reasonOf)).toBe("failed");
    await second;
    expect(port.papers).toEqual([[2]]);
  });

  it("that was never chosen is not connected, and where there are no ports there is no printer", async () => {
    expect(await sendToPrinter(portsWith(), "serial", Uint8Array.of(1)).catch(reasonOf)).toBe(
      "not_connected",
    );
    expect(await sendToPrinter({}, "serial", Uint8Array.of(1)).catch(reasonOf)).toBe("unsupported");
  });
});

describe("a printer that stops taking bytes", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The port of a printer without paper, and how to put some in. */
  const emptyPort = () => {
    const port = new Port();
    let putIn = (): void => undefined;
    port.full = new Promise((resolve) => {
      putIn = resolve;
    });
    const refill = () => {
      port.full = null;
      putIn();
    };
    return { port, putIn: refill };
  };

  it("refuses its paper and what waits behind it, and sends none of it later", async () => {
    const { port, putIn } = emptyPort();
    const send = (bytes: number[], pulse: boolean) =>
      sendToPrinter(portsWith(port), "serial", Uint8Array.from(bytes), { pulse }).catch(reasonOf);
    const long = Array.from({ length: 10_000 }, () => 1);
    const all = Promise.all([send(long, true), send([2], true), send([3], false)]);
    await vi.advanceTimersByTimeAsync(2 * STALLED_MS_MAX);
    expect(await all).toEqual(["failed", "failed", "failed"]);
    putIn();
    await vi.advanceTimersByTimeAsync(STALLED_MS_MAX);
    // The piece that the printer had when it stopped is its own; nothing follows it.
    expect(port.papers.map((paper) => paper.length)).toEqual([4096]);
    await sendToPrinter(portsWith(port), "serial", Uint8Array.of(4));
    expect(port.papers.at(-1)).toEqual([4]);
  });

  it("opens no drawer behind long papers after its time, and keeps the papers' order", async () => {
    const port = new Port();
    // Each piece takes long, but it moves.
    port.pieceMs = STALLED_MS_MAX - 1_000;
    const send = (bytes: number[], pulse: boolean) =>
      sendToPrinter(portsWith(port), "serial", Uint8Array.from(bytes), { pulse }).catch(reasonOf);
    const all = Promise.all([send([1], false), send([2], false), send([9], true), send([3], false)]);
    await vi.advanceTimersByTimeAsync(4 * STALLED_MS_MAX);
    expect(await all).toEqual([undefined, undefined, "failed", undefined]);
    expect(port.papers).toEqual([[1], [2], [3]]);
  });
});
