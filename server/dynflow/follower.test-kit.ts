/** What tests of the followers and commands stand on: a recorder, a state store and a database, all in memory. */
import {
  dynflowStream,
  type EventDraft,
  type EventKind,
  type JournalEvent,
  type StreamName,
} from "#server/contract/event.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { type Folds, reduceFolds } from "#server/contract/fold/fold.ts";
import { EMPTY_HAF } from "#server/contract/fold/haf.ts";
import { EMPTY_INGEST } from "#server/contract/fold/ingest.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { Samples } from "#server/contract/live.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { CoordinatorRecord, HistoryEntry, PlanHead, PlanRecord, StepRow } from "./domain/model.ts";
import { isFinished } from "./domain/plan-states.ts";
import type { ActionReferences, DynflowCapabilities, DynflowStore, FollowedPlan, RecordKey } from "./ports.ts";

export interface MemoryJournal {
  readonly recorder: Recorder;
  readonly view: FoldView;
  readonly events: readonly JournalEvent[];
  kinds(): readonly EventKind[];
  /** While set, nothing is recorded. */
  unavailable: boolean;
}

/** Records into an array and folds; an id that a stream already holds answers the stored event. */
export function createMemoryJournal(clock: Clock): MemoryJournal {
  const events: JournalEvent[] = [];
  const listeners = new Set<(events: readonly JournalEvent[]) => void>();
  let folds: Folds = {};
  let samples: Samples = {};

  function append(stream: StreamName, draft: EventDraft): JournalEvent {
    const stored = events.find((event) => event.stream === stream && event.id === draft.id);
    if (stored !== undefined) return stored;
    const seq = String(events.filter((event) => event.stream === stream).length + 1);
    const event: JournalEvent = {
      synthetic: false,
      causedBy: null,
      actor: null,
      ...draft,
      id: draft.id ?? `event-${events.length + 1}`,
      stream,
      seq,
      observedAt: clock.now(),
    };
    events.push(event);
    folds = reduceFolds(folds, event);
    return event;
  }

  const journal: MemoryJournal = {
    events,
    unavailable: false,
    kinds: () => events.map((event) => event.kind),
    recorder: {
      async record(stream, drafts) {
        if (journal.unavailable) throw new OpsError("journal-unavailable", "The journal is away");
        const recorded = drafts.map((draft) => append(stream, draft));
        for (const listener of listeners) listener(recorded);
        return recorded;
      },
      sample(stream, sample) {
        samples = { ...samples, [stream]: { ...samples[stream], ...sample } };
      },
    },
    view: {
      folds: () => folds,
      samples: () => samples,
      dna: () => {
        throw new Error("no DNA here");
      },
      haf: () => EMPTY_HAF,
      ingest: () => EMPTY_INGEST,
      dynflow(sourceId) {
        const fold = folds[dynflowStream(sourceId)];
        return fold?.family === "dynflow" ? fold : EMPTY_DYNFLOW;
      },
      operator() {
        const fold = folds.operator;
        return fold?.family === "operator" ? fold : EMPTY_OPERATOR;
      },
      onEvents(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  return journal;
}

export function createMemoryStateStore(): StateStore {
  const values = new Map<string, string>();
  const prefixed = (namespace: string, key: string) => `${namespace}\n${key}`;
  const store: StateStore = {
    get: async (namespace, key) => values.get(prefixed(namespace, key)) ?? null,
    list: async (namespace) =>
      [...values]
        .filter(([key]) => key.startsWith(prefixed(namespace, "")))
        .map(([key, value]) => ({ key: key.slice(namespace.length + 1), value })),
    page: async (namespace, after, limit) =>
      (await store.list(namespace))
        .filter(({ key }) => after === null || key > after)
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .slice(0, limit),
    put: async (namespace, key, value) => void values.set(prefixed(namespace, key), value),
    async putAll(namespace, entries) {
      for (const { key, value } of entries) {
        if (value === null) values.delete(prefixed(namespace, key));
        else values.set(prefixed(namespace, key), value);
      }
    },
    async increment(namespace, key) {
      const next = Number(values.get(prefixed(namespace, key)) ?? "0") + 1;
      values.set(prefixed(namespace, key), String(next));
      return next;
    },
  };
  return store;
}

/** A plan with everything at rest; parts as given. */
export function planOf(
  id: string,
  head: Partial<PlanHead> = {},
  steps: readonly (Partial<StepRow> & { readonly id: number })[] = [],
): FollowedPlan {
  return {
    head: {
      id,
      label: "Actions::Example",
      state: "running",
      result: "pending",
      startedAt: "2026-11-22T05:45:46.600000Z",
      endedAt: null,
      realTimeSec: 0,
      executionTimeSec: null,
      rootPlanStepId: 1,
      ...head,
    },
    rootActionClass: "Actions::Example",
    steps: steps.map(stepOf),
  };
}

export function stepOf(step: Partial<StepRow> & { readonly id: number }): StepRow {
  return {
    phase: "run",
    class: "Dynflow::ExecutionPlan::Steps::RunStep",
    state: "pending",
    actionId: 1,
    actionClass: "Actions::Example",
    queue: "default",
    startedAt: null,
    endedAt: null,
    realTimeSec: 0,
    executionTimeSec: 0,
    progressDone: 0,
    progressWeight: 1,
    error: { ok: true, value: null },
    children: { ok: true, value: null },
    ...step,
  };
}

/** One database whose rows a test sets, and whose reads it can count, fail or hold. */
export interface MemoryDynflow {
  readonly store: DynflowStore;
  readonly plans: Map<string, FollowedPlan>;
  readonly records: Map<string, CoordinatorRecord>;
  /** By plan id; none = empty. */
  readonly histories: Map<string, readonly HistoryEntry[]>;
  /** By plan id, what its record has besides head, steps and history. */
  readonly parts: Map<string, Partial<PlanRecord>>;
  readonly references: Map<string, readonly ActionReferences[]>;
  readonly callers: Map<string, readonly number[]>;
  /** Names of reads so far, in order. */
  readonly reads: string[];
  /** Reads fail with this; `"hang"` = they end only with their time-out. */
  trouble: null | "refused" | "hang";
  capabilities: DynflowCapabilities;
  inserts: number;
  /** Calls the listener that `hints` registered, if there is one. */
  hint(worldId: string): void;
  readonly listened: string[][];
  setPlan(plan: FollowedPlan): void;
  setRecord(record: CoordinatorRecord): void;
  dropRecord(key: RecordKey): void;
}

export const READ_TIMEOUT_MS = 2_000;

export function createMemoryDynflow(clock: Clock): MemoryDynflow {
  const plans = new Map<string, FollowedPlan>();
  const records = new Map<string, CoordinatorRecord>();
  const histories = new Map<string, readonly HistoryEntry[]>();
  const parts = new Map<string, Partial<PlanRecord>>();
  const references = new Map<string, readonly ActionReferences[]>();
  const callers = new Map<string, readonly number[]>();
  const reads: string[] = [];
  const listened: string[][] = [];
  let onHint: ((worldId: string) => void) | null = null;
  const keyOf = (key: RecordKey) => `${key.class}|${key.id}`;

  async function read<T>(name: string, answer: () => T): Promise<T> {
    reads.push(name);
    if (dynflow.trouble === "hang") await clock.sleep(READ_TIMEOUT_MS);
    if (dynflow.trouble !== null) throw new OpsError("upstream-unavailable", "Dynflow's database did not answer");
    return answer();
  }
  const present = (ids: readonly string[]) => ids.flatMap((id) => plans.get(id) ?? []);

  const dynflow: MemoryDynflow = {
    plans,
    records,
    histories,
    parts,
    references,
    callers,
    reads,
    listened,
    trouble: null,
    inserts: 0,
    capabilities: { dialect: "postgres", schemaVersion: 25, notify: true, insertCount: true, indexes: [] },
    hint: (worldId) => onHint?.(worldId),
    setPlan: (plan) => void plans.set(plan.head.id, plan),
    setRecord: (record) => void records.set(keyOf(record), record),
    dropRecord: (key) => void records.delete(keyOf(key)),
    store: {
      capabilities: () => read("capabilities", () => dynflow.capabilities),
      recordKeys: () =>
        read("recordKeys", () => [...records.values()].map((record) => ({ class: record.class, id: record.id }))),
      records: (keys) => read("records", () => keys.flatMap((key) => records.get(keyOf(key)) ?? [])),
      follow: (ids) => read(`follow ${ids.join()}`, () => present(ids)),
      heads: (ids) => read("heads", () => present(ids).map((plan) => plan.head)),
      insertCount: () => read("insertCount", () => String(dynflow.inserts)),
      lap: (from, rows) =>
        read(`lap ${from}`, () => {
          const start = Number(from ?? "0");
          const slice = [...plans.values()].slice(start, start + rows);
          const unfinished = slice.filter((plan) => !isFinished(plan.head.state)).map((plan) => plan.head.id);
          const next = start + rows >= plans.size ? null : String(start + rows);
          return { unfinished, next };
        }),
      plans: () => Promise.reject(new Error("not used here")),
      counts: () => Promise.reject(new Error("not used here")),
      scan: () => Promise.reject(new Error("not used here")),
      callers: () => Promise.reject(new Error("not used here")),
      failures: () => Promise.reject(new Error("not used here")),
      action: () => Promise.reject(new Error("not used here")),
      raw: () => Promise.reject(new Error("not used here")),
      plan: (id) =>
        read(`plan ${id}`, () => {
          const plan = plans.get(id);
          if (plan === undefined) return null;
          const flowIds = plan.steps.filter((step) => step.phase === "run").map((step) => step.id);
          return {
            head: plan.head,
            // The flow of these plans runs against the order of ids.
            runFlow: {
              ok: true,
              value: { kind: "sequence", flows: flowIds.toReversed().map((stepId) => ({ kind: "step", stepId })) },
            },
            finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } },
            history: { ok: true, value: histories.get(id) ?? [] },
            stepIds: { ok: true, value: plan.steps.map((step) => step.id) },
            steps: plan.steps,
            actions: [],
            delayed: null,
            blockedBy: [],
            blocks: [],
            subPlanIds: [],
            ...parts.get(id),
          };
        }),
      outline: async (id) => {
        const plan = await dynflow.store.plan(id);
        return plan === null ? null : { plan, tally: null };
      },
      planRow: () => Promise.reject(new Error("not used here")),
      stepsPart: () => Promise.reject(new Error("not used here")),
      references: (planId) => read("references", () => references.get(planId) ?? []),
      subPlanCallers: (ids) =>
        read("subPlanCallers", () =>
          ids.flatMap((planId) => (callers.get(planId) ?? []).map((actionId) => ({ planId, actionId }))),
        ),
      links: {
        children: () => Promise.reject(new Error("not used here")),
        childCounts: () => Promise.reject(new Error("not used here")),
        childTotals: () => Promise.reject(new Error("not used here")),
        childEdges: () => Promise.reject(new Error("not used here")),
        actionSteps: () => Promise.reject(new Error("not used here")),
        planSteps: () => Promise.reject(new Error("not used here")),
        dependencies: () => Promise.reject(new Error("not used here")),
      },
      envelopes: () => read("envelopes", () => ({ receivers: [], countedAll: true, envelopes: [] })),
      async hints(worldIds, listener) {
        listened.push([...worldIds]);
        onHint = listener;
        return async () => {
          onHint = null;
        };
      },
      close: async () => undefined,
    },
  };
  return dynflow;
}
