import type { IncomingMessage } from "node:http";
import type { IngestDoor } from "#server/contract/agents.ts";
import type { IngestLimits } from "#server/ingest/domain/settings.ts";
import type { AgentWatch, Intake, SessionDesk } from "#server/ingest/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { AboutBook } from "./about-book.ts";
import type { RateLimits } from "./rate-limits.ts";

/** What every door of the gateway leads to. */
export interface DoorDeps {
  readonly intake: Intake;
  readonly watch: AgentWatch;
  readonly desk: SessionDesk;
  readonly limits: IngestLimits;
  /** Real time. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Address of who asks, as the trusted proxies tell it. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** What the doors share while they are open. */
export interface DoorState {
  readonly rates: RateLimits;
  readonly about: AboutBook;
  readonly figures: DoorFigures;
}

export interface DoorCounts {
  /** Calls and frames that were answered well. */
  readonly taken: number;
  readonly refused: number;
  /** Connections that are open; of HTTP not told. */
  readonly open: number;
}

/** Counts by door, since the start. */
export interface DoorFigures {
  count(door: IngestDoor, outcome: "taken" | "refused"): void;
  opened(door: IngestDoor): void;
  closed(door: IngestDoor): void;
  read(): Readonly<Record<IngestDoor, DoorCounts>>;
}

export function createDoorFigures(): DoorFigures {
  const zero = () => ({ taken: 0, refused: 0, open: 0 });
  const counts = { http: zero(), websocket: zero(), poa: zero() };
  return {
    count(door, outcome) {
      counts[door][outcome] += 1;
    },
    opened(door) {
      counts[door].open += 1;
    },
    closed(door) {
      counts[door].open -= 1;
    },
    read: () => ({ http: { ...counts.http }, websocket: { ...counts.websocket }, poa: { ...counts.poa } }),
  };
}
