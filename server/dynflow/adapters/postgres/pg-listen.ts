import type { Client } from "pg";
import { isUuid } from "#server/dynflow/adapters/sql/ids.ts";
import { worldOwnerId } from "#server/dynflow/domain/records.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { PgConnections } from "./pg-connections.ts";
import { pgOpsError } from "./pg-errors.ts";

/** Worlds are processes of one installation: more than this is no list of worlds. */
const WORLDS_MAX = 1_000;
/** A server that says nothing never confirms a farewell either. */
const FAREWELL_TIMEOUT_MS = 500;
const CHANNEL_PREFIX = "world:";

/**
 * Listens on the channels of worlds (`LISTEN "world:<id>"`, connectors/database.rb), on a connection of its own.
 * `onLost` is called once when the connection ends by itself; the returned function ends it quietly.
 */
export async function listenToWorlds(
  connections: PgConnections,
  worldIds: readonly string[],
  onNotify: (worldId: string) => void,
  onLost: (cause: unknown) => void,
): Promise<() => Promise<void>> {
  if (worldIds.length > WORLDS_MAX) throw new OpsError("limit-exceeded", `At most ${WORLDS_MAX} worlds at once`);
  const client = await connections.connect();
  let over = false;
  const lost = (cause: unknown): void => {
    if (over) return;
    over = true;
    onLost(pgOpsError(cause));
    void endBounded(client);
  };
  client.on("error", lost);
  client.on("end", () => lost(new Error("the connection ended")));
  client.on("notification", ({ channel }) => {
    if (!over && channel.startsWith(CHANNEL_PREFIX)) onNotify(channel.slice(CHANNEL_PREFIX.length));
  });
  try {
    const channels = worldIds.filter(isUuid).map((id) => client.escapeIdentifier(worldOwnerId(id)));
    if (channels.length > 0) await client.query(channels.map((channel) => `LISTEN ${channel}`).join("; "));
  } catch (cause) {
    over = true;
    await endBounded(client);
    throw cause;
  }
  return async () => {
    over = true;
    await endBounded(client);
  };
}

async function endBounded(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FAREWELL_TIMEOUT_MS);
  });
  await Promise.race([client.end(), patience]).finally(() => clearTimeout(timer));
}
