import type { Caller } from "#server/auth/caller.ts";
import type { Audience } from "#server/auth/permissions.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { type EventActor, MASKED, type Maskable, type SourceHealth } from "#server/contract/event.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import { type Clock, type EpochMs, toIso } from "#server/kernel/clock.ts";
import type { PlanCommands } from "./commands.ts";
import type { RequestType } from "./domain/protocol.ts";
import type { DynflowCapabilities, DynflowStore } from "./ports.ts";
import type { UndecodableEnvelope } from "./undecodable-envelopes.ts";

/** One configured Dynflow database with everything the queries need. */
export interface DynflowSource {
  readonly id: string;
  readonly title: string;
  readonly act: boolean;
  readonly store: DynflowStore;
  /** `null` when `act` is off: nothing is ever written then. */
  readonly commands: PlanCommands | null;
  /** Classes, or their beginnings, whose steps can be cancelled. */
  readonly cancellable: readonly string[];
  fold(): DynflowFold;
  /** What the database was found to be; `null` until it answered once. */
  capabilities(): DynflowCapabilities | null;
  planProgress(planId: string): number | null;
  lapMs(): number | null;
  /** Share of the database's time that our reading took in the last minute; `null` until it is known. */
  databaseShare(): number | null;
  /** By how much the database's clock is ahead of ours; `null` or left out while it is not known. */
  clockOffsetMs?(): number | null;
  /** Envelopes that came for our own world and could not be decoded, latest first; kept, and bounded. */
  undecodable(): readonly UndecodableEnvelope[];
  /** Keeps a plan followed closely for a while, because someone looks at it. */
  look(planId: string): void;
}

export const NOT_ACTING = "Acting on this source is switched off (act: false): Worldline writes nothing there";

/** Why nothing, or not this message, can be sent to this source at present; `null` = it can. */
export const actRefusal = (source: DynflowSource, needs?: RequestType): string | null =>
  source.commands === null ? NOT_ACTING : source.commands.refusal(needs);

export interface Fault {
  readonly source: string;
  readonly message: string;
  readonly since: string | null;
}

type Seen = readonly { readonly id: string; fold(): { source: DynflowFold["source"] } }[];

/** `asOf` and the faults of an answer that rests on a read of these sources; `at` is when that read began. */
export const observedAt = (at: EpochMs, sources: Seen) => ({
  asOf: toIso(at),
  faults: sources.flatMap((source) => faultOf(source.id, source.fold().source)),
});

/** The same for an answer out of what is known of these sources now. */
export const observedNow = (clock: Clock, sources: Seen) => observedAt(clock.now(), sources);

export function faultOf(id: string, health: { state: SourceHealth; since: number; reason: string | null }): Fault[] {
  if (health.state === "up") return [];
  const message = health.reason ?? (health.state === "starting" ? "not read yet" : "down");
  return [{ source: id, message, since: health.since === 0 ? null : toIso(health.since as ReturnType<Clock["now"]>) }];
}

/** The value for operators, its stand-in for everybody else. */
export const maskedFor = <T>(audience: Audience, value: T): Maskable<T> => (audience === "operator" ? value : MASKED);
export const audienceFor = (caller: Caller): Audience => audienceOf(caller.principal);

/** Whoever acts, and why, as the journal keeps it. */
export const toActor = (caller: Caller, reason: string): EventActor => ({
  user: caller.principal.id,
  role: caller.principal.role,
  address: caller.address,
  reason,
});
