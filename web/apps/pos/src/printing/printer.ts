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

/** Sends the bytes to the printer chosen before. Raises PrinterFault. */
export async function sendToPrinter(
  ports: PrinterPorts,
  kind: PrinterKind,
  bytes: Uint8Array,
): Promise<void> {
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
  if (!device.opened) await device.open();
  try {
    if (device.configuration === null) await device.selectConfiguration(1);
    const { number, endpoint } = outletOf(device);
    await device.claimInterface(number);
    try {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        const answer = await device.transferOut(endpoint, bytes.slice(at, at + CHUNK_BYTES));
        if (answer.status !== "ok") throw new PrinterFault("failed");
      }
    } finally {
      await device.releaseInterface(number);
    }
  } finally {
    // Closed each time, so that another program on the same machine can print as well.
    await device.close();
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
  await port.open({ baudRate: BAUD_RATE });
  try {
    if (port.writable === null) throw new PrinterFault("failed");
    const writer = port.writable.getWriter();
    try {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
        await writer.write(bytes.slice(at, at + CHUNK_BYTES));
    } finally {
      await writer.close();
    }
  } finally {
    await port.close();
  }
}

function required<T>(there: T | undefined): T {
  if (there === undefined) throw new PrinterFault("unsupported");
  return there;
}

function faultOf(error: unknown): PrinterFault {
  return error instanceof PrinterFault ? error : new PrinterFault("failed");
}
