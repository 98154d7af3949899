/**
 * Blobs of real databases, made wrong by a seeded chance, through every decoder there is. Whatever they are, a decoder
 * answers with a value or the reason why there is none: soon, and in bounded memory.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createRandom, type Random } from "#server/demo/dna/random.ts";
import { firstFailedStep } from "#server/dynflow/domain/first-failure.ts";
import { type CoordinatorRecord, PLAN_STATES, type PlanHead, type PlanRecord } from "#server/dynflow/domain/model.ts";
import { judgePlan } from "#server/dynflow/domain/plan-verdict.ts";
import { lockOf, worldOf } from "#server/dynflow/domain/records.ts";
import { decodeEnvelope } from "./envelope-decode.ts";
import { decodeMsgpackAt } from "./msgpack-decode.ts";
import { referencedStepIds } from "./payload.ts";
import {
  decodeActionPayloads,
  decodeActionRow,
  decodeDelayedRow,
  decodePayloadCell,
  decodePlanRow,
  decodeStepRow,
  NO_STEP,
} from "./rows.ts";
import { NO_BLOB, type StoredBlob, type StoredForm } from "./stored.ts";

const FIXTURES = join(import.meta.dirname, "../../../fixtures/dynflow");
/** Databases by Dynflow 2.0 (msgpack), 1.5 and 0.8 (JSON). */
const DATABASES: readonly (readonly [name: string, form: StoredForm])[] = [
  ["v25.sqlite", "msgpack"],
  ["v20.sqlite", "json"],
  ["v05.sqlite", "json"],
];
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  dynflow_execution_plans: ["run_flow", "finalize_flow", "execution_history", "step_ids", "data"],
  dynflow_actions: ["input", "output", "data"],
  dynflow_steps: ["error", "children", "data"],
  dynflow_delayed_plans: ["serialized_args", "data"],
  dynflow_output_chunks: ["chunk"],
  dynflow_coordinator_records: ["data"],
  dynflow_envelopes: ["data"],
};
/** Shorter ones cannot be decoded past their sixteenth byte. */
const SHORTEST = 20;
/** Larger ones are rare in the mix: what they could do, smaller ones can. */
const LARGE = 1_500;
const LARGE_CHANCE = 0.01;
/** What counts as decoded into. */
export const PAST_BYTES = 16;

export interface Blob {
  readonly form: StoredForm;
  readonly bytes: Uint8Array;
}

/** Every different blob of the recorded databases. */
export function recordedBlobs(): readonly Blob[] {
  const known = new Map<string, Blob>();
  for (const [name, form] of DATABASES) {
    const database = new DatabaseSync(join(FIXTURES, name), { readOnly: true });
    for (const [table, columns] of Object.entries(COLUMNS)) {
      const present = new Set(
        database
          .prepare(`pragma table_info(${table})`)
          .all()
          .map(({ name: column }) => column),
      );
      for (const column of columns.filter((each) => present.has(each))) {
        const statement = `select cast(${column} as blob) as cell from ${table} where ${column} is not null`;
        for (const { cell } of database.prepare(statement).all()) {
          if (!(cell instanceof Uint8Array) || cell.length < SHORTEST) continue;
          known.set(`${form} ${Buffer.from(cell).toString("latin1")}`, { form, bytes: new Uint8Array(cell) });
        }
      }
    }
    database.close();
  }
  return [...known.values()];
}

type Mutation = (bytes: Uint8Array, random: Random, blobs: readonly Blob[]) => Uint8Array;

const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const spliced = (bytes: Uint8Array, at: number, drop: number, put: Uint8Array): Uint8Array =>
  concat(bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + drop)));
const randomBytes = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));
const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** Headers that promise much: strings, binaries, lists, maps, exts, with 8, 16 or 32 bits of length. */
const HEADERS = [0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf] as const;
const HEADER_BYTES: Readonly<Record<number, number>> = {
  197: 2,
  200: 2,
  218: 2,
  220: 2,
  222: 2,
  198: 4,
  201: 4,
  219: 4,
  221: 4,
  223: 4,
};
/** The same trouble in JSON. */
const JSON_BITS = [
  '"',
  "\\",
  "[",
  "{",
  "}",
  "]",
  ",",
  ":",
  "\\ud800",
  "\\u0000",
  "9".repeat(400),
  "1e999",
  "-",
  "\u00ff",
  '"class":',
  '"__proto__":',
  "null",
];

const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const flipped = bytes.slice();
    for (let count = 1 + random.below(4); count > 0; count -= 1) {
      const at = random.below(flipped.length);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
    }
    return flipped;
  },
  function cut(bytes, random) {
    return bytes.slice(0, 1 + random.below(bytes.length));
  },
  function insert(bytes, random) {
    return spliced(bytes, random.below(bytes.length), 0, randomBytes(random, 1 + random.below(8)));
  },
  function drop(bytes, random) {
    return spliced(bytes, random.below(bytes.length), 1 + random.below(8), new Uint8Array());
  },
  function promiseMuch(bytes, random) {
    const header = HEADERS[random.below(HEADERS.length)] ?? 0xdd;
    const length = randomBytes(random, HEADER_BYTES[header] ?? 1);
    return spliced(bytes, random.below(bytes.length), 1, concat(new Uint8Array([header]), length));
  },
  function nest(bytes, random) {
    const levels = 1 + random.below(random.chance(0.01) ? 100_000 : 300);
    const list = random.chance(0.5);
    return random.chance(0.5)
      ? concat(
          list
            ? new Uint8Array(levels).fill(0x91)
            : concat(...Array<Uint8Array>(Math.min(levels, 2_000)).fill(ascii("\x81\xa1a"))),
          bytes,
        )
      : concat(ascii((list ? "[" : '{"a":').repeat(levels)), bytes, ascii((list ? "]" : "}").repeat(levels)));
  },
  function double(bytes, random) {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(60));
    return spliced(bytes, at, 0, part);
  },
  function splice(bytes, random, blobs) {
    const other = blobs[random.below(blobs.length)]?.bytes ?? bytes;
    return concat(
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)).slice(0, LARGE),
    );
  },
  function jsonBit(bytes, random) {
    return spliced(
      bytes,
      random.below(bytes.length),
      random.below(3),
      ascii(JSON_BITS[random.below(JSON_BITS.length)] ?? ""),
    );
  },
];

const HEAD: PlanHead = {
  id: "0a866104-8dee-481d-9f5d-65062a10a082",
  label: null,
  state: PLAN_STATES[4],
  result: "pending",
  startedAt: null,
  endedAt: null,
  realTimeSec: null,
  executionTimeSec: null,
  rootPlanStepId: 1,
};
const STEP = { ...NO_STEP, state: "error", actionId: 1 };
const ACTION = {
  id: 1,
  class: null,
  planStepId: 1,
  runStepId: 2,
  finalizeStepId: null,
  callerPlanId: null,
  callerActionId: null,
};
const DELAY = { startAt: null, startBefore: null, frozen: false, serializer: null };

/** A blob in every place where one can be, and what is made of it afterwards. Throws only what a decoder throws. */
export function throughEveryDecoder({ bytes, form }: Blob): void {
  const blob: StoredBlob = { bytes, length: bytes.length, form };
  const columns = decodePlanRow({
    head: HEAD,
    runFlow: blob,
    finalizeFlow: blob,
    history: blob,
    stepIds: blob,
    data: NO_BLOB,
  });
  const none = { runFlow: NO_BLOB, finalizeFlow: NO_BLOB, history: NO_BLOB, stepIds: NO_BLOB };
  const record = decodePlanRow({ head: HEAD, ...none, data: blob });
  const steps = [
    decodeStepRow({ ...STEP, id: 1, error: blob, children: blob, data: NO_BLOB }),
    decodeStepRow({ ...STEP, id: 2, error: NO_BLOB, children: NO_BLOB, data: blob }),
  ];
  const actions = [
    decodeActionRow(HEAD.id, { ...ACTION, data: NO_BLOB }),
    decodeActionRow(HEAD.id, { ...ACTION, data: blob }),
  ];
  const delayed = decodeDelayedRow({ ...DELAY, args: blob, data: NO_BLOB });
  decodeDelayedRow({ ...DELAY, args: NO_BLOB, data: blob });
  for (const parts of [columns, record]) {
    const plan: PlanRecord = { ...parts, steps, actions, delayed, blockedBy: [], blocks: [], subPlanIds: [] };
    judgePlan(plan);
    firstFailedStep(plan);
  }
  const payloads = decodeActionPayloads({ input: blob, output: NO_BLOB, data: NO_BLOB });
  decodeActionPayloads({ input: NO_BLOB, output: NO_BLOB, data: blob });
  if (payloads.input.ok) referencedStepIds(payloads.input.value);
  const cell = decodePayloadCell(blob);
  JSON.stringify(cell);
  for (const name of ["ExecutorWorld", "ExecutionLock"]) {
    const coordinator: CoordinatorRecord = {
      class: `Dynflow::Coordinator::${name}`,
      id: "x",
      ownerId: null,
      data: cell,
    };
    worldOf(coordinator);
    lockOf(coordinator);
  }
  decodeEnvelope(bytes, form);
}

/** How many bytes a decoder gets through. */
export function reached({ bytes, form }: Blob): number {
  if (form === "msgpack") return decodeMsgpackAt(bytes, 0).offset;
  try {
    JSON.parse(Buffer.from(bytes).toString("utf8"));
    return bytes.length;
  } catch (cause) {
    return Number(/position (\d+)/.exec(String(cause))?.[1] ?? 0);
  }
}

export interface FuzzFindings {
  readonly blobs: number;
  /** Blobs of which more than sixteen bytes were decoded. */
  readonly past: number;
  readonly slowestMs: number;
  readonly heapMaxBytes: number;
  /** Empty = all well; else what went wrong, and the blob in hex. */
  readonly faults: readonly string[];
}

/** CPU time that one blob may take through all decoders together. */
export const BLOB_MAX_MS = 1_000;
const FAULTS_MAX = 10;
const HEX_SHOWN = 4_096;
const HEAP_LOOKED_AT_EVERY = 500;

/** Sends so many blobs through; the same seed, the same blobs. `onBatch` is called now and then. */
export function fuzzBlobs(
  count: number,
  seed: number,
  onBatch: (done: number) => void = () => undefined,
): FuzzFindings {
  const random = createRandom(seed);
  const blobs = recordedBlobs();
  const small = blobs.filter(({ bytes }) => bytes.length <= LARGE);
  const large = blobs.filter(({ bytes }) => bytes.length > LARGE);
  const faults: string[] = [];
  let [past, slowestMs, heapMaxBytes] = [0, 0, 0];
  for (let at = 0; at < count && faults.length < FAULTS_MAX; at += 1) {
    const blob = mutated(random.chance(LARGE_CHANCE) ? large : small, blobs, random);
    const tell = (what: string) => faults.push(`seed ${seed}, blob ${at}: ${what}: ${hexOf(blob)}`);
    const before = process.cpuUsage();
    try {
      throughEveryDecoder(blob);
    } catch (cause) {
      tell(String(cause instanceof Error ? cause.stack : cause));
    }
    const { user, system } = process.cpuUsage(before);
    const tookMs = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > BLOB_MAX_MS) tell(`took ${tookMs} ms`);
    if (reached(blob) > PAST_BYTES) past += 1;
    if (at % HEAP_LOOKED_AT_EVERY !== 0) continue;
    heapMaxBytes = Math.max(heapMaxBytes, process.memoryUsage().heapUsed);
    onBatch(at);
  }
  return { blobs: count, past, slowestMs, heapMaxBytes, faults };
}

function mutated(from: readonly Blob[], blobs: readonly Blob[], random: Random): Blob {
  const { form, bytes } = from[random.below(from.length)] ?? { form: "msgpack", bytes: new Uint8Array([0xc0]) };
  let result = bytes;
  for (let times = 1 + random.below(3); times > 0 && result.length > 0; times -= 1) {
    result = MUTATIONS[random.below(MUTATIONS.length)]?.(result, random, blobs) ?? result;
  }
  // Now and then what was written one way is read the other: a column that changed its type under us.
  return { bytes: result, form: random.chance(0.02) ? (form === "json" ? "msgpack" : "json") : form };
}

const hexOf = ({ form, bytes }: Blob): string =>
  `${form}, ${bytes.length} bytes ${Buffer.from(bytes.subarray(0, HEX_SHOWN)).toString("hex")}`;
