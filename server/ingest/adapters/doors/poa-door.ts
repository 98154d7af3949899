import type { IncomingMessage } from "node:http";
import type { Account, SessionDesk } from "#server/ingest/ports.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import type { DoorDeps, DoorState } from "./door.ts";

/** Users of the older protocol, kept as all users of agents are. */
export interface PoaAccounts {
  users(): readonly Account[];
  user(name: string): Account | null;
  isEnded(tokenId: string): boolean;
  endToken(tokenId: string, expiresAt: Account["createdAt"]): void;
  add(wanted: { readonly name: string; readonly password: string; readonly scope: Account["scope"] }): Promise<Account>;
  setActive(name: string, active: boolean): Promise<Account | null>;
  remove(name: string): Promise<boolean>;
}

export interface PoaDeps {
  readonly desk: SessionDesk;
  readonly accounts: PoaAccounts;
  readonly admins: readonly { readonly name: string; readonly secret: { reveal(): string } }[];
  /** In constant time. */
  readonly same: (one: string, other: string) => boolean;
  readonly newPassword: () => string;
  readonly newName: () => string;
}

export interface PoaAnswer {
  readonly status: number;
  readonly body: { readonly [key: string]: JsonValue } | readonly JsonValue[] | null;
}

export interface PoaDoor {
  serves(target: string): boolean;
  handle(request: IncomingMessage): Promise<PoaAnswer>;
}

export function createPoaDoor(_deps: DoorDeps, _poa: PoaDeps, _state: DoorState): PoaDoor {
  return { serves: () => false, handle: async () => ({ status: 404, body: null }) };
}
