import type { HafRead, HafStore } from "#server/haf/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { answersOf, type RecordedAnswers } from "./recorded-answers.ts";
import type { RecordedStep } from "./recording.ts";

/** Rows of one incremental read, as of the real store. */
const ROWS_MAX = 1_000;
const DATABASE_BYTES = 8_912_896;

export interface RecordedStoreOptions {
  readonly steps: readonly RecordedStep[];
  /** Index (from 0) of the step that the database holds now. */
  readonly at: () => number;
  readonly clock: Clock;
}

/** A store whose database holds a recorded step, observed just now: its ages stand still until the next step. */
export function createRecordedStore({ steps, at, clock }: RecordedStoreOptions): HafStore {
  return createStepStore(() => {
    const step = steps[at()];
    if (step === undefined) throw new OpsError("upstream-unavailable", `The recording has no step ${at() + 1}`);
    return step;
  }, clock);
}

/** The same of whatever step `now` answers at a read. */
export function createStepStore(now: () => RecordedStep, clock: Clock): HafStore {
  function answers(signal: AbortSignal | undefined): RecordedAnswers {
    signal?.throwIfAborted();
    return answersOf(now(), clock.now());
  }
  async function read<T>(pick: (of: RecordedAnswers) => T, signal: AbortSignal | undefined): Promise<HafRead<T>> {
    return { kind: "read", value: pick(answers(signal)) };
  }
  const behind = <T extends { readonly id: DecimalText }>(rows: readonly T[], after: DecimalText): readonly T[] =>
    rows.filter(({ id }) => BigInt(id) > BigInt(after)).slice(0, ROWS_MAX);

  return {
    database: (signal) => read((of) => of.database, signal),
    instance: (signal) => read((of) => of.instance, signal),
    apps: (signal) => read((of) => of.apps, signal),
    indexes: (signal) => read((of) => of.indexes, signal),
    appLog: (after, signal) => read((of) => behind(of.appLog, after), signal),
    forks: (after, signal) => read((of) => behind(of.forks, after), signal),
    hivedConnections: (after, signal) => read((of) => behind(of.hivedConnections, after), signal),
    vacuum: (signal) => read(() => [], signal),
    eventQueue: (signal) => read((of) => of.eventQueue, signal),
    indexBuilds: (signal) => read((of) => of.indexBuilds, signal),
    connections: (signal) => read((of) => of.connections, signal),
    databaseBytes: (signal) => read(() => String(DATABASE_BYTES), signal),
    schemas: (names, signal) =>
      read(({ apps }) => names.filter((name) => name === "hafd" || apps.some(({ schema }) => schema === name)), signal),
    close: async () => undefined,
  };
}
