/** Receipt printers that the browser reaches itself: over WebUSB or WebSerial, where it has them. */

export type PrinterKind = "usb" | "serial";

export class PrinterFault extends Error {
  constructor(readonly reason: "unsupported" | "not_chosen" | "not_connected" | "failed") {
    super(reason);
    this.name = "PrinterFault";
  }
}

// The parts of WebUSB and WebSerial that are used; TypeScript's DOM library has neither.
interface UsbEndpoint {
  endpointNumber: number;
  direction: "in" | "out";
  type: string;
}
interface UsbDevice {
  opened: boolean;
  configuration: {
    interfaces: {
      interfaceNumber: number;
      alternates: { interfaceClass: number; endpoints: UsbEndpoint[] }[];
    }[];
  } | null;
  open(): Promise<void>;
  close(): Promise<void>;
  selectConfiguration(value: number): Promise<void>;
  claimInterface(number: number): Promise<void>;
  releaseInterface(number: number): Promise<void>;
  transferOut(endpoint: number, data: Uint8Array): Promise<{ status: string }>;
}
interface SerialPort {
  writable: WritableStream<Uint8Array> | null;
  open(options: { baudRate: number }): Promise<void>;
  close(): Promise<void>;
}
export interface PrinterPorts {
  usb?: {
    getDevices(): Promise<UsbDevice[]>;
    requestDevice(options: { filters: { classCode: number }[] }): Promise<UsbDevice>;
  };
  serial?: { getPorts(): Promise<SerialPort[]>; requestPort(): Promise<SerialPort> };
}

/** USB class 7 is "printer". */
const PRINTER_CLASS = 7;
/** What most serial receipt printers are set to when they leave the factory. */
const BAUD_RATE = 9600;
/** Written in pieces: a printer that runs out of paper stops in the middle, and the error names it sooner. */
const CHUNK_BYTES = 4096;
/**
 * A printer that takes nothing for so long has no paper, an open cover or no power. A piece takes about 4 s at 9600
 * baud. A pulse that waited longer than this is not sent either: nobody may stand at the drawer any more.
 */
export const STALLED_MS_MAX = 15_000;
/** A port is to be let go by then; one that is not refuses the next paper by itself. */
const CLOSED_MS_MAX = 2_000;

export function portsOf(scope: Navigator): PrinterPorts {
  return scope as unknown as PrinterPorts;
}

/** Asks the person for a printer; browsers allow it only right after a press of a button. */
export async function choosePrinter(ports: PrinterPorts, kind: PrinterKind): Promise<void> {
  try {
    if (kind === "usb") await required(ports.usb).requestDevice({ filters: [{ classCode: PRINTER_CLASS }] });
    else await required(ports.serial).requestPort();
  } catch (error) {
    // NotFoundError is how a browser says that the person closed its list.
    if (error instanceof DOMException && error.name === "NotFoundError") throw new PrinterFault("not_chosen");
    throw faultOf(error);
  }
}

/** A port is open once at a time; over a serial line a paper takes seconds, and the next is ready before. */
let before: Promise<unknown> = Promise.resolve();
/** How often a printer stopped in the middle: what waited meanwhile must not come out by itself later. */
let stalls = 0;

/**
 * Sends the bytes to the printer chosen before, after what was sent earlier. `pulse` says that they open the
 * drawer. Raises PrinterFault, also for what would have to be sent late.
 */
export function sendToPrinter(
  ports: PrinterPorts,
  kind: PrinterKind,
  bytes: Uint8Array,
  { pulse = false }: { pulse?: boolean } = {},
): Promise<void> {
  const [earlier, stallsThen] = [before, stalls];
  const turn = pulse ? inTime(earlier, STALLED_MS_MAX) : earlier;
  const mine = turn.then(() => {
    if (stalls !== stallsThen) throw new PrinterFault("failed");
    return send(ports, kind, bytes);
  });
  // Who gave up waiting does not let the next one in before the paper that goes out.
  before = Promise.allSettled([earlier, mine]);
  return mine;
}

async function send(ports: PrinterPorts, kind: PrinterKind, bytes: Uint8Array): Promise<void> {
  try {
    if (kind === "usb") await sendOverUsb(ports, bytes);
    else await sendOverSerial(ports, bytes);
  } catch (error) {
    throw faultOf(error);
  }
}

async function sendOverUsb(ports: PrinterPorts, bytes: Uint8Array): Promise<void> {
  const [device] = await required(ports.usb).getDevices();
  if (device === undefined) throw new PrinterFault("not_connected");
  const opening = device.opened ? Promise.resolve() : device.open();
  try {
    await taken(opening);
    if (device.configuration === null) await taken(device.selectConfiguration(1));
    const { number, endpoint } = outletOf(device);
    await taken(device.claimInterface(number));
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const answer = await taken(device.transferOut(endpoint, bytes.slice(at, at + CHUNK_BYTES)));
      if (answer.status !== "ok") throw new PrinterFault("failed");
    }
    await taken(device.releaseInterface(number));
  } finally {
    // Closed each time, so that another program on the same machine can print as well. It ends what was on the
    // way, and gives back the interface.
    await inTime(
      opening.then(() => device.close()),
      CLOSED_MS_MAX,
    );
  }
}

function outletOf(device: UsbDevice): { number: number; endpoint: number } {
  for (const each of device.configuration?.interfaces ?? [])
    for (const alternate of each.alternates) {
      if (alternate.interfaceClass !== PRINTER_CLASS) continue;
      const out = alternate.endpoints.find((end) => end.direction === "out" && end.type === "bulk");
      if (out) return { number: each.interfaceNumber, endpoint: out.endpointNumber };
    }
  throw new PrinterFault("not_connected");
}

async function sendOverSerial(ports: PrinterPorts, bytes: Uint8Array): Promise<void> {
  const [port] = await required(ports.serial).getPorts();
  if (port === undefined) throw new PrinterFault("not_connected");
  const opening = port.open({ baudRate: BAUD_RATE });
  try {
    await taken(opening);
    if (port.writable === null) throw new PrinterFault("failed");
    const writer = port.writable.getWriter();
    try {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
        await taken(writer.write(bytes.slice(at, at + CHUNK_BYTES)));
      await taken(writer.close());
    } catch (error) {
      // What the printer did not take is thrown away: it would come out when somebody puts paper in.
      writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.releaseLock();
    }
  } finally {
    await inTime(
      opening.then(() => port.close()),
      CLOSED_MS_MAX,
    );
  }
}

/** Waits for a step of the printer's. Raises PrinterFault when it stops, for those as well who wait behind it. */
async function taken<T>(step: Promise<T>): Promise<T> {
  return inTime(step, STALLED_MS_MAX, () => {
    stalls += 1;
  });
}

/** Raises PrinterFault when `step` takes longer than `ms`. */
async function inTime<T>(step: Promise<T>, ms: number, late: () => void = () => undefined): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late();
      reject(new PrinterFault("failed"));
    }, ms);
  });
  try {
    return await Promise.race([step, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function required<T>(there: T | undefined): T {
  if (there === undefined) throw new PrinterFault("unsupported");
  return there;
}

function faultOf(error: unknown): PrinterFault {
  return error instanceof PrinterFault ? error : new PrinterFault("failed");
}
