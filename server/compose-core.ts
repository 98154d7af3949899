import { ulid } from "ulid";
import type { Configuration } from "#server/config/model.ts";
import { CONSOLE_STREAM, dnaStream, type EventDraft, hafStream, ingestStream } from "#server/contract/event.ts";
import { maskRulesOf } from "#server/contract/mask-rules.ts";
import type { Patience } from "#server/contract/view/attention-patience.ts";
import { createBeamService } from "#server/dna/beam-service.ts";
import { createCensusService } from "#server/dna/census-service.ts";
import { createDrainService } from "#server/dna/drain-service.ts";
import { createFailoverKind } from "#server/dna/failover-job.ts";
import { createFailoverService } from "#server/dna/failover-service.ts";
import { toldBy } from "#server/dna/failover-told.ts";
import { createFailoverVerifier } from "#server/dna/failover-verify.ts";
import { createHealthService } from "#server/dna/health-service.ts";
import { createNodeRowService } from "#server/dna/node-row-service.ts";
import { createDnaService } from "#server/dna/service.ts";
import { createActionsService } from "#server/dynflow/actions-service.ts";
import { createCompareService } from "#server/dynflow/compare-service.ts";
import { createPayloadService } from "#server/dynflow/payload-service.ts";
import { createPlanListService } from "#server/dynflow/plan-list-service.ts";
import { createPlanPartsService } from "#server/dynflow/plan-parts-service.ts";
import { createDynflowService } from "#server/dynflow/service.ts";
import { createStepsService } from "#server/dynflow/steps-service.ts";
import { createSubPlansService } from "#server/dynflow/sub-plans-service.ts";
import { createAttentionService } from "#server/estate/attention-service.ts";
import { type ConsolePart, createPartTeller } from "#server/estate/readers.ts";
import { createReadersService } from "#server/estate/readers-service.ts";
import { createEstateService, type Estate } from "#server/estate/service.ts";
import { createHafService } from "#server/haf/service.ts";
import { createAgentDataService } from "#server/ingest/agent-data-service.ts";
import { createAgentsService } from "#server/ingest/agents-service.ts";
import { withFollowedJobs } from "#server/jobs/followed.ts";
import { createJobStore } from "#server/jobs/job-store.ts";
import { createJobRunner } from "#server/jobs/runner.ts";
import { createJobsService } from "#server/jobs/service.ts";
import { createClockWatch } from "#server/journal/clock-watch.ts";
import type { RetentionRules } from "#server/journal/domain/retention.ts";
import type { Journal, JournalRetention, StateStore } from "#server/journal/ports.ts";
import { createRetention } from "#server/journal/retention.ts";
import { createJournalService } from "#server/journal/service.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { LiveRecorder } from "#server/live/recorder.ts";
import { createRequestGate, type GateRules, heldBy } from "#server/operations/gate.ts";
import { closeLost } from "#server/operations/lost.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSafetyService } from "#server/operations/safety-service.ts";
import type { LoopDelay } from "#server/runtime/loop-delay.ts";
import { createSupervisor } from "#server/runtime/supervisor.ts";
import type { Services } from "#server/trpc/services.ts";
import { composeActors, stopKind } from "./compose-actors.ts";
import { composeAlerts } from "./compose-alerts.ts";
import { bulkKinds, composeBulk } from "./compose-bulk.ts";
import { censusKind, withCensuses } from "./compose-census.ts";
import type { DnaAssembly, SourceDeps } from "./compose-dna.ts";
import type { DynflowAssembly } from "./compose-dynflow.ts";
import type { HafAssembly } from "./compose-haf.ts";
import type { IngestGateway } from "./compose-ingest.ts";
import { composeWorlds, invalidateKind } from "./compose-worlds.ts";

export interface CoreDeps {
  readonly configuration: Configuration;
  readonly journal: Journal & JournalRetention;
  readonly state: StateStore;
  readonly recorder: LiveRecorder;
  readonly clock: Clock;
  readonly loopDelay: LoopDelay;
  readonly log: Logger;
  readonly version: string;
  /** This process among several on one journal, for people; `null` = there are no others. */
  readonly holder: string | null;
  /** Regions and load balancer: as configured, or the demo's own. */
  readonly places: Pick<Estate, "regions" | "loadBalancer">;
  /** The gateway for agents of this process; `null`, or left out = it has none. */
  readonly gateway?: () => IngestGateway | null;
}

/** What the sources are built from, before the services that stand on them. */
export function sourceDepsOf(
  deps: CoreDeps,
): SourceDeps & { state: StateStore; operations: ReturnType<typeof createOperations> } {
  const { recorder, clock, log, loopDelay, state, configuration } = deps;
  const gate = createRequestGate({ rules: gateRulesOf(configuration), safety: () => recorder.operator(), clock });
  const operations = createOperations({ recorder, view: recorder, clock, gate });
  return { recorder, view: recorder, clock, log, loopDelay, limits: configuration.limits, state, operations };
}

const gateRulesOf = ({ readOnly, approvals }: Configuration): GateRules => ({
  readOnly,
  wholeNode: approvals.wholeNode,
});

/** What is read. */
export interface CoreSources {
  readonly dna: readonly DnaAssembly[];
  readonly dynflow: readonly DynflowAssembly[];
  readonly haf: readonly HafAssembly[];
}

/** Everything between the sources and the procedures, and its background work. */
export function composeCore(deps: CoreDeps, sources: CoreSources, operations: ReturnType<typeof createOperations>) {
  const { configuration, journal, state, recorder, clock, log } = deps;
  const masks = maskRulesOf(configuration.masks);
  const patience: Patience = configuration.limits;
  const jobStore = createJobStore(state);
  const dnaOf = (id: string) => sources.dna.find(({ source }) => source.id === id) ?? null;
  const failover = createFailoverKind({
    sourceOf(id) {
      const found = dnaOf(id);
      return found === null ? null : { store: found.source.store, watch: found.watch };
    },
    clock,
    pace: configuration.limits.failover,
    log,
    ...toldBy(recorder, clock, (id) => dnaOf(id)?.actors ?? null),
  });
  const plans = { sources: sources.dynflow.map(({ source }) => source), operations, clock, log };
  const census = censusKind(sources.dna, { recorder, view: recorder, clock });
  const stop = stopKind({ sources: sources.dna.map(({ source }) => source), operations, clock, log });
  const kinds = [failover, stop, census, ...bulkKinds(plans), invalidateKind(plans)];
  const held = () => heldBy(gateRulesOf(configuration), recorder.operator());
  const runner = createJobRunner({ store: jobStore, kinds, recorder, view: recorder, clock, log, held });
  const bulk = composeBulk({ ...plans, runner, operatorLimit: configuration.limits.bulkOperator });
  const worlds = composeWorlds({ ...plans, runner, masks });
  const follows = () => recorder.journalStatus().follows !== undefined;
  const jobs = withFollowedJobs(runner, recorder, follows);
  const { rowsPerSecond } = configuration.limits.census;
  const dnaSources = withCensuses(sources.dna, { jobs, rowsPerSecond, clock, log });
  const actors = composeActors({ sources: dnaSources, operations, clock, log, view: recorder, jobs, masks });
  const nodes = { sources: dnaSources, operations, clock, watchOf: (id: string) => dnaOf(id)?.watch ?? null };
  const rows = createNodeRowService(nodes);
  const drains = createDrainService({ ...nodes, recorder, view: recorder, busy: (stream) => jobs.busy(stream) });
  const verifier = createFailoverVerifier({
    censusOf: (stream) => dnaSources.find(({ id }) => dnaStream(id) === stream)?.census ?? null,
    storeOf: (stream) => dnaSources.find(({ id }) => dnaStream(id) === stream)?.store ?? null,
    jobOf: (jobId) => runner.get(jobId),
    view: recorder,
    operations,
    clock,
    log,
  });
  const alerts = composeAlerts({ configuration, recorder, state, operations, clock, masks, log });
  const clockWatch = createClockWatch({ journal, recorder, clock, log });
  const retention = createRetention({ journal, recorder, rules: rulesOf(configuration), clock, log });
  const configured = estateOf(deps, sources);
  const own = (what: string, title: string, run: ConsolePart["run"]): ConsolePart => ({
    ...{ name: `console/${what}`, title, stream: null, run },
  });
  const parts: readonly ConsolePart[] = [
    ...sources.dna.flatMap((assembly) => assembly.parts),
    ...sources.dynflow.flatMap((assembly) => assembly.parts),
    ...sources.haf.map(hafPart),
    ...agentParts(deps),
    own("alerts", "Teller of alerts", (signal) => alerts.alerter.run(signal)),
    own("failovers", "Verifier of failovers", (signal) => verifier.run(signal)),
    own("stops", "Verifier of stopped actors", (signal) => actors.verifier.run(signal)),
    own("retention", "Retention of the journal", (signal) => retention.run(signal)),
    own("clock", "Watch of the clock", (signal) => clockWatch.run(signal)),
  ];
  const streamOf = (name: string) => parts.find((part) => part.name === name)?.stream ?? null;
  const supervisor = createSupervisor({ clock, log, onChange: createPartTeller({ recorder, clock, log, streamOf }) });
  const services: Omit<Services, "session" | "settings" | "demo" | "admin"> = {
    estate: createEstateService({ estate: configured, view: recorder, clock, masks, patience }),
    attention: createAttentionService({
      ...{ estate: configured, view: recorder, recorder, operations, clock, masks, patience },
    }),
    alerts: alerts.service,
    safety: createSafetyService({
      ...{ view: recorder, recorder, operations, clock, newId: ulid },
      holdJobs: (note, requestId) => runner.hold(note, requestId),
      rules: { ...gateRulesOf(configuration), minutes: configuration.approvals.minutes },
    }),
    dna: createDnaService({ sources: dnaSources, clock }),
    dnaActors: actors.service,
    dnaBeam: createBeamService({ sources: dnaSources, clock }),
    dnaHealth: createHealthService({ sources: dnaSources }),
    haf: createHafService({
      stacks: sources.haf.map(({ source, region }) => ({
        ...{ ...source, region, fold: () => recorder.haf(source.id) },
        sample: () => recorder.samples()[hafStream(source.id)] ?? null,
      })),
    }),
    dnaFailover: createFailoverService({
      ...{ sources: dnaSources, clock, jobs: runner, operations, newId: ulid },
      jobOf: (jobId) => jobs.get(jobId),
    }),
    dnaCensus: createCensusService({ sources: dnaSources, clock, rowsPerSecond, masks }),
    dnaNodes: rows,
    dnaDrain: drains,
    dynflow: createDynflowService({ sources: plans.sources, clock, bulk: bulk.service, masks }),
    dynflowList: createPlanListService({ sources: plans.sources, clock, masks }),
    dynflowActions: createActionsService({ sources: plans.sources, clock, masks }),
    dynflowCompare: createCompareService({ sources: plans.sources, clock }),
    dynflowPayload: createPayloadService({ sources: plans.sources, clock, operations, masks }),
    dynflowLinks: {
      ...createSubPlansService({ sources: plans.sources, clock, newToken: ulid, masks }),
      ...createPlanPartsService({ sources: plans.sources, clock, masks }),
    },
    dynflowSteps: createStepsService({ sources: plans.sources, clock }),
    dynflowWorlds: worlds.service,
    jobs: createJobsService({
      runner: jobs,
      store: jobStore,
      operations,
      retries: { ...bulk.retries, ...worlds.retries },
      masks,
    }),
    agents: createAgentsService({ view: recorder, source: ingestSeat(deps.gateway?.() ?? null), masks }),
    agentData: createAgentDataService({ gateway: deps.gateway ?? (() => null), operations, clock, masks }),
    journal: createJournalService({ journal, log, masks }),
    readers: createReadersService({ parts, keeper: supervisor, operations, clock, log, masks }),
  };

  return {
    services,
    /** Runs readers, jobs, verification and the journal's retention until aborted; resolves when all have ended. */
    async run(signal: AbortSignal): Promise<void> {
      const { version, holder } = deps;
      const body = { version, demo: configuration.demo !== null, ...(holder === null ? {} : { by: holder }) };
      // Jobs send: they end in the very turn in which they have to.
      signal.addEventListener("abort", () => void runner.stop(), { once: true });
      await noteOf(deps, { kind: "console.started", subject: "console", occurredAt: clock.now(), body });
      signal.throwIfAborted();
      await closeLost({ view: recorder, operations, log });
      await runner.recover();
      await supervisor.run(parts, signal);
    },
    /** Ends jobs at safe points and closes what was opened to the sources. */
    async end(): Promise<void> {
      await runner.stop();
      await Promise.all([...sources.dna, ...sources.dynflow, ...sources.haf].map((assembly) => assembly.close()));
    },
  };
}

const hafPart = ({ source, run }: HafAssembly): ConsolePart => ({
  name: `${hafStream(source.id)}/stack`,
  title: `Reader of ${source.title}`,
  stream: hafStream(source.id),
  run,
});

/** Writes down what the console itself does. Observation goes on when the journal cannot be written; the screens say so. */
async function noteOf({ recorder, log }: Pick<CoreDeps, "recorder" | "log">, draft: EventDraft): Promise<void> {
  try {
    await recorder.record(CONSOLE_STREAM, [draft]);
  } catch (cause) {
    log.error("console.not-recorded", { kind: draft.kind, cause });
  }
}

/** Written by whoever writes the journal: a console that followed has changed nothing by its end. */
export async function noteStop(deps: Pick<CoreDeps, "recorder" | "log" | "clock">): Promise<void> {
  if (deps.recorder.journalStatus().follows !== undefined) return;
  const body = { reason: "told to stop" };
  await noteOf(deps, { kind: "console.stopped", subject: "console", occurredAt: deps.clock.now(), body });
}

const DAY_MS = 86_400_000;

function rulesOf({ journal: { keepDays, keepOperatorDays, maxBytes, keepEvents } }: Configuration): RetentionRules {
  return { keepMs: keepDays * DAY_MS, keepOperatorMs: keepOperatorDays * DAY_MS, maxBytes, keepEvents };
}

/** Who watches over agents: whoever writes the journal, for every gateway on it. */
function agentParts({ gateway }: CoreDeps): readonly ConsolePart[] {
  const found = gateway?.() ?? null;
  if (found === null) return [];
  const stream = ingestStream(found.id);
  const run = (signal: AbortSignal) => found.monitor(signal);
  return [{ name: `${stream}/monitor`, title: `Watch over agents of ${found.title}`, stream, run }];
}

const ingestSeat = (gateway: IngestGateway | null): Estate["ingest"] =>
  gateway === null ? null : { id: gateway.id, title: gateway.title };

function estateOf({ configuration, places, gateway }: CoreDeps, sources: CoreSources): Estate {
  return {
    ...places,
    dna: sources.dna.map(({ source, title, region, cluster, keyspace }) => ({
      id: source.id,
      region,
      title,
      cluster,
      keyspace,
      modules: { ...source.modules },
      act: source.act,
    })),
    dynflow: sources.dynflow.map(({ source, region }) => ({
      id: source.id,
      region,
      title: source.title,
      act: source.act,
    })),
    haf: sources.haf.map(({ source: { id, title, apps }, region }) => ({ id, region, title, apps: [...apps] })),
    ingest: ingestSeat(gateway?.() ?? null),
    links: configuration.links.map(({ title, on, url }) => ({ title, on, url })),
  };
}
