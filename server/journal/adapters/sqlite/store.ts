/** The journal as its thread sees it: synchronous, one writer. */
import { monotonicFactory } from "ulid";
import { CHAINS, type ChainName, chainOf } from "#server/journal/domain/chains.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type ChainFile, type ChainOptions, openChain } from "./chain-file.ts";
import { type Pending, type PreparedAppend, prepareAppend } from "./event-rows.ts";
import type { AppendArgs, ChainHead, HeadAnswer, JournalThreadData, LogFields } from "./protocol.ts";
import { openSnapshotFile, type SnapshotFile } from "./snapshot-file.ts";
import { openStateFile, type StateFile } from "./state-file.ts";

export interface JournalStore {
  readonly state: StateFile;
  readonly snapshots: SnapshotFile;
  chains(): readonly ChainFile[];
  chainOf(stream: string): ChainFile;
  /** Appends in one transaction a chain; each settles by itself, all of a failed transaction alike. */
  appendAll(appends: readonly AppendArgs[]): readonly Settled[];
  heads(): readonly HeadAnswer[];
  chainHeads(): readonly ChainHead[];
  close(): void;
}

/** Events as JSON, or why there are none. */
export type Settled = { readonly texts: readonly string[] } | { readonly error: unknown };

/** Something to be told to people. */
export type Notice = (level: "info" | "warn" | "error", event: string, fields: LogFields) => void;

/**
 * Opens everything, in the newest format.
 *
 * @throws OpsError `refused` for a journal of a newer version or another key, or one from which events are missing
 */
export function openStore(data: JournalThreadData, notice: Notice): JournalStore {
  const { directory, key } = data;
  const options: ChainOptions = {
    ...data,
    onHeadNotWritten: (cause) => notice("error", "journal.head.not_written", { cause: messageOf(cause) }),
    onNotRemoved: (file, cause) => notice("warn", "journal.segment.not_removed", { file, cause: messageOf(cause) }),
    onSealed: (chain, { position, hash }) => notice("info", "journal.segment.sealed", { chain, position, hash }),
  };
  const state = openStateFile(directory, key);
  const files = new Map<ChainName, ChainFile>();
  try {
    for (const chain of CHAINS) files.set(chain, openChain(chain, state, options, data.openedAt));
    const snapshots = openSnapshotFile(directory, key, (cause) =>
      notice("warn", "journal.snapshots.replaced", { cause: messageOf(cause) }),
    );
    return storeOf(state, snapshots, files);
  } catch (cause) {
    for (const file of files.values()) file.close();
    state.close();
    throw cause;
  }
}

function storeOf(state: StateFile, snapshots: SnapshotFile, files: ReadonlyMap<ChainName, ChainFile>): JournalStore {
  const newId = monotonicFactory();
  const fileOf = (stream: string): ChainFile => {
    const file = files.get(chainOf(stream));
    if (file === undefined) throw new OpsError("journal-unavailable", "The journal is not open");
    return file;
  };
  return {
    state,
    snapshots,
    chains: () => [...files.values()],
    chainOf: fileOf,
    appendAll(appends) {
      const settled: Settled[] = appends.map(() => ({ texts: [] }));
      for (const file of files.values()) {
        const own = [...appends.entries()].filter(([, { stream }]) => fileOf(stream) === file);
        for (const [index, result] of appendTo(file, own, newId)) settled[index] = result;
      }
      return settled;
    },
    heads: () =>
      [...files.values()].flatMap((file) =>
        [...file.heads()].map(([stream, { seq }]) => ({
          stream,
          epoch: state.epoch,
          seq,
          keptAfter: file.keptAfter(stream),
        })),
      ),
    chainHeads: () => [...files.values()].map((file) => ({ chain: file.chain, ...file.tail() })),
    close() {
      for (const file of files.values()) file.close();
      snapshots.close();
      state.close();
    },
  };
}

function appendTo(
  file: ChainFile,
  appends: readonly (readonly [number, AppendArgs])[],
  newId: Pending["newId"],
): readonly [number, Settled][] {
  const pending: Pending = { heads: new Map(), texts: new Map(), newId };
  const prepared = appends.map(([index, args]) => [index, prepare(file, pending, args)] as const);
  const rows = prepared.flatMap(([, result]) => ("error" in result ? [] : result.rows));
  const failure = rows.length === 0 ? null : commit(file, rows, Math.max(...appends.map(([, { at }]) => at)));
  return prepared.map(([index, result]) => {
    if ("error" in result) return [index, result];
    return [index, failure === null ? { texts: result.texts } : failure];
  });
}

function prepare(file: ChainFile, pending: Pending, args: AppendArgs): PreparedAppend | { readonly error: unknown } {
  try {
    return prepareAppend(file, pending, args);
  } catch (error) {
    return { error };
  }
}

function commit(file: ChainFile, rows: PreparedAppend["rows"], at: number): { readonly error: unknown } | null {
  try {
    file.append(rows, at);
    return null;
  } catch (cause) {
    return { error: new OpsError("journal-unavailable", "The journal could not be written", { cause }) };
  }
}
