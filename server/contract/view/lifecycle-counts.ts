/** How many things are in each state of each life cycle, as far as the folds know. Pure. */
import { lockState } from "#server/contract/diagram/lock-lifecycle.ts";
import type { Machine } from "#server/contract/diagram/machine.ts";
import { STEP_MACHINES } from "#server/contract/diagram/step-lifecycle.ts";
import { workerPlace } from "#server/contract/diagram/worker-loop.ts";
import { invalidatedWorlds, worldState } from "#server/contract/diagram/world-state.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import { own } from "#server/contract/fold/record.ts";
import type { Samples } from "#server/contract/live.ts";
import { unreachable } from "#server/kernel/errors.ts";

export type StateCount =
  | { readonly kind: "counted"; readonly count: number }
  /** So many are in this state or in others that cannot be told apart from it. */
  | { readonly kind: "among"; readonly count: number; readonly why: string }
  | { readonly kind: "not-counted"; readonly why: string };

export type StateCounts = Readonly<Record<string, StateCount>>;

type Tally = ReadonlyMap<string, number>;

/** The counts of one machine: an entry for each of its states. */
export function lifecycleCounts(machine: Machine, folds: Folds, samples: Samples): StateCounts {
  switch (machine.kind) {
    case "plan":
      return counted(machine, tally(dynflow(folds).flatMap(({ plans }) => states(plans))), { stopped: FINISHED });
    case "step-plan":
    case "step-run":
    case "step-finalize":
      return stepCounts(machine, folds);
    case "world":
      return counted(machine, tally(dynflow(folds).flatMap(worldsOf)), { gone: GONE });
    case "lock":
      return counted(machine, tally(dynflow(folds).flatMap(locksOf)), { released: GONE });
    case "envelope":
      return none(machine, "inboxes are read when somebody looks at them: Worlds lists what waits");
    case "incarnation":
      return counted(machine, tally(dna(folds).flatMap(({ nodes }) => states(nodes))));
    case "worker":
      return workerCounts(machine, folds, samples);
    case "actor":
    case "actor-full":
      return actorCounts(machine, samples);
    case "haf":
      return counted(machine, tally(haf(folds).flatMap(({ phases }) => phases)));
    case "haf-app":
      return counted(machine, tally(haf(folds).flatMap(({ apps }) => states(apps))));
    case "agent":
      return counted(machine, tally(ingest(folds).flatMap(({ agents }) => states(agents))), { forgotten: FORGOTTEN });
    case "receiver":
      return counted(
        machine,
        tally(
          ingest(folds).flatMap(({ gateways }) => Object.values(gateways).flatMap((each) => states(each.receivers))),
        ),
      );
    case "job":
      return counted(machine, tally(operator(folds).flatMap(({ jobs }) => states(jobs))));
    case "operation":
      return counted(machine, tally(operator(folds).flatMap(({ operations }) => operations.map(({ phase }) => phase))));
    case "reader":
      return counted(machine, tally(consoles(folds).flatMap(({ readers }) => states(readers))), READERS);
    default:
      return unreachable(machine.kind);
  }
}

const FINISHED = "finished plans are not kept in memory: the list asks the database for them";
const GONE = "a record that is deleted is not kept";
const FORGOTTEN = "whoever is forgotten has left the list";
const NOT_MIRRORED = "keys are never mirrored: a census counts them";
const PHASE = "in any phase: the feed tells the state of a step, not its phase";
const SUCCEEDED = "only steps of unfinished plans are counted";
const READERS = {
  running: "the feed tells of those that have failed: Architecture lists all",
  stopped: "the feed tells of those that have failed: Architecture lists all",
} as const;

const ofFamily =
  <F extends StreamFold["family"]>(family: F) =>
  (folds: Folds): readonly Extract<StreamFold, { family: F }>[] =>
    Object.values(folds).filter((fold): fold is Extract<StreamFold, { family: F }> => fold.family === family);
const dynflow = ofFamily("dynflow");
const dna = ofFamily("dna");
const haf = ofFamily("haf");
const ingest = ofFamily("ingest");
const operator = ofFamily("operator");
const consoles = ofFamily("console");

const states = (record: Readonly<Record<string, { readonly state: string }>>): readonly string[] =>
  Object.values(record).map(({ state }) => state);

function tally(words: readonly string[]): Tally {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function counted(machine: Machine, counts: Tally, unknown: Readonly<Record<string, string>> = {}): StateCounts {
  return each(machine, (state) => {
    const why = own(unknown, state);
    return why === undefined ? { kind: "counted", count: counts.get(state) ?? 0 } : { kind: "not-counted", why };
  });
}

const none = (machine: Machine, why: string): StateCounts => each(machine, () => ({ kind: "not-counted", why }));

const each = (machine: Machine, of: (state: string) => StateCount): StateCounts =>
  Object.fromEntries(machine.states.map((state) => [state, of(state)]));

function worldsOf({ worlds, locks }: DynflowFold): readonly string[] {
  const invalidated = invalidatedWorlds(Object.values(locks));
  return Object.entries(worlds).map(([id, world]) => worldState(world, invalidated.has(id)));
}

function locksOf({ worlds, locks }: DynflowFold): readonly string[] {
  return Object.values(locks).map(({ class: name, worldId }) =>
    lockState({ class: name, orphaned: worldId !== null && !Object.hasOwn(worlds, worldId) }),
  );
}

/** A state that only one phase knows is counted; of any other the feed does not tell the phase. */
function stepCounts(machine: Machine, folds: Folds): StateCounts {
  const words = dynflow(folds).flatMap(({ plans }) =>
    Object.values(plans).flatMap(({ steps }) => Object.values(steps ?? {})),
  );
  const counts = tally(words);
  const phases = Object.values(STEP_MACHINES);
  return each(machine, (state) => {
    const count = counts.get(state) ?? 0;
    const isOnly = phases.every(({ kind, states: known }) => kind === machine.kind || !known.includes(state));
    if (isOnly || count === 0) return { kind: "counted", count };
    return { kind: "among", count, why: state === "success" ? `${PHASE}; ${SUCCEEDED}` : PHASE };
  });
}

/** By the workers' own word, where the nodes are asked: which of three short states it is cannot be told. */
function workerCounts(machine: Machine, folds: Folds, samples: Samples): StateCounts {
  const told = Object.entries(folds).flatMap(([stream, fold]) =>
    fold.family === "dna" ? workersOf(fold, own(samples, stream)?.beam ?? {}) : [],
  );
  if (told.length === 0) return none(machine, "no node tells it at this instant: access to the nodes is needed");
  return each(machine, (state) => {
    if (state === "crashed" || state === "halted")
      return { kind: "not-counted", why: "whoever has crashed or halted cannot tell it: see the life of incarnations" };
    const mine = told.filter((now) => now.some((word) => word === state));
    const alone = mine.filter((now) => now.length === 1).length;
    return mine.length === alone
      ? { kind: "counted", count: alone }
      : { kind: "among", count: mine.length, why: "in one of three states that follow each other within milliseconds" };
  });
}

type BeamSamples = NonNullable<Samples[string]["beam"]>;

function workersOf({ nodes }: DnaFold, beam: BeamSamples): readonly (readonly string[])[] {
  return Object.entries(beam).flatMap(([id, { refreshMs }]) =>
    own(nodes, id)?.state === "alive" ? [workerPlace(refreshMs).now] : [],
  );
}

function actorCounts(machine: Machine, samples: Samples): StateCounts {
  const told = Object.values(samples).flatMap(({ beam = {} }) => Object.values(beam).map(({ running }) => running));
  const known = told.filter((running) => running !== null);
  return each(machine, (state) => {
    if (state !== "running" || known.length === 0) return { kind: "not-counted", why: NOT_MIRRORED };
    const count = known.reduce((sum, running) => sum + running, 0);
    return known.length === told.length
      ? { kind: "counted", count }
      : { kind: "among", count, why: "of the nodes that told it" };
  });
}
