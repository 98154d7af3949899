import { hostname } from "node:os";
import path from "node:path";
import type { Configuration, ScyllaJournalConfiguration } from "#server/config/model.ts";
import { createMemoryNotes } from "#server/journal/adapters/memory/shared-notes.ts";
import { openScyllaJournal, type ScyllaJournalOptions } from "#server/journal/adapters/scylla/journal.ts";
import { openSqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import { openLocalState } from "#server/journal/adapters/sqlite/local-state.ts";
import type { Journal, JournalRetention, SharedNotes, StateStore, WriterRole } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { withCqlTls } from "./compose-tls.ts";

const OWN_FOLDER = "sessions";

/** The journal as configured, whichever store it is in. */
export interface OpenedJournal extends Journal, JournalRetention {
  readonly state: StateStore;
  /** What this console keeps for itself, also while another writes the journal: sessions that were logged out. */
  readonly own: Pick<StateStore, "list" | "putAll">;
  /** What every process on this journal tells the others, also while another writes it. */
  readonly notes: SharedNotes;
  /** `null` = nobody else can write it. */
  readonly role: WriterRole | null;
  /** This process, as the others are told of it; `null` where there are none. */
  readonly holder: string | null;
}

/**
 * A demo without a configuration begins anew each time, and so does what it remembers: its world is another.
 *
 * @param demoFolder of this run's own; `null` = no demo
 * @throws OpsError `refused` or `journal-unavailable`, in words for whoever starts the console
 */
export async function openJournal(
  configuration: Configuration,
  demoFolder: string | null,
  clock: Clock,
  log: Logger,
): Promise<OpenedJournal> {
  const { path: configured, key, scylla } = configuration.journal;
  if (scylla !== null) {
    const options = scyllaOptionsOf(configuration.journal, scylla);
    const journal = await openScyllaJournal({ ...options, clock, log });
    const own = openLocalState(path.join(configured, OWN_FOLDER));
    const close = () => journal.close().finally(() => own.close());
    return { ...journal, own, holder: options.holder, close };
  }
  const directory = journalFolder(configuration, demoFolder) ?? configured;
  const journal = await openSqliteJournal({
    directory,
    key: key === null ? { from: "generated" } : { from: "secret", secret: key.reveal() },
    clock,
    log,
  });
  return { ...journal, own: journal.state, notes: createMemoryNotes(), role: null, holder: null };
}

/** Where the journal lies on this machine; `null` = it is in a database. */
export function journalFolder({ journal, file }: Configuration, demoFolder: string | null): string | null {
  if (journal.scylla !== null) return null;
  return demoFolder !== null && file === null ? path.join(demoFolder, "journal") : journal.path;
}

/** What the configuration says of a journal in ScyllaDB. */
export function scyllaOptionsOf(
  { key }: Configuration["journal"],
  place: ScyllaJournalConfiguration,
): Omit<ScyllaJournalOptions, "clock" | "log"> {
  const { contactPoints, localDataCenter, keyspace, replication, username, password } = place;
  if (key === null) throw new OpsError("refused", "A journal in ScyllaDB needs journal.keyFile or journal.keyEnv");
  return {
    contactPoints,
    localDataCenter,
    keyspace,
    replication,
    ...(username === null ? {} : { credentials: { username, password: password?.reveal() ?? "" } }),
    ...withCqlTls(place),
    key: { from: "secret", secret: key.reveal() },
    holder: `${hostname()}:${process.pid}`,
  };
}
