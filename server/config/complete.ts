import path from "node:path";
import type { UpstreamTls } from "#server/kernel/tls.ts";
import { toAlertSinks } from "./alerts-rules.ts";
import { asksForTls, isMysqlUrl } from "./database-url.ts";
import type { ConfigurationPath } from "./fault.ts";
import { toIngest } from "./ingest-complete.ts";
import type {
  BeamConfiguration,
  Configuration,
  DnaSourceConfiguration,
  DynflowSourceConfiguration,
  HafSourceConfiguration,
  JournalConfiguration,
  ListenConfiguration,
  RegionConfiguration,
  ScyllaJournalConfiguration,
} from "./model.ts";
import type { BeamDocument, ConfigurationDocument, DnaDocument, DynflowDocument, HafDocument } from "./schema.ts";
import type { SecretReader } from "./secret-reader.ts";
import { PLAIN_TLS, toTls } from "./tls-complete.ts";

/** Where Erlang's port mapper listens unless told otherwise. */
const EPMD_PORT = 4369;

/** Region of sources in a file that has no regions. */
const DEFAULT_REGION: RegionConfiguration = { id: "default", title: "Default" };

export interface CompletionContext {
  readonly file: string | null;
  readonly cwd: string;
  readonly port?: number;
  readonly secrets: SecretReader;
}

/** The document with everything filled in, secrets resolved (a missing one is left to the reader's faults) and frozen. */
export function complete(document: ConfigurationDocument, context: CompletionContext): Configuration {
  const folder = context.file === null ? context.cwd : path.dirname(context.file);
  const dna = document.dna.map((source, index) => toDnaSource(source, index, context.secrets));
  const dynflow = document.dynflow.map((source, index) => toDynflowSource(source, index, context.secrets));
  const haf = document.haf.map((source, index) => toHafSource(source, index, context.secrets));
  const journal = toJournal(document.journal, folder, context.secrets);
  const ingest =
    document.ingest === undefined ? null : toIngest(document.ingest, { folder, journal, secrets: context.secrets });
  // A gateway alone is a console of agents; beside `demo` it is the demo's.
  const isReal = dna.length + dynflow.length + haf.length > 0 || (ingest !== null && document.demo === undefined);
  return deepFreeze({
    file: context.file,
    listen: toListen(document.listen, context.port),
    journal,
    auth: document.auth,
    readOnly: document.readOnly,
    approvals: document.approvals,
    limits: document.limits,
    masks: document.masks,
    links: document.links,
    loadBalancer: document.loadBalancer,
    regions: toRegions(document, [...dna, ...dynflow, ...haf]),
    dna,
    dynflow,
    haf,
    ingest,
    alerts: toAlertSinks(document.alerts, context.secrets),
    demo: isReal ? null : { speed: document.demo?.speed ?? 1 },
  });
}

function toJournal(
  journal: ConfigurationDocument["journal"],
  folder: string,
  secrets: SecretReader,
): JournalConfiguration {
  const { store, keepDays, keepOperatorDays, maxBytes, keepEvents } = journal;
  return {
    store,
    path: path.resolve(folder, journal.path),
    scylla: store === "scylla" ? toScyllaJournal(journal, secrets) : null,
    keepDays,
    keepOperatorDays,
    maxBytes,
    keepEvents: keepEvents ?? null,
    key: secrets.read(journal, "key", ["journal"]),
  };
}

/** What is missing of it is a fault of the rules, and then nobody gets to see this. */
function toScyllaJournal(
  journal: ConfigurationDocument["journal"],
  secrets: SecretReader,
): ScyllaJournalConfiguration | null {
  const { contactPoints, localDataCenter, keyspace, replication, username } = journal;
  const password = secrets.read(journal, "password", ["journal"]);
  const tls = toTls(journal.tls, ["journal", "tls"], secrets);
  if (contactPoints === undefined || localDataCenter === undefined || keyspace === undefined) return null;
  return {
    contactPoints: contactPoints.map(withPort),
    localDataCenter,
    keyspace,
    replication: replication ?? null,
    username: username ?? null,
    password,
    tls,
  };
}

const withPort = (point: string): string => (/:\d+$/.test(point) ? point : `${point}:9042`);

function toListen(listen: ConfigurationDocument["listen"], port: number | undefined): ListenConfiguration {
  return {
    host: listen.host,
    port: port ?? listen.port,
    publicOrigin: listen.publicOrigin?.toLowerCase() ?? null,
    allowedHosts: listen.allowedHosts,
    trustedProxies: listen.trustedProxies,
  };
}

function toRegions(
  document: ConfigurationDocument,
  sources: readonly { readonly region: string }[],
): readonly RegionConfiguration[] {
  if (document.regions.length > 0) return document.regions.map(({ id, title }) => ({ id, title: title ?? id }));
  const ids = [...new Set(sources.map((source) => source.region))];
  return ids.map((id) => (id === DEFAULT_REGION.id ? DEFAULT_REGION : { id, title: id }));
}

function toDnaSource(source: DnaDocument, index: number, secrets: SecretReader): DnaSourceConfiguration {
  const { contactPoints, localDataCenter, keyspace, username } = source.scylla;
  return {
    id: source.id,
    region: source.region ?? DEFAULT_REGION.id,
    title: source.title ?? source.id,
    cluster: source.cluster ?? null,
    scylla: {
      contactPoints: contactPoints.map(withPort),
      localDataCenter,
      keyspace,
      username: username ?? null,
      password: secrets.read(source.scylla, "password", ["dna", index, "scylla"]),
      tls: toTls(source.scylla.tls, ["dna", index, "scylla", "tls"], secrets),
    },
    modules: source.modules,
    act: source.act,
    beam: source.beam === undefined ? null : toBeam(source.beam, ["dna", index, "beam"], secrets),
  };
}

/** A cookie or certificate that is missing is a fault of the rules or the secrets, and then nobody gets to see this. */
function toBeam(beam: BeamDocument, at: ConfigurationPath, secrets: SecretReader): BeamConfiguration | null {
  const cookie = secrets.read(beam, "cookie", at);
  const ca = beam.tls === undefined ? null : secrets.read(beam.tls, "ca", [...at, "tls"]);
  const certificate = beam.tls === undefined ? null : secrets.read(beam.tls, "certificate", [...at, "tls"]);
  const key = beam.tls === undefined ? null : secrets.read(beam.tls, "key", [...at, "tls"]);
  if (cookie === null) return null;
  return {
    name: beam.name,
    cookie,
    evaluate: beam.evaluate,
    reach:
      beam.port === undefined ? { kind: "epmd", port: beam.epmdPort ?? EPMD_PORT } : { kind: "fixed", port: beam.port },
    tls: beam.tls === undefined || ca === null ? null : { ca, certificate, key, checkHost: beam.tls.checkHost },
  };
}

function toDynflowSource(source: DynflowDocument, index: number, secrets: SecretReader): DynflowSourceConfiguration {
  const password = secrets.read(source, "password", ["dynflow", index]);
  const tls = toDatabaseTls(source, ["dynflow", index, "tls"], secrets);
  return {
    id: source.id,
    region: source.region ?? DEFAULT_REGION.id,
    title: source.title ?? source.id,
    database: source.url.startsWith("sqlite:")
      ? { kind: "sqlite", path: decodeURIComponent(source.url.slice("sqlite://".length)) }
      : { kind: isMysqlUrl(source.url) ? "mysql" : "postgres", url: source.url, password, tls },
    release: source.release ?? null,
    act: source.act,
    cancellable: source.cancellable,
  };
}

/** An address can ask for it too. */
function toDatabaseTls(
  { tls, url }: Pick<DynflowDocument, "tls" | "url">,
  at: ConfigurationPath,
  secrets: SecretReader,
): UpstreamTls | null {
  return tls === undefined && asksForTls(url) ? PLAIN_TLS : toTls(tls, at, secrets);
}

/** A way to the engine that is missing is a fault of the rules, and then nobody gets to see this. */
function toHafSource(source: HafDocument, index: number, secrets: SecretReader): HafSourceConfiguration {
  const { socket, url, project } = source.docker ?? {};
  const how = source.docker?.tls ?? url?.startsWith("https:");
  const engineTls = toTls(how, ["haf", index, "docker", "tls"], secrets);
  const engine =
    socket === undefined
      ? url === undefined
        ? null
        : ({ kind: "tcp", url, tls: engineTls } as const)
      : ({ kind: "socket", path: socket } as const);
  return {
    id: source.id,
    region: source.region ?? DEFAULT_REGION.id,
    title: source.title ?? source.id,
    url: source.url,
    password: secrets.read(source, "password", ["haf", index]),
    tls: toDatabaseTls(source, ["haf", index, "tls"], secrets),
    apps: source.apps,
    docker: engine === null || project === undefined ? null : { engine, project },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
