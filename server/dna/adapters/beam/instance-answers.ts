import type { BeamBacklog, BeamInstance, BeamInstancePage, BeamTopEntry } from "#server/dna/beam-ports.ts";
import { isAtom, type PidTerm, type Term, tagged } from "#server/dna/codec/etf/term.ts";
import type { Incarnation } from "#server/dna/domain/identity.ts";
import { toProcessRef } from "./process-ref.ts";
import {
  isNil,
  readAtom,
  readCount,
  readField,
  readIncarnation,
  readKey,
  readList,
  readMap,
  readPid,
  readProperties,
  readSmall,
  readTagged,
  readTuple,
  UnreadableTerm,
} from "./reading.ts";

/** Answers about instances, decoded. Each throws `UnreadableTerm` for another shape. */

/** Of `Dna.Server.Partition.lookup/1`: `[]` or `[{pid, value}]`. */
export function readLookup(term: Term): PidTerm | null {
  const [first, ...others] = readList(term);
  if (others.length > 0) throw new UnreadableTerm("at most one process", term);
  return first === undefined ? null : readPid(readTuple(first, 2)[0]);
}

/** Rows `{key, pid}`, cut to the limit. */
export function readPage(term: Term, partition: number, limit: number): BeamInstancePage {
  const rows = readList(term);
  return { instances: rows.slice(0, limit).map((row) => readInstance(row, partition)), more: rows.length > limit };
}

function readInstance(row: Term, partition: number): BeamInstance {
  const [key, pid] = readTuple(row, 2);
  return { key: readKey(key), partition, ref: toProcessRef(readPid(pid)) };
}

/** Of `ets:select/3`: rows and a continuation that is good for nobody but the node. */
export const readChunk = (term: Term): Term => {
  if (isAtom(term, "$end_of_table")) return { type: "list", items: [], tail: null };
  const [rows] = readTuple(term, 2);
  if (rows === undefined) throw new UnreadableTerm("rows", term);
  return rows;
};

/** Where a registry keeps its keys (`{-2, {unique, 1, table}}` in Elixir 1.14); `null` when it is laid out otherwise. */
export function readKeyTable(term: Term): Term | null {
  const [row, ...others] = readList(term);
  if (row === undefined || others.length > 0 || typeof row !== "object" || row.type !== "tuple") return null;
  const layout = row.items.length === 2 ? row.items[1] : undefined;
  const parts = layout === undefined ? null : tagged(layout, "unique", 3);
  const table = parts?.[2];
  return parts?.[1] === 1 && typeof table === "object" && table.type === "reference" ? table : null;
}

export function readCachedOwner(term: Term): Incarnation | null {
  const value = readTagged(term, "ok");
  return isNil(value) ? null : readIncarnation(value);
}

export function readTtl(term: Term): number | null {
  const value = readTagged(term, "ok");
  // An entry whose time is over, and which nobody has purged yet.
  return isNil(value) ? null : Math.max(0, readSmall(value));
}

export interface ProcessSize {
  readonly memoryBytes: number;
  readonly mailbox: number;
  /** Bytes outside of its heap that it refers to; `null` when that was not asked. */
  readonly outsideBytes: number | null;
}

/** `null` = it has ended. */
export function readSize(term: Term): ProcessSize | null {
  if (isAtom(term, "undefined")) return null;
  const item = readProperties(term);
  return { memoryBytes: readCount(item("memory")), mailbox: readCount(item("message_queue_len")), outsideBytes: null };
}

/** Of `process_info(pid, [binary])`: `{address, bytes, references}` each. `null` = it has ended. */
export function readOutsideBytes(term: Term): number | null {
  if (isAtom(term, "undefined")) return null;
  const parts = readList(readProperties(term)("binary"));
  return parts.reduce<number>((sum, part) => sum + readCount(readTuple(part, 3)[1]), 0);
}

export interface InstanceState {
  readonly phase: Extract<BeamBacklog, { readonly kind: "known" }>["phase"];
  readonly buffered: number;
}

/** Of an instance's whole state: nothing but its phase and the size of its buffer is looked at. */
export function readState(term: Term): InstanceState {
  const state = readMap(term);
  const status = readField(state, "status");
  const phase = typeof status === "object" && status.type === "tuple" ? status.items[0] : status;
  return { phase: readPhase(phase), buffered: readCount(readField(state, "buffer_size")) };
}

function readPhase(term: Term | undefined): InstanceState["phase"] {
  if (isNil(term)) return "initialising";
  const name = readAtom(term);
  if (name === "idle" || name === "pending_storage") return name;
  throw new UnreadableTerm("a phase", term);
}

/** Of the text that reads a backlog on the node. */
export function readBacklog(term: Term): BeamBacklog {
  if (isAtom(term, "ended")) return { kind: "ended" };
  const busy = tagged(term, "busy", 3);
  if (busy !== null) return { kind: "busy", mailbox: readCount(busy[1]), memoryBytes: readCount(busy[2]) };
  const known = tagged(term, "known", 5);
  if (known === null) throw new UnreadableTerm("a backlog", term);
  const [, phase, buffered, mailbox, memory] = known;
  return {
    kind: "known",
    phase: readPhase(phase),
    buffered: readCount(buffered),
    mailbox: readCount(mailbox),
    memoryBytes: readCount(memory),
  };
}

/** Of the text that finds the top. */
export function readTop(term: Term): readonly BeamTopEntry[] {
  return readList(term).map((row) => {
    const [index, key, pid, mailbox, memory, buffered] = readTuple(row, 6);
    return {
      instance: { key: readKey(key), partition: readCount(index), ref: toProcessRef(readPid(pid)) },
      mailbox: readCount(mailbox),
      buffered: countOrNull(buffered),
      memoryBytes: readCount(memory),
    };
  });
}

export type SafeStop =
  | { readonly kind: "stopped" | "moved" | "failed" | "silent" }
  | { readonly kind: "busy"; readonly buffered: number | null; readonly mailbox: number | null };

/** Of the text that stops safely. */
export function readSafeStop(term: Term): SafeStop {
  const busy = tagged(term, "busy", 3);
  if (busy !== null) return { kind: "busy", buffered: countOrNull(busy[1]), mailbox: countOrNull(busy[2]) };
  const kind = readAtom(term);
  if (kind === "stopped" || kind === "moved" || kind === "failed" || kind === "silent") return { kind };
  throw new UnreadableTerm("the outcome of a stop", term);
}

const countOrNull = (term: Term | undefined): number | null => (isNil(term) ? null : readCount(term));
