/** How configured connections are encrypted, as drivers take it; and what `worldline check` finds out about it. */
import { isIP } from "node:net";
import { type Finding, found } from "#server/kernel/finding.ts";
import type { UpstreamTls } from "#server/kernel/tls.ts";
import { lookAtTls } from "#server/runtime/tls-look.ts";
import { tlsOptions, type UpstreamTlsOptions } from "#server/runtime/upstream-tls.ts";

interface CqlPlace {
  /** `host:port` each. */
  readonly contactPoints: readonly string[];
  readonly tls: UpstreamTls | null;
}

/** As a webhook is spoken with. */
export const WELL_KNOWN_TLS = tlsOptions({ ca: null, certificate: null, key: null, serverName: null });

/** For one server. */
export const withTls = (tls: UpstreamTls | null): { readonly tls?: UpstreamTlsOptions } =>
  tls === null ? {} : { tls: tlsOptions(tls) };

/** The driver knows the nodes of a cluster by address: a certificate may also be for any name among the contact points. */
export function withCqlTls({ contactPoints, tls }: CqlPlace): { readonly tls?: UpstreamTlsOptions } {
  if (tls === null) return {};
  const names = contactPoints.map((point) => placeOf(point).host).filter((host) => isIP(host) === 0);
  return { tls: tlsOptions(tls, names) };
}

/** What the contact points show of their encryption; nothing said, nothing changed. */
export async function probeCqlTls(place: CqlPlace): Promise<readonly Finding[]> {
  const { tls } = withCqlTls(place);
  if (tls === undefined) return [found.connection.note("in the clear: no tls is configured")];
  return Promise.all(
    place.contactPoints.map((point) => {
      const { host, port } = placeOf(point);
      return probeTls(host, port, tls);
    }),
  );
}

/** What one server shows of its encryption. */
export async function probeTls(host: string, port: number, options: UpstreamTlsOptions): Promise<Finding> {
  const look = await lookAtTls(host, port, options);
  return look.kind === "trusted"
    ? found.connection.ok(`${host}:${port} is spoken with over ${look.protocol} (${look.cipher})`)
    : found.connection.missing(`${host}:${port}: ${look.why}`);
}

function placeOf(point: string): { readonly host: string; readonly port: number } {
  const at = point.lastIndexOf(":");
  return { host: point.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(point.slice(at + 1)) };
}
