/** What is noted of a stream besides its events: its signed head, from where on it is kept, how far it is indexed. */
import { sameHash, seal } from "#server/journal/adapters/chain.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Mark, type MarkName, numberIn, textIn } from "./rows.ts";
import type { Store } from "./store.ts";

const KEPT_ROUNDS = 5;

export interface Marks {
  /** `forged`: not written with the journal's key. */
  readonly head: Mark | "forged" | null;
  /** Of the last event that was dropped; its `at` is the instant before which nothing is kept. */
  readonly kept: Mark | "forged" | null;
  /** Up to this number the stream's events are in the index. */
  readonly indexedSeq: number;
}

export async function readMarks({ cql, statements, key }: Store, stream: string): Promise<Marks> {
  const rows = await cql.read(statements.marks(stream));
  const markOf = (name: MarkName): Mark | "forged" | null => {
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) return null;
    const mark = {
      seq: numberIn(row, "seq"),
      hash: textIn(row, "hash"),
      at: numberIn(row, "at"),
      mac: textIn(row, "mac"),
    };
    return sameHash(mark.mac, macOf(key, stream, name, mark)) ? mark : "forged";
  };
  const indexed = rows.find((row) => row.name === "indexed");
  return {
    head: markOf("head"),
    kept: markOf("kept"),
    indexedSeq: indexed === undefined ? 0 : numberIn(indexed, "seq"),
  };
}

export async function writeMark(
  { cql, statements, key }: Store,
  stream: string,
  name: Exclude<MarkName, "kept">,
  mark: Omit<Mark, "mac">,
): Promise<void> {
  await cql.write([statements.setMark(stream, name, { ...mark, mac: macOf(key, stream, name, mark) })]);
}

/** Notes up to where the stream was dropped; never less than was noted before. */
export async function writeKept(store: Store, stream: string, mark: Omit<Mark, "mac">): Promise<void> {
  const { cql, statements, key } = store;
  const signed = { ...mark, mac: macOf(key, stream, "kept", mark) };
  for (let round = 0; round < KEPT_ROUNDS; round += 1) {
    if (keptAfterOf(await readMarks(store, stream)) >= mark.seq) return;
    await cql.conditional([statements.firstKept(stream, signed)]);
    await cql.conditional([statements.moveKept(stream, signed)]);
  }
  throw new OpsError("journal-unavailable", `What was dropped of ${stream} could not be noted`);
}

/** The number up to which a stream's events were dropped; 0 = none was. */
export const keptAfterOf = ({ kept }: Marks): number => (kept === null || kept === "forged" ? 0 : kept.seq);

const macOf = (key: Uint8Array, stream: string, name: MarkName, { seq, hash, at }: Omit<Mark, "mac">): string =>
  seal(key, `mark ${name}`, JSON.stringify([stream, seq, hash, at]));
