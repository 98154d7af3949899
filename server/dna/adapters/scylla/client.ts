import { Client, policies, types } from "cassandra-driver";
import type { ScyllaOptions } from "./options.ts";

export const CONNECT_TIMEOUT_MS = 2_000;
export const READ_TIMEOUT_MS = 2_000;
/** A host that is down is tried again this often. */
const RECONNECT_MS = 1_000;
/** An idle connection is asked for a sign of life this often. */
const HEARTBEAT_MS = 5_000;

/** A read that a host did not answer is tried on one more host; nothing else is ever repeated. */
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
 * A driver that behaves as the console needs it: server-side timestamps (a client's clock that is ahead would hide later
 * writes of others), LOCAL_QUORUM and LOCAL_SERIAL, int64 as `bigint`, and a host that once did not answer in time is
 * down until it answers again.
 */
export function createClient(options: Omit<ScyllaOptions, "keyspace">): Client {
  const { username, password, tls } = options;
  return new Client({
    contactPoints: [...options.contactPoints],
    localDataCenter: options.localDataCenter,
    ...(username === undefined ? {} : { credentials: { username, password: password ?? "" } }),
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
      readTimeout: READ_TIMEOUT_MS,
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
