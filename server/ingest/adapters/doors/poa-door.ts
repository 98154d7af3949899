import type { IncomingMessage } from "node:http";
import type { SessionDesk } from "#server/ingest/ports.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { DoorDeps, DoorState } from "./door.ts";

export interface PoaDeps {
  readonly desk: SessionDesk;
}

export interface PoaDoor {
  serves(target: string): boolean;
  handle(
    request: IncomingMessage,
  ): Promise<{ readonly status: number; readonly body: JsonObject | readonly JsonValue[] | null }>;
}

export function createPoaDoor(_deps: DoorDeps, _poa: PoaDeps, _state: DoorState): PoaDoor {
  return { serves: () => false, handle: async () => ({ status: 404, body: null }) };
}
