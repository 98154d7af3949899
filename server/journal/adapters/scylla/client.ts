import { Client, policies, types } from "cassandra-driver";
import type { ScyllaPlace } from "./options.ts";

const CONNECT_TIMEOUT_MS = 2_000;
/** Longer than the database's own limits (1 to 2 s), so that its verdict arrives rather than our impatience. */
export const CALL_TIMEOUT_MS = 5_000;
/** A host that is down is tried again this often. */
const RECONNECT_MS = 1_000;
/** An idle connection is asked for a sign of life this often. */
const HEARTBEAT_MS = 5_000;

/** What says of itself that it may be repeated is tried on one more host; nothing else is ever sent twice. */
class OneMoreHostPolicy extends policies.retry.RetryPolicy {
  override onRequestError(
    info: policies.retry.OperationInfo,
    consistency: types.consistencies,
  ): policies.retry.DecisionInfo {
    return info.nbRetry === 0 ? this.retryResult(consistency, false) : this.rethrowResult();
  }

  override onWriteTimeout(): policies.retry.DecisionInfo {
    return this.rethrowResult();
  }
}

/**
 * A driver as the journal needs it: timestamps of the server (the clock of a console that is ahead would hide later
 * writes of others), LOCAL_QUORUM and LOCAL_SERIAL, int64 as `bigint`.
 */
export function createClient({ contactPoints, localDataCenter, credentials, tls }: ScyllaPlace): Client {
  return new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
    ...(tls === undefined ? {} : { sslOptions: { ...tls } }),
    policies: {
      retry: new OneMoreHostPolicy(),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      // The driver's declared type has no null for "off", its check of options has.
      timestampGeneration: null as unknown as policies.timestampGeneration.TimestampGenerator,
    },
    queryOptions: {
      prepare: true,
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
    },
    socketOptions: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      readTimeout: CALL_TIMEOUT_MS,
      defunctReadTimeoutThreshold: 0,
    },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    encoding: { useBigIntAsLong: true },
    // Nothing here needs the schema, and one silent host must not hold up a statement that another would answer.
    isMetadataSyncEnabled: false,
    prepareOnAllHosts: false,
    monitorReporting: { enabled: false },
  });
}
