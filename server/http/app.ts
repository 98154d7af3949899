import type { IncomingMessage, ServerResponse } from "node:http";
import type { StreamOwner } from "#server/auth/authenticator.ts";
import type { Principal } from "#server/auth/permissions.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Operations } from "#server/operations/ports.ts";
import type { CallMeter } from "#server/trpc/call-meter.ts";
import type { Services } from "#server/trpc/services.ts";

/**
 * The console without HTTP, as `server/compose.ts` puts it together: everything that the doors lead to. Nothing in it
 * knows of requests but the live feed, which writes its own answers.
 */
export interface App {
  readonly services: Services;
  readonly live: LiveFeed;
  /** Kept beside the journal; sessions that were logged out are remembered in it. */
  readonly state: Pick<StateStore, "list" | "putAll">;
  readonly operations: Operations;
  readonly health: AppHealth;
  /** Told of each procedure that is called; left out = nobody counts them. */
  readonly calls?: CallMeter;
  /** Opens sources and starts readers. Resolves without waiting for any of them to answer. */
  start(): Promise<void>;
  /** Readers, jobs and client worlds leave, the journal closes. Called once; must be done within 2 s. */
  stop(): Promise<void>;
}

/** `GET /api/live`, for somebody who may see it. */
export interface LiveFeed {
  /** Answers with the stream; it ends with the response, or by `end`. */
  serve(request: IncomingMessage, response: ServerResponse, subscriber: LiveSubscriber): void;
  /** Says `ended` to all streams whose owner matches, and closes them, at once. */
  end(match: (owner: StreamOwner) => boolean, reason: string): void;
}

export interface LiveSubscriber extends StreamOwner {
  readonly principal: Principal;
  /** When the login ends by itself; `null` = never. */
  readonly expiresAt: EpochMs | null;
}

/** What probes and metrics ask for; all from memory, at once. */
export interface AppHealth {
  /** What has to be so before the console is of use. */
  readiness(): readonly ReadinessCheck[];
  /** Every source, and whether its last read succeeded. */
  sources(): readonly SourceState[];
  figures(): AppFigures;
  /** Of the gateway that agents send to; `null`, or left out = this process has none. */
  agents?(): AgentDoorFigures | null;
}

export interface AgentDoorFigures {
  /** By door: calls and frames since the start, connections now. */
  readonly doors: Readonly<Record<string, { readonly taken: number; readonly refused: number; readonly open: number }>>;
  /** Numbers that agents sent, in the text format of Prometheus; empty when none are kept. */
  readonly text: string;
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ready: boolean;
  readonly note: string | null;
}

export interface SourceState {
  readonly id: string;
  readonly up: boolean;
  /** Duration of the last read that succeeded; `null` = none yet. */
  readonly readMs: number | null;
  /** Since the last read that succeeded; `null` = none yet. */
  readonly ageMs: number | null;
}

/** Since the start of the process. */
export interface AppFigures {
  readonly journalAppends: number;
  readonly journalFailures: number;
  /** Whether this console writes its journal now; false = it follows another. */
  readonly journalWriter: boolean;
  readonly liveClients: number;
  /** Longest of the last two minutes, in real time. */
  readonly loopDelayMs: number;
}
