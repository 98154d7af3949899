import { existsSync } from "node:fs";
import type { JournalVerdict, SourceProbe } from "#server/cli/source-probe.ts";
import type {
  BeamConfiguration,
  Configuration,
  DnaSourceConfiguration,
  DynflowSourceConfiguration,
  HafDockerConfiguration,
  HafSourceConfiguration,
  JournalConfiguration,
  ScyllaJournalConfiguration,
} from "#server/config/model.ts";
import { probeBeam } from "#server/dna/adapters/beam/probe.ts";
import { probeScylla } from "#server/dna/adapters/scylla/probe.ts";
import { isMalformed } from "#server/dna/ports.ts";
import { probeMysql } from "#server/dynflow/adapters/mysql/mysql-probe.ts";
import { probePostgres } from "#server/dynflow/adapters/postgres/probe.ts";
import { capabilityFindings } from "#server/dynflow/adapters/sql/capability-findings.ts";
import { createSqliteStore } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { probeHaf } from "#server/haf/adapters/postgres/haf-probe.ts";
import { openScyllaJournal, type ScyllaJournal } from "#server/journal/adapters/scylla/journal.ts";
import { verifyDirectory } from "#server/journal/adapters/sqlite/verify.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { tlsOptions } from "#server/runtime/upstream-tls.ts";
import { openBeam } from "./compose-beam.ts";
import { toGatewayProbe } from "./compose-check-gateway.ts";
import { openScylla } from "./compose-dna.ts";
import { databaseOf } from "./compose-dynflow.ts";
import { hafDatabaseOf, openHafEngine } from "./compose-haf.ts";
import { scyllaOptionsOf } from "./compose-journal.ts";
import { probeCqlTls, probeTls, withCqlTls } from "./compose-tls.ts";

const DOCKER_TLS_PORT = 2_376;

/** The composition of `worldline check`: every configured source, and a journal that others keep, to be looked at. */
export function createSourceProbes(configuration: Configuration): readonly SourceProbe[] {
  const { journal } = configuration;
  return [
    ...(journal.scylla === null ? [] : [toJournalProbe(journal, journal.scylla)]),
    ...configuration.dna.map(toDnaProbe),
    ...configuration.dynflow.map(toDynflowProbe),
    ...configuration.haf.map(toHafProbe),
    ...(configuration.ingest === null ? [] : [toGatewayProbe(configuration.ingest, journal.path)]),
  ];
}

function toJournalProbe(journal: JournalConfiguration, place: ScyllaJournalConfiguration): SourceProbe {
  return {
    id: place.keyspace,
    kind: "journal",
    title: "what is remembered",
    async probe() {
      const where = `keyspace ${place.keyspace} at ${place.contactPoints.join(", ")}`;
      const ways = await probeCqlTls(place);
      try {
        const seen = await onScyllaJournal(journal, place, async (opened) => {
          const role = opened.role.state();
          const holder = role.role === "follower" ? role.holder : null;
          const streams = (await opened.heads()).length;
          return [
            found.connection.ok(`${where} can be read`),
            found.capability.ok(`a journal of ${streams} streams, under this key`),
            found.capability.note(holder === null ? "nobody writes it at present" : `${holder} writes it at present`),
          ];
        });
        return [...ways, ...seen];
      } catch (cause) {
        if (!(cause instanceof OpsError && cause.code === "not-found"))
          return [...ways, found.connection.missing(`${where}: ${messageOf(cause)}`)];
        const answers = found.connection.ok(`${place.contactPoints.join(", ")} answers`);
        return [
          ...ways,
          answers,
          found.capability.note("there is no journal yet: the first console that starts makes it"),
        ];
      }
    },
  };
}

/** Never writes, and closes it. */
async function onScyllaJournal<T>(
  journal: JournalConfiguration,
  place: ScyllaJournalConfiguration,
  look: (opened: ScyllaJournal) => Promise<T>,
): Promise<T> {
  const options = scyllaOptionsOf(journal, place);
  const opened = await openScyllaJournal({ ...options, writes: false, clock: createSystemClock(), log: silentLogger });
  try {
    return await look(opened);
  } finally {
    await opened.close();
  }
}

function toDnaProbe(source: DnaSourceConfiguration): SourceProbe {
  const { contactPoints, localDataCenter, keyspace, username, password } = source.scylla;
  const credentials = username === null ? {} : { username, password: password?.reveal() ?? "" };
  const options = { contactPoints, localDataCenter, keyspace, ...credentials, ...withCqlTls(source.scylla) };
  return {
    id: source.id,
    kind: "dna",
    title: source.title,
    async probe() {
      const clock = createSystemClock();
      const wanted = { cluster: source.cluster, act: source.act };
      const ways = await probeCqlTls(source.scylla);
      const database = [...ways, ...(await probeScylla(options, wanted, clock))];
      const readable = database.every(({ verdict }) => verdict !== "missing");
      if (source.beam === null || !readable) return database;
      return [...database, ...(await probeNodes(source, source.beam, clock))];
    },
  };
}

/** A name of its own: a node would end the connection of a console that runs under the configured one. */
const nameOfCheck = (name: string): string => name.replace("@", "-check@");

/** The nodes themselves, as the table names them. */
async function probeNodes(
  source: DnaSourceConfiguration,
  configuration: BeamConfiguration,
  clock: Clock,
): Promise<readonly Finding[]> {
  const store = openScylla(source, clock);
  const beam = openBeam({ ...configuration, name: nameOfCheck(configuration.name) }, clock, silentLogger);
  try {
    const clusters = source.cluster === null ? await store.clusters() : [source.cluster];
    const rows = (await Promise.all(clusters.map((cluster) => store.nodes(cluster)))).flat();
    const seats = rows.flatMap((row) => (isMalformed(row) ? [] : [row]));
    return await probeBeam(beam, seats, { reach: configuration.reach, act: source.act });
  } finally {
    await Promise.all([store.close(), beam.close()]);
  }
}

function toDynflowProbe(source: DynflowSourceConfiguration): SourceProbe {
  const { database } = source;
  return {
    id: source.id,
    kind: "dynflow",
    title: source.title,
    probe: () => {
      if (database.kind === "sqlite") return probeSqlite(database.path);
      const probe = database.kind === "mysql" ? probeMysql : probePostgres;
      return probe(databaseOf(database), source.act);
    },
  };
}

function toHafProbe(configuration: HafSourceConfiguration): SourceProbe {
  const { id, title, apps } = configuration;
  return {
    ...{ id, kind: "haf", title },
    async probe() {
      const [database, containers] = await Promise.all([
        probeHaf(hafDatabaseOf(configuration), apps),
        probeContainers(configuration),
      ]);
      return [...database, ...containers];
    },
  };
}

/** Whether the engine answers, and what it says of the project. Nothing is asked for but a list. */
async function probeContainers(configuration: HafSourceConfiguration): Promise<readonly Finding[]> {
  const engine = openHafEngine(configuration);
  if (engine === null || configuration.docker === null) return [];
  const { project, engine: way } = configuration.docker;
  const ways = await probeEngineTls(way);
  try {
    const count = (await engine.containers()).length;
    return count === 0
      ? [
          ...ways,
          found.capability.missing(`the Docker engine answers, and has no container of the compose project ${project}`),
        ]
      : [...ways, found.connection.ok(`the Docker engine answers: ${count} containers of ${project}`)];
  } catch (cause) {
    return [...ways, found.connection.missing(`Docker engine: ${messageOf(cause)}`)];
  } finally {
    await engine.close();
  }
}

async function probeEngineTls(way: HafDockerConfiguration["engine"]): Promise<readonly Finding[]> {
  if (way.kind === "socket") return [];
  if (way.tls === null) return [found.connection.note(`Docker engine: ${way.url} is spoken with in the clear`)];
  const { hostname, port } = new URL(way.url);
  return [await probeTls(hostname.replace(/^\[|\]$/g, ""), Number(port || DOCKER_TLS_PORT), tlsOptions(way.tls))];
}

async function probeSqlite(path: string): Promise<readonly Finding[]> {
  const findings = await capabilityFindings(createSqliteStore({ path }), {
    ok: "",
    not: "SQLite is read only here: nothing can be acted on, and changes are found by polling",
  });
  const fault = findings.find((finding) => finding.verdict === "missing");
  return fault === undefined
    ? [found.connection.ok(`${path} can be read`), ...findings]
    : [found.connection.missing(`${path}: ${fault.text}`)];
}

/** Walks the audit chain of the configured journal, also beside running consoles. */
export async function verifyJournalOf({ journal }: Configuration): Promise<JournalVerdict> {
  const { scylla } = journal;
  if (scylla !== null) {
    const verdict = await onScyllaJournal(journal, scylla, (opened) => opened.verifyChain());
    const heads = verdict.heads.map(({ stream, ...head }) => ({ ...head, chain: stream }));
    return toVerdict({ ...verdict, heads }, `keyspace ${scylla.keyspace}`);
  }
  if (!existsSync(journal.path)) throw new OpsError("not-found", "There is no journal yet");
  const source =
    journal.key === null
      ? ({ from: "generated" } as const)
      : ({ from: "secret", secret: journal.key.reveal() } as const);
  return toVerdict(verifyDirectory(journal.path, source), journal.path);
}

interface Walk {
  readonly ok: boolean;
  readonly events: number;
  readonly heads: readonly { readonly chain: string; readonly position: number; readonly hash: string }[];
  readonly faults: readonly {
    readonly chain: string | null;
    readonly file: string;
    readonly position: number | null;
    readonly what: string;
  }[];
}

function toVerdict({ ok, events, heads, faults }: Walk, where: string): JournalVerdict {
  const lines = [
    `${events} events verified in ${where}`,
    ...heads.map(({ chain, position, hash }) => `  ${chain}: head ${position} ${hash}`),
    ...faults.map(({ chain, file, position, what }) => {
      const at = position === null ? "" : ` from event ${position}`;
      return `  FAULT ${chain ?? "journal"} ${file}${at}: ${what}`;
    }),
    ok ? "The chain is sound." : "The chain is not sound: nothing can be said behind a fault.",
  ];
  return { sound: ok, text: lines.join("\n") };
}
