/** Becoming a till: a one-time code, and a key pair made here, against a place in the chain. */
import { toBase64 } from "@octonext/core";
import type { Enrolment, TillStorage } from "@octonext/storage";

import { TillRefusal } from "./api";
import type { Environment } from "./environment";
import { readEnrolment, storeIdentity } from "./identity";

const PATH = "/api/v1/enrolments";
const DETAIL_LENGTH_MAX = 300;
const NAME_LENGTH_MAX = 100;

/** Raises `unreachable`, `enrolment_refused`. */
export async function enrol(
  environment: Environment,
  enrolment: Enrolment,
  request: { code: string; name: string },
): Promise<TillStorage> {
  const body = JSON.stringify({
    code: request.code.trim(),
    name: request.name.trim().slice(0, NAME_LENGTH_MAX),
    public_key: toBase64(enrolment.publicKey),
    footprint: environment.footprint,
  });
  const headers = { "content-type": "application/json" };
  const response = await environment.fetch(PATH, { method: "POST", headers, body }).catch(() => {
    throw new TillRefusal("unreachable");
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.status >= 500 || response.status === 429) throw new TillRefusal("unreachable");
  if (response.status !== 201) throw new TillRefusal("enrolment_refused", { detail: problemOf(answer) });
  const { identity, share } = readEnrolment(answer);
  return enrolment.complete({ identity: storeIdentity(identity), share });
}

function problemOf(answer: unknown): string {
  const problem = (typeof answer === "object" && answer !== null ? answer : {}) as {
    detail?: unknown;
    title?: unknown;
  };
  const text = [problem.detail, problem.title].find((each) => typeof each === "string" && each !== "");
  return typeof text === "string" ? text.slice(0, DETAIL_LENGTH_MAX) : "";
}
