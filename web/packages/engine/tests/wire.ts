/** Frames as they stand on the wire, for the gateway in memory: nothing in them is believed. */
import { fromBase64, type Bytes } from "@octonext/core";

export type Frame = Record<string, unknown> & { t: string };

export interface PushFrame {
  first: number;
  prev: string;
  entries: { k: string; h: string; c: string }[];
  keys: { id: string; wrapped: string }[];
  signature: string;
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const bytes = (value: unknown): Bytes => fromBase64(text(value)) ?? new Uint8Array();
