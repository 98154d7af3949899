/** An incident of the simulators, kept step by step as the console showed it, and shown again from the journal. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ulid } from "ulid";
import { expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import { driveSimulation } from "#server/demo/dna/driver.ts";
import { createSimulation } from "#server/demo/dna/simulation.ts";
import { createSimulatedDnaStore } from "#server/demo/dna/store.ts";
import { createDynflowDemo, DEMO_CANCELLABLE } from "#server/demo/dynflow/demo.ts";
import { openSqliteDatabase } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { createPlace } from "#server/journal/adapters/scylla/place.test-kit.ts";
import { openSqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import type { Journal, JournalRetention, StateStore } from "#server/journal/ports.ts";
import { createJournalService } from "#server/journal/service.ts";
import { type Clock, type EpochMs, toIso } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder, type LiveRecorder } from "#server/live/recorder.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createLoopDelay } from "#server/runtime/loop-delay.ts";
import { composeCore, sourceDepsOf } from "./compose-core.ts";
import { assembleDna } from "./compose-dna.ts";
import { assembleDynflow, sqliteAccess } from "./compose-dynflow.ts";

const SPEED = 10;
const SEED = 20_261_122;
const KEYSPACE = "dna";
const CLUSTER = "prod";
const STEP_TIMEOUT_MS = 100_000;
const TEST_TIMEOUT_MS = 400_000;
const log = silentLogger;

type Opened = Journal & JournalRetention & { readonly state: StateStore };

/** What the live page showed, at an instant with nothing under way. */
interface Shown {
  readonly step: string;
  readonly at: EpochMs;
  readonly folds: string;
}

const ANN: Caller = {
  principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "ann" },
  address: "::1",
};
const act = () => ({ reason: "part of the incident", requestId: ulid() });

function threeNodes(clock: Clock) {
  const driver = driveSimulation(createSimulation({ seed: SEED, startEpoch: clock.now() }), clock);
  const { simulation } = driver;
  simulation.addKeyspace(KEYSPACE);
  const nodes = [1, 2, 3].map((n) =>
    simulation.addNode({ keyspace: KEYSPACE, cluster: CLUSTER, name: `dna@10.0.0.${n}` }),
  );
  simulation.addActorType(KEYSPACE, {
    namespace: "world",
    moduleId: 0,
    prefix: "city",
    count: 90,
    baseOwners: nodes.map((node) => node.worker().incarnation),
    claimedWithinMs: 60_000,
  });
  return { driver, store: createSimulatedDnaStore(driver, KEYSPACE, { name: "simulated" }) };
}

/** The console without its pages, on three nodes of DNA and a Dynflow in motion. */
async function openConsole(journal: Opened, clock: Clock, folder: string) {
  const recorder = await createRecorder({ journal, clock, log });
  const world = threeNodes(clock);
  const file = path.join(folder, "dynflow.sqlite");
  const openDatabase = (name: string) => openSqliteDatabase({ path: name, readOnly: false });
  const plans = await createDynflowDemo({ path: file, openDatabase, clock, seed: SEED, log });
  const text = `journal: { path: ${JSON.stringify(folder)} }\ndemo: { speed: ${SPEED} }`;
  const configuration = loadConfiguration({ file: "/w.yaml", cwd: "/", environment: {}, readText: () => text });
  const deps = {
    configuration,
    journal,
    state: journal.state,
    recorder,
    clock,
    loopDelay: createLoopDelay(clock, SPEED),
    log,
    version: "test",
    holder: null,
    places: { regions: [{ id: "eu", title: "Europe" }], loadBalancer: { title: "", regions: [] } },
  };
  const sourceDeps = sourceDepsOf(deps);
  const seat = { title: "", region: "eu", act: true };
  const dna = { ...seat, id: "eu-1", cluster: CLUSTER, keyspace: KEYSPACE, modules: {} };
  const dynflow = { ...seat, id: "foreman", release: null, demo: true, cancellable: DEMO_CANCELLABLE };
  const store = { ...world.store, close: async () => undefined };
  const sources = {
    dna: [assembleDna(dna, { store, beam: null }, sourceDeps)],
    dynflow: [assembleDynflow(dynflow, sqliteAccess(file), sourceDeps)],
    haf: [],
  };
  const core = composeCore(deps, sources, sourceDeps.operations);
  const abort = new AbortController();
  const running = Promise.all([world.driver.run(abort.signal), plans.run(abort.signal), core.run(abort.signal)]).catch(
    (cause: unknown) => {
      if (!abort.signal.aborted) throw cause;
    },
  );
  return {
    recorder,
    plans,
    services: core.services,
    simulation: world.driver,
    async stop() {
      abort.abort(new Error("the incident is over"));
      await running;
      await core.end();
      await recorder.stop();
      await plans.close();
    },
  };
}

/** A journal of which is known when the appends that are under way have begun. */
function watched(journal: Opened, clock: Clock) {
  const begun = new Set<{ readonly at: EpochMs }>();
  return {
    journal: {
      ...journal,
      async append(...given: Parameters<Journal["append"]>) {
        const mine = { at: clock.now() };
        begun.add(mine);
        try {
          return await journal.append(...given);
        } finally {
          begun.delete(mine);
        }
      },
    },
    /** Once the clock has passed the instant, and whatever may bear its stamp is in the journal. */
    async isPast(at: EpochMs) {
      while (clock.now() <= at || [...begun].some((one) => one.at <= at)) await clock.sleep(50 * SPEED);
    },
  };
}

/** Waits for a moment at which everything that was appended is folded, and no later event bears its stamp. */
async function show(
  step: string,
  recorder: LiveRecorder,
  { journal, isPast }: ReturnType<typeof watched>,
  clock: Clock,
): Promise<Shown> {
  let shown: Shown | null = null;
  await expect
    .poll(
      async () => {
        const [at, folds, positions] = [clock.now(), recorder.folds(), recorder.positions()];
        const text = canonicalJson(folds);
        await isPast(at);
        const found = await Promise.all(Object.keys(positions).map((stream) => journal.positionAt(stream, at)));
        const streams = (await journal.heads()).filter(({ stream }) => positions[stream] === undefined);
        const isQuiet =
          Object.values(positions).every(({ seq }, index) => found[index] === seq) && streams.length === 0;
        if (isQuiet) shown = { step, at, folds: text };
        return isQuiet;
      },
      { timeout: STEP_TIMEOUT_MS, interval: 20 },
    )
    .toBe(true);
  if (shown === null) throw new Error(`nothing was quiet at the step: ${step}`);
  return shown;
}

async function incident(journal: Opened, clock: Clock, folder: string): Promise<readonly Shown[]> {
  const seen = watched(journal, clock);
  const { recorder, services, simulation, plans, stop } = await openConsole(seen.journal, clock, folder);
  const shown: Shown[] = [];
  const until = async (step: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    await expect.poll(holds, { timeout: STEP_TIMEOUT_MS, interval: 20, message: step }).toBe(true);
    shown.push(await show(step, recorder, seen, clock));
  };
  const nodes = () => Object.entries(recorder.dna("eu-1").nodes);
  const paused = () => Object.entries(recorder.dynflow("foreman").plans).find(([, plan]) => plan.state === "paused");
  try {
    await until("three nodes start", () => nodes().filter(([, { state }]) => state === "alive").length === 3);
    const [dead = "", { node = "" } = {}] = nodes()[0] ?? [];
    simulation.catchUp();
    simulation.simulation.scenarios.killNode(node);
    await until("one dies", () => nodes().some(([id, { state }]) => id === dead && state === "gone"));
    const census = await services.dnaCensus.start(ANN, { source: "eu-1", incarnation: dead });
    await until("its keys are counted and it may be failed over", async () => {
      const { refusals } = await services.dnaFailover.preview(ANN, { source: "eu-1", incarnation: dead });
      return recorder.dna("eu-1").owned[dead] !== undefined && refusals.length === 0;
    });
    const keys = recorder.dna("eu-1").owned[dead]?.counts.reduce((sum, count) => sum + count.keys, 0) ?? 0;
    expect([census.censusId === "", keys > 0]).toEqual([false, true]);
    const { jobId } = await services.dnaFailover.start(ANN, {
      ...{
        source: "eu-1",
        incarnation: dead,
        targets: null,
        expectedState: "gone",
        expectedNode: node,
        expectedKeys: keys,
      },
      ...act(),
    });
    await until("failover", () => recorder.operator().jobs[jobId]?.state === "done");
    plans.failNextPlans(1);
    await until("a plan pauses", () => paused() !== undefined);
    const [planId = "", plan] = paused() ?? [];
    await services.dynflow.resume(ANN, {
      ...{ source: "foreman", planId, expectedState: "paused", expectedFailedStepId: plan?.failure?.stepId ?? null },
      ...act(),
    });
    await until("resume", () =>
      recorder.operator().operations.some(({ target, phase }) => target === planId && phase !== "requested"),
    );
  } finally {
    await stop();
  }
  return shown;
}

async function expectShownAgain(journal: Opened, shown: readonly Shown[]): Promise<void> {
  const service = createJournalService({ journal, log });
  expect(shown.map(({ step }) => step)).toHaveLength(6);
  for (const { step, at, folds } of [...shown, ...shown.toReversed()]) {
    const state = await service.stateAt(ANN, { at: toIso(at) });
    expect(canonicalJson(state.folds), step).toBe(folds);
  }
}

it(
  "is shown again from SQLite as it was at each step, to the byte, also after a restart",
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "incident-"));
    const clock = createSystemClock(SPEED);
    const open = () =>
      openSqliteJournal({ directory: path.join(folder, "journal"), key: { from: "generated" }, clock, log });
    try {
      const journal = await open();
      const shown = await incident(journal, clock, folder);
      await expectShownAgain(journal, shown);
      await journal.close();
      const again = await open();
      await expectShownAgain(again, shown);
      await again.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  TEST_TIMEOUT_MS,
);

it(
  "is shown again from Cassandra as it was at each step, to the byte, also by another console",
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "incident-"));
    const place = await createPlace();
    const clock = createSystemClock(SPEED);
    // The lease is measured by the same clock, which is too fast for it.
    const lease = { leaseMs: 10_000 * SPEED, beatMs: 2_000 * SPEED };
    try {
      const journal = await place.open({ clock, lease });
      const shown = await incident(journal, clock, folder);
      await expectShownAgain(journal, shown);
      await journal.close();
      const again = await place.open({ clock, lease });
      await expectShownAgain(again, shown);
      await again.close();
    } finally {
      await place.drop();
      rmSync(folder, { recursive: true });
    }
  },
  TEST_TIMEOUT_MS,
);
