/** A source over a store alone, as services see it, for tests. */
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import { type DynflowFold, EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { DynflowStore } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

const UP: DynflowFold = { ...EMPTY_DYNFLOW, source: { state: "up", since: epochMs(0), reason: null } };

/** Named `lab`; nothing can be acted on. */
export const sourceOver = (store: DynflowStore, fold: DynflowFold = UP): DynflowSource => ({
  id: "lab",
  title: "Lab",
  act: false,
  store,
  commands: null,
  cancellable: [],
  fold: () => fold,
  capabilities: () => null,
  planProgress: () => null,
  lapMs: () => null,
  databaseShare: () => null,
  undecodable: () => [],
  look: () => undefined,
});

export const callerOf = (role: Role, id: string = role): Caller => ({
  principal: { id, role, kind: "token", sources: null, tokenId: id },
  address: "127.0.0.1",
});

export { UP as FOLD_UP };
