import type { ConnectionOptions } from "node:tls";
import { Client, errors, policies, types } from "cassandra-driver";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const CALL_TIMEOUT_MS = 5_000;
const RECONNECT_MS = 1_000;
const HEARTBEAT_MS = 5_000;

export interface ScyllaPlace {
  /** `host:port`, or `host` for port 9042. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** In full, as Node's TLS takes it; in the clear when left out. */
  readonly tls?: ConnectionOptions;
  /** Copies by data centre for a keyspace that has to be made; `null` = it has to exist. */
  readonly replication: Readonly<Record<string, number>> | null;
}

/** A driver as a table of measurements needs it: LOCAL_QUORUM, timestamps of the server, int64 as `bigint`. */
export function createClient({
  contactPoints,
  localDataCenter,
  credentials,
  tls,
}: Omit<ScyllaPlace, "keyspace">): Client {
  return new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
    ...(tls === undefined ? {} : { sslOptions: { ...tls } }),
    policies: {
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      // The driver's declared type has no null for "off", its check of options has.
      timestampGeneration: null as unknown as policies.timestampGeneration.TimestampGenerator,
    },
    queryOptions: { prepare: true, consistency: types.consistencies.localQuorum },
    socketOptions: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      readTimeout: CALL_TIMEOUT_MS,
      defunctReadTimeoutThreshold: 0,
    },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    encoding: { useBigIntAsLong: true },
    isMetadataSyncEnabled: false,
    prepareOnAllHosts: false,
    monitorReporting: { enabled: false },
  });
}

/** Codes of the 2000s (hexadecimal) say that the statement as such was refused, before anything was done. */
const isRefusal = (code: number): boolean => code >= types.responseErrorCodes.syntaxError && code < 0x3000;

/** `upstream-malformed` when the database refuses the statement as such, `upstream-unavailable` for everything else. */
export function toOpsError(cause: unknown): OpsError {
  if (cause instanceof OpsError) return cause;
  if (
    cause instanceof errors.ResponseError &&
    isRefusal(cause.code) &&
    cause.code !== types.responseErrorCodes.unauthorized
  ) {
    return new OpsError("upstream-malformed", `The database refused the statement: ${messageOf(cause)}`, { cause });
  }
  return new OpsError("upstream-unavailable", `The database did not answer: ${tlsFault(cause) ?? messageOf(cause)}`, {
    cause,
  });
}
