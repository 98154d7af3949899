/** Whether the database of a table of points answers and has it, found out by questions only. */
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { createClient, type ScyllaPlace, toOpsError } from "./scylla-client.ts";

const KEYSPACE = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
const TABLE = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'metric_points'";

/** Makes nothing, unlike the store's first call. */
export async function probePoints(place: ScyllaPlace): Promise<readonly Finding[]> {
  const client = createClient(place);
  const { keyspace } = place;
  const isThere = async (statement: string): Promise<boolean> =>
    (await client.execute(statement, [keyspace], { prepare: true })).rowLength > 0;
  try {
    await client.connect();
    const answers = found.connection.ok(`${place.contactPoints.join(", ")} answers`);
    if (await isThere(TABLE)) return [answers, found.capability.ok(`${keyspace}.metric_points is there`)];
    if (await isThere(KEYSPACE)) return [answers, found.capability.note(`${keyspace}.metric_points will be made`)];
    if (place.replication !== null) return [answers, found.capability.note(`keyspace ${keyspace} will be made`)];
    const text = `keyspace ${keyspace} is not there, and no replication says how it is to be made`;
    return [answers, found.capability.missing(text)];
  } catch (cause) {
    return [found.connection.missing(messageOf(toOpsError(cause)))];
  } finally {
    await client.shutdown();
  }
}
