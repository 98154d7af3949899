import type { JournalVerdict, SourceProbe } from "#server/cli/source-probe.ts";
import type { Configuration, DnaSourceConfiguration, DynflowSourceConfiguration } from "#server/config/model.ts";
import { probeScylla } from "#server/dna/adapters/scylla/probe.ts";
import { probePostgres } from "#server/dynflow/adapters/postgres/probe.ts";
import { createSqliteStore } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { verifyDirectory } from "#server/journal/adapters/sqlite/verify.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

/** The composition of `worldline check`: every configured source, to be looked at. */
export function createSourceProbes(configuration: Configuration): readonly SourceProbe[] {
  return [...configuration.dna.map(toDnaProbe), ...configuration.dynflow.map(toDynflowProbe)];
}

function toDnaProbe(source: DnaSourceConfiguration): SourceProbe {
  const { contactPoints, localDataCenter, keyspace, username, password } = source.scylla;
  const credentials = username === null ? {} : { username, password: password?.reveal() ?? "" };
  const options = { contactPoints, localDataCenter, keyspace, ...credentials };
  return {
    id: source.id,
    kind: "dna",
    title: source.title,
    probe: () => probeScylla(options, { cluster: source.cluster, act: source.act }, createSystemClock()),
  };
}

function toDynflowProbe(source: DynflowSourceConfiguration): SourceProbe {
  const { database } = source;
  return {
    id: source.id,
    kind: "dynflow",
    title: source.title,
    probe: () => {
      if (database.kind === "sqlite") return probeSqlite(database.path);
      const password = database.password === null ? {} : { password: database.password.reveal() };
      return probePostgres({ url: database.url, ...password }, source.act);
    },
  };
}

async function probeSqlite(path: string): Promise<readonly Finding[]> {
  const store = createSqliteStore({ path });
  try {
    const { schemaVersion } = await store.capabilities();
    return [
      found.connection.ok(`${path} can be read`),
      found.capability.ok(`Dynflow schema ${schemaVersion}`),
      found.capability.note("SQLite is read only here: nothing can be acted on, and changes are found by polling"),
    ];
  } catch (cause) {
    return [found.connection.missing(`${path}: ${messageOf(cause)}`)];
  } finally {
    await store.close();
  }
}

/** Walks the audit chain of the configured journal, also beside a running console. */
export async function verifyJournalOf({ journal }: Configuration): Promise<JournalVerdict> {
  const source =
    journal.key === null
      ? ({ from: "generated" } as const)
      : ({ from: "secret", secret: journal.key.reveal() } as const);
  const { ok, events, heads, faults } = verifyDirectory(journal.path, source);
  const lines = [
    `${events} events verified in ${journal.path}`,
    ...heads.map(({ chain, position, hash }) => `  ${chain}: head ${position} ${hash}`),
    ...faults.map(({ chain, file, position, what }) => {
      const at = position === null ? "" : ` from event ${position}`;
      return `  FAULT ${chain ?? "journal"} ${file}${at}: ${what}`;
    }),
    ok ? "The chain is sound." : "The chain is not sound: nothing can be said behind a fault.",
  ];
  return { sound: ok, text: lines.join("\n") };
}
