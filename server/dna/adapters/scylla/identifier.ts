import { OpsError } from "#server/kernel/errors.ts";

/** Names of keyspaces, in Cassandra and ScyllaDB: letters, digits and underscores, 48 at most. */
const KEYSPACE_NAME = /^[A-Za-z0-9_]{1,48}$/;

/**
 * The name of a keyspace as CQL takes it, in quotes so that its case is kept.
 *
 * @throws OpsError `invalid-input` for anything that is not such a name
 */
export function quoteKeyspace(name: string): string {
  if (!KEYSPACE_NAME.test(name)) throw new OpsError("invalid-input", `Not the name of a keyspace: ${name}`);
  return `"${name}"`;
}
