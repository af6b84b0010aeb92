/** Handing over what a till cannot hand over itself: its sealed journal as a file, through any other till. */
import { TillRefusal, type RescueFile } from "./api";
import {
  decodeRescue,
  encodeRescue,
  joinQrParts,
  splitForQr,
  type Opened,
  type Rescue,
} from "@octonext/storage";
import { fromUtf8, sameBytes, utf8, type Bytes, type PushBody } from "@octonext/core";

import { expectAnswer, type Sync } from "./sync";
import type { Till } from "./till";

/** How every scanned piece begins. */
const SCANNED = utf8("ONR1:");

/** What this browser's till has not handed over. */
export async function rescueOf(opened: Opened | null): Promise<Rescue> {
  if (opened === null || opened.kind === "unenrolled" || opened.kind === "newer") {
    throw new TillRefusal("internal", { detail: "there is no journal here" });
  }
  return opened.kind === "ready" ? opened.storage.rescue() : opened.rescue();
}

/** As a file that any till of the branch takes; nobody at a till can read what is in it. */
export async function rescueFile(rescue: Rescue, now: number): Promise<RescueFile> {
  const bytes = encodeRescue(rescue);
  const entries = rescue.pushes.reduce((sum, push) => sum + push.entries.length, 0);
  const day = new Date(now).toISOString().slice(0, 10);
  return { name: `till-${rescue.device}-${day}.octonext`, bytes, entries, parts: await splitForQr(bytes) };
}

/** Hands another till's export over. Raises `damaged_file`, `other_branch`, `offline`. */
export async function uploadRescue(
  till: Till,
  sync: Sync,
  file: Uint8Array,
): Promise<{ device: number; entries: number }> {
  const rescue = decodeRescue(await fileOf(new Uint8Array(file)));
  if (rescue.branch !== till.identity.branchId) throw new TillRefusal("other_branch");
  let entries = 0;
  for (const push of rescue.pushes) {
    const answer = await sync.ask({ t: "rescue", device: rescue.device, push: bodyOf(push) });
    if (answer.t === "refused") {
      if (answer.reason === "other_branch") throw new TillRefusal("other_branch");
      if (answer.reason === "overloaded" || answer.reason === "unavailable") throw new TillRefusal("offline");
      throw new TillRefusal("damaged_file", { detail: `${answer.reason}: ${answer.detail}` });
    }
    expectAnswer(answer, "rescued");
    entries += push.entries.length;
  }
  return { device: rescue.device, entries };
}

/** Pieces that were scanned come as their texts, a line each. */
async function fileOf(given: Bytes): Promise<Bytes> {
  if (!sameBytes(given.subarray(0, SCANNED.length), SCANNED)) return given;
  return joinQrParts(fromUtf8(given).split("\n"));
}

function bodyOf(push: Rescue["pushes"][number]): PushBody {
  return {
    first: push.first,
    prev: new Uint8Array(push.prev),
    entries: push.entries.map(({ keyId, hash, ciphertext }) => ({
      k: keyId,
      h: new Uint8Array(hash),
      c: new Uint8Array(ciphertext),
    })),
    keys: push.keys.map(({ id, forShard }) => ({ id, wrapped: new Uint8Array(forShard) })),
    signature: new Uint8Array(push.signature),
  };
}
