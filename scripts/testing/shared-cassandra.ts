import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { inject } from "vitest";

/** Where the run's shared Cassandra listens. */
export interface SharedCassandra {
  /** `address:port` of its one node. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
}

/**
 * The one Cassandra of this test run, running and ready. For files of the project `services`; each makes a keyspace of
 * its own ({@link uniqueKeyspace}). Who pauses, stops or kills nodes starts a cluster of his own instead.
 *
 * @throws Error with the tail of Cassandra's log when it does not start
 */
export function sharedCassandra(): Promise<SharedCassandra> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: inject("cassandraSocket"), path: "/" }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(JSON.parse(body));
        else reject(new Error(body));
      }, reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** A keyspace name that no other test uses: `prefix` and ten random hex digits. */
export function uniqueKeyspace(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString("hex")}`;
}
