import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import type { UpstreamTls } from "#server/kernel/tls.ts";

export interface UpstreamTlsOptions extends ConnectionOptions {
  readonly rejectUnauthorized: true;
  readonly minVersion: "TLSv1.2";
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * What Node's TLS, and every driver that builds on it, is told. Set in full, so that no variable of the environment
 * (`NODE_TLS_REJECT_UNAUTHORIZED`) loosens it.
 *
 * @param names of the same system, besides the host that is connected to: a driver that has found its hosts by itself
 *   knows them by address, and their certificates may be for these
 */
export function tlsOptions(tls: UpstreamTls, names: readonly string[] = []): UpstreamTlsOptions {
  const { ca, certificate, key, serverName } = tls;
  return {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(ca === null ? {} : { ca: ca.reveal() }),
    ...(certificate === null ? {} : { cert: certificate.reveal() }),
    ...(key === null ? {} : { key: key.reveal() }),
    ...(serverName === null || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    checkServerIdentity(host, shown) {
      const [first, ...others] = serverName === null ? [host, ...names] : [serverName];
      const fault = checkServerIdentity(first ?? host, shown);
      if (fault === undefined) return undefined;
      return others.some((name) => checkServerIdentity(name, shown) === undefined) ? undefined : fault;
    },
  };
}
