/** A manager's word for one action: a token that is good once, for two minutes, for one permission. */
import type { Permission } from "@octonext/core/roles";

import { TillRefusal, type Approval, type Person } from "./api";
import type { Environment } from "./environment";

export const APPROVAL_MS = 120_000;
/** Tokens that wait to be used; more means somebody only asks. */
const APPROVALS_MAX = 16;
const TOKEN_BYTES = 16;

interface Given {
  permission: Permission;
  by: Person;
  until: number;
}

export class Approvals {
  private readonly given = new Map<string, Given>();

  constructor(private readonly environment: Environment) {}

  give(permission: Permission, by: Person): Approval {
    const oldest = this.given.keys().next();
    if (this.given.size >= APPROVALS_MAX && oldest.done !== true) this.given.delete(oldest.value);
    const token = [...this.environment.random(TOKEN_BYTES)]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
    this.given.set(token, { permission, by, until: this.clock() + APPROVAL_MS });
    return { token, by };
  }

  /** Who approved; the token is good until `spend`. Raises `approval_invalid`. */
  check(permission: Permission, token: string): Person {
    const found = this.given.get(token);
    if (found?.permission !== permission || found.until < this.clock()) {
      this.given.delete(token);
      throw new TillRefusal("approval_invalid");
    }
    return found.by;
  }

  /** The action that the token was for is durable. */
  spend(token: string): void {
    this.given.delete(token);
  }

  forget(): void {
    this.given.clear();
  }

  private clock(): number {
    return this.environment.monotonic();
  }
}
