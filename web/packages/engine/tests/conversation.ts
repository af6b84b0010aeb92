/** One till's line to the gateway in memory: who it is, and every frame that it sends answered. */
import { deflateRawSync } from "node:zlib";

import { helloMessage, toBase64, verify } from "@octonext/core";

import type { Line, LineEvents } from "../src/environment";
import type { Device, Shard } from "./shard";
import { bytes, text, type Frame, type PushFrame } from "./wire";

export class Conversation implements Line {
  private readonly nonce = crypto.getRandomValues(new Uint8Array(16));
  private device: Device | null = null;
  private cursors: Record<string, string> = {};
  private readonly waiting = new Set<string>();
  private turn: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(
    private readonly shard: Shard,
    private readonly events: LineEvents,
  ) {
    setTimeout(() => {
      if (!shard.reachable) {
        this.hangUp();
        return;
      }
      events.opened();
      this.say({ t: "challenge", nonce: toBase64(this.nonce), server_time_ms: Date.now() });
    }, 0);
  }

  send(frame: string): void {
    const message = JSON.parse(frame) as Frame;
    this.turn = this.turn.then(() => this.heard(message));
  }

  close(): void {
    this.ended = true;
    if (this.device?.live === this) this.device.live = null;
  }

  say(frame: Frame): void {
    setTimeout(() => {
      if (!this.ended) this.events.frame(JSON.stringify(frame));
    }, 0);
  }

  hangUp(): void {
    if (this.ended) return;
    this.close();
    setTimeout(() => {
      this.events.closed();
    }, 0);
  }

  /** The next rows of every feed that nothing is on the way of. */
  deltas(): void {
    for (const feed of Object.keys(this.cursors)) this.delta(feed);
  }

  private async heard(message: Frame): Promise<void> {
    if (this.ended) return;
    if (message.t === "hello") await this.hello(message);
    else if (this.device === null) this.say({ t: "nack", reason: "bad_frame", detail: "hello first" });
    else if (message.t === "ping") this.say({ t: "pong" });
    else if (message.t === "delta_ack") this.stored(text(message["feed"]), text(message["cursor"]));
    else if (message.t === "sign_in") this.signIn(this.device, message);
    else if (message.t === "find_receipt") this.findReceipt(message);
    else if (message.t === "rescue") await this.rescue(message);
    else if (message.t === "push" && !this.shard.silent) {
      if (this.device.live !== this) this.say({ t: "nack", reason: "fenced", detail: "another connection" });
      else this.say(await this.shard.ingest(this.device, message as unknown as PushFrame));
    }
  }

  private async hello(message: Frame): Promise<void> {
    const device = this.shard.devices.get(Number(message["device"]));
    if (device === undefined || this.shard.behind) {
      this.say({ t: "nack", reason: "unknown_device", detail: "not here", retry_after_ms: 10 });
      return;
    }
    const head = message["head"] as { seq: number; hash: string };
    const signed = helloMessage(this.nonce, device.id, head.seq, bytes(head.hash));
    if (!(await verify(device.key, bytes(message["signature"]), signed))) {
      this.say({ t: "nack", reason: "bad_signature", detail: "hello" });
      return;
    }
    if (device.revoked !== null) {
      this.say({ t: "nack", reason: "revoked", detail: device.revoked });
      return;
    }
    device.live = this;
    this.device = device;
    this.cursors = message["cursors"] as Record<string, string>;
    this.say({
      t: "welcome",
      acked: { seq: device.head.seq, hash: toBase64(device.head.hash) },
      credits: { entries: 256, bytes: 4_000_000, push_entries: 64 },
      heartbeat_s: 20,
      server_time_ms: Date.now(),
    });
    this.deltas();
  }

  private delta(feed: string): void {
    const rows = feed === "reference" ? this.shard.rows : this.shard.customerRows;
    const from = Number(this.cursors[feed] ?? "0");
    if (this.waiting.has(feed) || from >= rows.length) return;
    const part = rows.slice(from, from + this.shard.page);
    const cursor = String(from + part.length);
    const left = rows.length - from - part.length;
    this.waiting.add(feed);
    const body = this.shard.packed
      ? { packed: toBase64(new Uint8Array(deflateRawSync(JSON.stringify(part)))) }
      : { rows: part };
    this.say({ t: "delta", feed, cursor, ...body, left, more: left > 0 });
  }

  private stored(feed: string, cursor: string): void {
    this.waiting.delete(feed);
    this.cursors[feed] = cursor;
    this.delta(feed);
  }

  private signIn(device: Device, message: Frame): void {
    const person = this.shard.staff.find((each) => each.code === message["cashier"]);
    const id = message["id"];
    if (person?.pin !== message["pin"] || person === undefined) {
      this.say({ t: "refused", id, reason: "wrong_pin", detail: "no" });
      return;
    }
    this.say({ t: "signed_in", id, cashier: person.id, share: toBase64(device.share) });
  }

  private findReceipt(message: Frame): void {
    const { id } = message;
    const [, code, place] = text(message["number"]).split("-");
    const number = code === undefined ? message["device"] : Number(code.slice(1)) + 6;
    const seq = place === undefined ? message["seq"] : Number(place);
    const device = this.shard.devices.get(Number(number));
    const isHere = place !== undefined || message["branch"] === 3;
    const entry = isHere ? device?.entries.find((each) => each.seq === seq) : undefined;
    if (entry?.kind !== "sale") {
      this.say({ t: "receipt", id, receipt: null });
      return;
    }
    const back = [...this.shard.devices.values()]
      .flatMap((each) => each.entries)
      .flatMap((each) => {
        const isOf = each.kind === "return" && each.original?.device === number && each.original?.seq === seq;
        return isOf ? each.lines : [];
      });
    const lines = entry.lines.map((line, place) => ({
      ...line,
      discount: line.discount ?? 0,
      number: place + 1,
      returned: back
        .filter((each) => each.original_line === place + 1)
        .reduce((sum, each) => sum + each.quantity, 0),
    }));
    const { total, tax, rounding } = entry;
    const currency = this.shard.foreign ?? entry.currency;
    const printed = `KW01-T0${Number(number) - 6}-${Number(seq)}`;
    const named = { branch: 3, device: number, seq, number: printed };
    const receipt = { ...named, kind: "sale", at: entry.at, currency, total, tax, rounding, lines };
    this.say({ t: "receipt", id, receipt: { ...receipt, customer: entry.customer ?? null } });
  }

  private async rescue(message: Frame): Promise<void> {
    const { id } = message;
    const device = this.shard.devices.get(Number(message["device"]));
    if (device === undefined) {
      this.say({ t: "refused", id, reason: "unknown_device", detail: "" });
      return;
    }
    const answer = await this.shard.ingest(device, message["push"] as PushFrame);
    if (answer.t === "nack") this.say({ ...answer, t: "refused", id });
    else this.say({ t: "rescued", id, acked: answer["acked"], outcomes: answer["outcomes"] });
  }
}
