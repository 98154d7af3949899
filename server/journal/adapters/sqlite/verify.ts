/** Is the journal what was written? Walks every event; reads only, beside a running writer or without one. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { JournalEvent } from "#server/contract/event.ts";
import { type ChainHash, genesisHash, nextHash, sameHash } from "#server/journal/adapters/chain.ts";
import { CHAINS, type ChainName } from "#server/journal/domain/chains.ts";
import { lastingTermsOf } from "#server/journal/domain/terms.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { openReadOnly } from "./database.ts";
import { type JournalKeySource, loadJournalKey } from "./key.ts";
import type { ChainHead } from "./protocol.ts";
import {
  readEnd,
  readHeader,
  readStarts,
  segmentFormatOf,
  startsDigest,
  TERMS_SINCE_FORMAT,
} from "./segment-format.ts";
import { segmentNames } from "./segment-list.ts";
import { textOf } from "./segment-reads.ts";
import { type HeadRecord, readStateFile, STATE_FILE } from "./state-file.ts";

export interface ChainFault {
  readonly chain: ChainName | null;
  readonly file: string;
  /** Position in the chain from which nothing more can be said, where that is known. */
  readonly position: number | null;
  readonly what: string;
}

export interface ChainVerdict {
  readonly ok: boolean;
  readonly events: number;
  /** The last sound event of each chain: to be compared with what was noted outside. */
  readonly heads: readonly ChainHead[];
  /** The first fault of each chain: behind it nothing can be said. */
  readonly faults: readonly ChainFault[];
}

/** Retention works every hour, a walk takes seconds. */
const WALKS_MAX = 3;

export interface VerifyOptions {
  readonly directory: string;
  readonly key: Uint8Array;
}

/** Finds a changed, missing, added or reordered event, a dropped tail, and a chain rewritten without the key. Never throws. */
export function verifyJournal(options: VerifyOptions): ChainVerdict {
  for (let walk = 1; ; walk += 1) {
    const state = readState(options);
    const verdict = verifyAgainst(state, options);
    if (verdict.ok || walk >= WALKS_MAX || !hasDropped(state, readState(options))) return verdict;
  }
}

/** Retention has dropped segments in between: what was found missing may have been there. */
function hasDropped(before: KnownState | ChainFault, after: KnownState | ChainFault): boolean {
  if ("what" in before || "what" in after) return false;
  const begin = ({ heads }: KnownState) => heads.map(({ chain, first }) => `${chain} ${first?.number ?? 1}`).join();
  return begin(before) !== begin(after);
}

function verifyAgainst(state: KnownState | ChainFault, options: VerifyOptions): ChainVerdict {
  if ("what" in state) return { ok: false, events: 0, heads: [], faults: [state] };
  const walks = CHAINS.map((chain) => walkChain(chain, state.journalId, options, headOf(state.heads, chain)));
  const faults = walks.flatMap(({ fault }) => fault ?? []);
  return {
    ok: faults.length === 0,
    events: walks.reduce((sum, walk) => sum + walk.events, 0),
    heads: walks.map(({ head }) => head),
    faults,
  };
}

/**
 * The same for a directory, with the key found where the journal finds it; makes nothing when there is no journal.
 *
 * @throws OpsError `refused` when the key cannot be read
 */
export function verifyDirectory(directory: string, source: JournalKeySource): ChainVerdict {
  const known = existsSync(join(directory, STATE_FILE));
  return verifyJournal({ directory, key: known ? loadJournalKey(directory, source).bytes : new Uint8Array() });
}

interface KnownState {
  readonly journalId: string;
  readonly heads: readonly HeadRecord[];
}

function readState({ directory, key }: VerifyOptions): KnownState | ChainFault {
  const fault = (what: string): ChainFault => ({ chain: null, file: STATE_FILE, position: null, what });
  if (!existsSync(join(directory, STATE_FILE))) return fault("there is no journal");
  try {
    const { journalId, keyFits, heads } = readStateFile(directory, key);
    if (!keyFits) return fault("written with another key");
    const sound = heads.filter((head) => head !== "forged");
    return sound.length === heads.length ? { journalId, heads: sound } : fault("a head record was changed");
  } catch (cause) {
    return fault(messageOf(cause));
  }
}

const headOf = (heads: readonly HeadRecord[], chain: ChainName): HeadRecord | null =>
  heads.find((head) => head.chain === chain) ?? null;

/** Where the walk stands. */
interface Walk {
  readonly chain: ChainName;
  readonly key: Uint8Array;
  readonly record: HeadRecord | null;
  /** No segment was entered yet. */
  begins: boolean;
  position: number;
  hash: ChainHash;
  events: number;
  /** Last number of each stream. */
  readonly seqs: Map<string, number>;
}

/** Thrown inside this file only: ends the walk of one chain. */
class Unsound extends Error {}

function walkChain(
  chain: ChainName,
  journalId: string,
  { directory, key }: VerifyOptions,
  record: HeadRecord | null,
): { readonly events: number; readonly head: ChainHead; readonly fault: ChainFault | null } {
  const walk: Walk = {
    chain,
    key,
    record,
    begins: true,
    position: 0,
    hash: genesisHash(key, journalId, chain),
    events: 0,
    seqs: new Map(),
  };
  let file = "";
  const result = (what: string | null) => {
    const { position, hash, events } = walk;
    const fault = what === null ? null : { chain, file, position: position + 1, what };
    return { events, head: { chain, position, hash }, fault };
  };
  try {
    for (const name of segmentNames(directory, chain, { from: record?.first?.number ?? 1 })) {
      file = name;
      walkSegment(walk, join(directory, name));
    }
    if (record !== null && walk.position < record.position)
      throw new Unsound(`${record.position} events were written, this is the end`);
    return result(null);
  } catch (cause) {
    return result(messageOf(cause));
  }
}

function walkSegment(walk: Walk, path: string): void {
  const database = openReadOnly(path);
  try {
    if (segmentFormatOf(database) === 0) return;
    database.exec("BEGIN");
    checkIntegrity(database);
    enter(walk, database);
    const terms = storedTerms(database);
    for (const row of database.prepare("SELECT * FROM events ORDER BY position").iterate()) {
      const event = checkEvent(walk, row);
      if (terms !== null) checkTerms(terms, row, event);
    }
    if (terms !== null && terms.size > 0) throw new Unsound("there are terms of events that are not here");
    const end = readEnd(database, walk.key);
    if (end === "forged") throw new Unsound("the end of the segment was changed");
    if (end !== null && (end.endPosition !== walk.position || !sameHash(end.endHash, walk.hash))) {
      throw new Unsound("the segment was sealed with other events");
    }
  } finally {
    database.close();
  }
}

/** Page structure and indexes: through an index that disagrees with the table an event could be hidden. */
function checkIntegrity(database: DatabaseSync): void {
  const answer = database.prepare("PRAGMA integrity_check(1)").get()?.integrity_check;
  if (answer !== "ok") throw new Unsound(`damaged file: ${String(answer)}`);
}

function enter(walk: Walk, database: DatabaseSync): void {
  const header = readHeader(database, walk.key);
  if (header === null || header === "forged") throw new Unsound("the header of the segment was changed");
  const stored = readStarts(database);
  const starts = new Map(stored.map(({ stream, seq }) => [stream, seq]));
  const first = walk.begins ? (walk.record?.first ?? null) : null;
  walk.begins = false;
  if (first !== null) {
    if (startsDigest(walk.key, stored) !== first.starts) throw new Unsound("the start of the streams was changed");
    walk.position = (walk.record?.firstPosition ?? 1) - 1;
    walk.hash = first.hash;
    for (const [stream, seq] of starts) walk.seqs.set(stream, seq);
  }
  const isNext = header.startPosition === walk.position + 1 && sameHash(header.startHash, walk.hash);
  if (header.chain !== walk.chain || !isNext) throw new Unsound("the segment does not follow on the one before");
  const same = starts.size === walk.seqs.size && [...starts].every(([stream, seq]) => walk.seqs.get(stream) === seq);
  if (!same) throw new Unsound("the segment's start of the streams was changed");
}

interface StoredTerm {
  readonly term: string;
  readonly place: string;
}

/** By position; `null` for a segment of a format without them. */
function storedTerms(database: DatabaseSync): Map<number, StoredTerm[]> | null {
  if (segmentFormatOf(database) < TERMS_SINCE_FORMAT) return null;
  const terms = new Map<number, StoredTerm[]>();
  for (const row of database.prepare("SELECT * FROM terms").iterate()) {
    const position = Number(row.position);
    const found = terms.get(position) ?? [];
    found.push({ term: String(row.term), place: placeOf(row) });
    terms.set(position, found);
  }
  return terms;
}

const placeOf = (row: Readonly<Record<string, unknown>>): string =>
  JSON.stringify([row.stream, row.seq, row.observed_at]);

/**
 * Through a term that is missing or points elsewhere an event could be hidden. Of the terms only those are asked for
 * that every version gives alike; what stands out may be judged differently by another.
 */
function checkTerms(
  terms: Map<number, StoredTerm[]>,
  row: Readonly<Record<string, unknown>>,
  event: Pick<JournalEvent, "causedBy" | "actor">,
): void {
  const stored = terms.get(Number(row.position)) ?? [];
  terms.delete(Number(row.position));
  const asked = lastingTermsOf(event).map((term) => term.toWellFormed());
  const sound =
    asked.every((term) => stored.some((found) => found.term === term)) &&
    stored.every(({ place }) => place === placeOf(row));
  if (!sound) throw new Unsound("the terms of the event do not say what the event says");
}

function checkEvent(walk: Walk, row: Readonly<Record<string, unknown>>): JournalEvent {
  if (row.position !== walk.position + 1) throw new Unsound("an event is missing");
  if (!(row.bytes instanceof Uint8Array)) throw new Unsound("the event has no bytes");
  const hash = nextHash(walk.key, walk.hash, row.bytes);
  const stored = row.hash instanceof Uint8Array ? Buffer.from(row.hash).toString("hex") : "";
  if (!sameHash(hash, stored)) throw new Unsound("the event is not the one that was written");
  const event = JSON.parse(textOf(row.bytes)) as JournalEvent;
  checkColumns(walk, row, event);
  walk.position += 1;
  walk.hash = hash;
  walk.events += 1;
  const { record } = walk;
  if (record !== null && record.position === walk.position && !sameHash(record.hash, walk.hash)) {
    throw new Unsound("the head record knows another event here");
  }
  return event;
}

function checkColumns(walk: Walk, row: Readonly<Record<string, unknown>>, event: JournalEvent): void {
  const names = ["stream", "id", "kind", "subject"] as const;
  const texts = names.every((name) => row[name] === String(event[name]).toWellFormed());
  if (!texts || String(row.seq) !== event.seq || row.observed_at !== event.observedAt) {
    throw new Unsound("the columns of the event do not say what the event says");
  }
  const stream = String(row.stream);
  if (Number(row.seq) !== (walk.seqs.get(stream) ?? 0) + 1)
    throw new Unsound(`a number is missing in stream ${stream}`);
  walk.seqs.set(stream, Number(row.seq));
}
