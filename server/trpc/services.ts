import type { z } from "zod";
import type { Caller } from "#server/auth/caller.ts";
import type { Principal } from "#server/auth/permissions.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type * as admin from "#server/contract/wire/admin.ts";
import type * as adminArchitecture from "#server/contract/wire/admin-architecture.ts";
import type * as adminReaders from "#server/contract/wire/admin-readers.ts";
import type * as agents from "#server/contract/wire/agents.ts";
import type * as agentsData from "#server/contract/wire/agents-data.ts";
import type * as alerts from "#server/contract/wire/alerts.ts";
import type * as attention from "#server/contract/wire/attention.ts";
import type * as demo from "#server/contract/wire/demo.ts";
import type * as dna from "#server/contract/wire/dna.ts";
import type * as dnaActors from "#server/contract/wire/dna-actors.ts";
import type * as dnaBeam from "#server/contract/wire/dna-beam.ts";
import type * as dnaCensus from "#server/contract/wire/dna-census.ts";
import type * as drain from "#server/contract/wire/dna-drain.ts";
import type * as dnaFailover from "#server/contract/wire/dna-failover.ts";
import type * as dnaHealth from "#server/contract/wire/dna-health.ts";
import type * as dnaNodeBeats from "#server/contract/wire/dna-node-beats.ts";
import type * as nodeRow from "#server/contract/wire/dna-node-row.ts";
import type * as dynflow from "#server/contract/wire/dynflow.ts";
import type * as dynflowActions from "#server/contract/wire/dynflow-actions.ts";
import type * as dynflowCompare from "#server/contract/wire/dynflow-compare.ts";
import type * as dynflowExport from "#server/contract/wire/dynflow-export.ts";
import type * as dynflowPayload from "#server/contract/wire/dynflow-payload.ts";
import type * as dynflowParts from "#server/contract/wire/dynflow-plan-parts.ts";
import type * as dynflowSearch from "#server/contract/wire/dynflow-search.ts";
import type * as dynflowSteps from "#server/contract/wire/dynflow-steps.ts";
import type * as dynflowTree from "#server/contract/wire/dynflow-sub-plans.ts";
import type * as worlds from "#server/contract/wire/dynflow-worlds.ts";
import type * as estate from "#server/contract/wire/estate.ts";
import type * as hafStacks from "#server/contract/wire/haf-stacks.ts";
import type * as jobs from "#server/contract/wire/jobs.ts";
import type * as journal from "#server/contract/wire/journal.ts";
import type * as safety from "#server/contract/wire/safety.ts";
import type { SessionOutput } from "#server/contract/wire/session.ts";
import type * as settings from "#server/contract/wire/settings.ts";

type In<T extends z.ZodType> = z.output<T>;
type Out<T extends z.ZodType> = Promise<z.input<T>>;

/** The queries and commands behind the procedures. Each checks `canSee` for its source and masks for its caller. */
export interface EstateService {
  estate(caller: Caller): Out<typeof estate.estateOutput>;
  overview(caller: Caller): Out<typeof estate.overviewOutput>;
}

export interface AttentionService {
  list(caller: Caller, input: In<typeof attention.attentionInput>): Out<typeof attention.attentionOutput>;
  acknowledge(caller: Caller, input: In<typeof attention.acknowledgeInput>): Out<typeof attention.acknowledgeOutput>;
  release(caller: Caller, input: In<typeof attention.releaseInput>): Out<typeof attention.releaseOutput>;
}

export interface AlertsService {
  list(caller: Caller): Out<typeof alerts.alertsOutput>;
  silence(caller: Caller, input: In<typeof alerts.silenceInput>): Out<typeof alerts.silenceOutput>;
  unsilence(caller: Caller, input: In<typeof alerts.unsilenceInput>): Out<typeof alerts.unsilenceOutput>;
  test(caller: Caller, input: In<typeof alerts.alertTestInput>): Out<typeof alerts.alertTestOutput>;
}

export interface SafetyService {
  status(): Out<typeof safety.safetyOutput>;
  setReadOnly(caller: Caller, input: In<typeof safety.readOnlyInput>): Out<typeof safety.readOnlyOutput>;
  liftReadOnly(caller: Caller, input: In<typeof safety.readOnlyInput>): Out<typeof safety.readOnlyOutput>;
  ask(caller: Caller, input: In<typeof safety.askInput>): Out<typeof safety.askOutput>;
  decide(caller: Caller, input: In<typeof safety.decideInput>): Out<typeof safety.decideOutput>;
}

export interface DnaService {
  clusters(caller: Caller, input: In<typeof dna.clustersInput>): Out<typeof dna.clustersOutput>;
  nodes(caller: Caller, input: In<typeof dna.nodesInput>): Out<typeof dna.nodesOutput>;
  node(caller: Caller, input: In<typeof dna.nodeInput>): Out<typeof dna.nodeOutput>;
  nodeBeats(caller: Caller, input: In<typeof dnaNodeBeats.nodeBeatsInput>): Out<typeof dnaNodeBeats.nodeBeatsOutput>;
  nodeGlance(caller: Caller, input: In<typeof dnaNodeBeats.nodeGlanceInput>): Out<typeof dnaNodeBeats.nodeGlanceOutput>;
  types(caller: Caller, input: In<typeof dna.typesInput>): Out<typeof dna.typesOutput>;
  actorsPage(caller: Caller, input: In<typeof dna.actorsPageInput>): Out<typeof dna.actorsPageOutput>;
  actor(caller: Caller, input: In<typeof dna.actorInput>): Out<typeof dna.actorOutput>;
}

export interface DnaFailoverService {
  preview(caller: Caller, input: In<typeof dna.nodeInput>): Out<typeof dnaFailover.failoverPreviewOutput>;
  start(caller: Caller, input: In<typeof dnaFailover.failoverStartInput>): Out<typeof dnaFailover.failoverStartOutput>;
  previewKey(caller: Caller, input: In<typeof dna.actorInput>): Out<typeof dnaFailover.failoverKeyPreviewOutput>;
  startKey(
    caller: Caller,
    input: In<typeof dnaFailover.failoverKeyStartInput>,
  ): Out<typeof dnaFailover.failoverStartOutput>;
  job(caller: Caller, input: In<typeof dnaFailover.failoverJobInput>): Out<typeof dnaFailover.failoverJobOutput>;
}

export interface DnaBeamService {
  node(caller: Caller, input: In<typeof dnaBeam.beamNodeInput>): Out<typeof dnaBeam.beamNodeOutput>;
  partition(caller: Caller, input: In<typeof dnaBeam.beamPartitionInput>): Out<typeof dnaBeam.beamPartitionOutput>;
  top(caller: Caller, input: In<typeof dnaBeam.beamTopInput>): Out<typeof dnaBeam.beamTopOutput>;
  peers(caller: Caller, input: In<typeof dnaBeam.beamNodeInput>): Out<typeof dnaBeam.beamPeersOutput>;
  cachedOwner(
    caller: Caller,
    input: In<typeof dnaBeam.beamCachedOwnerInput>,
  ): Out<typeof dnaBeam.beamCachedOwnerOutput>;
  doubles(caller: Caller, input: In<typeof dnaBeam.beamDoublesInput>): Out<typeof dnaBeam.beamDoublesOutput>;
}

export interface HafService {
  list(caller: Caller): Out<typeof hafStacks.hafStacksOutput>;
  stack(caller: Caller, input: In<typeof hafStacks.hafStackInput>): Out<typeof hafStacks.hafStackOutput>;
}

export interface DnaHealthService {
  health(caller: Caller, input: In<typeof dnaHealth.healthInput>): Out<typeof dnaHealth.healthOutput>;
}

export interface DnaCensusService {
  estimate(caller: Caller, input: In<typeof dnaCensus.censusListInput>): Out<typeof dnaCensus.censusEstimateOutput>;
  list(caller: Caller, input: In<typeof dnaCensus.censusListInput>): Out<typeof dnaCensus.censusListOutput>;
  start(caller: Caller, input: In<typeof dnaCensus.censusStartInput>): Out<typeof dnaCensus.censusView>;
  get(caller: Caller, input: In<typeof dna.censusInput>): Out<typeof dnaCensus.censusView>;
  pause(caller: Caller, input: In<typeof dna.censusInput>): Out<typeof dnaCensus.censusView>;
  resume(caller: Caller, input: In<typeof dna.censusInput>): Out<typeof dnaCensus.censusView>;
  cancel(caller: Caller, input: In<typeof dna.censusInput>): Out<typeof dnaCensus.censusView>;
}

export interface DnaActorsService {
  explain(caller: Caller, input: In<typeof dnaActors.explainInput>): Out<typeof dnaActors.explainOutput>;
  live(caller: Caller, input: In<typeof dnaActors.liveInput>): Out<typeof dnaActors.liveOutput>;
  onNodes(caller: Caller, input: In<typeof dnaActors.onNodesInput>): Out<typeof dnaActors.onNodesOutput>;
  storage(caller: Caller, input: In<typeof dnaActors.storageInput>): Out<typeof dnaActors.storageOutput>;
  storageValue(caller: Caller, input: In<typeof dnaActors.storageValueInput>): Out<typeof dnaActors.storageValueOutput>;
  stopPreview(caller: Caller, input: In<typeof dnaActors.stopPreviewInput>): Out<typeof dnaActors.stopPreviewOutput>;
  stop(caller: Caller, input: In<typeof dnaActors.stopInput>): Out<typeof dnaActors.stopOutput>;
  stopManyPreview(
    caller: Caller,
    input: In<typeof dnaActors.stopManyPreviewInput>,
  ): Out<typeof dnaActors.stopManyPreviewOutput>;
  stopMany(caller: Caller, input: In<typeof dnaActors.stopManyInput>): Out<typeof dnaActors.stopManyOutput>;
}

export interface DnaNodesService {
  deleteRowPreview(
    caller: Caller,
    input: In<typeof nodeRow.deleteRowPreviewInput>,
  ): Out<typeof nodeRow.deleteRowPreviewOutput>;
  deleteRow(caller: Caller, input: In<typeof nodeRow.deleteRowInput>): Out<typeof nodeRow.deleteRowOutput>;
}

export interface DnaDrainService {
  drain(caller: Caller, input: In<typeof drain.drainInput>): Out<typeof drain.drainOutput>;
  drainAdvance(caller: Caller, input: In<typeof drain.drainAdvanceInput>): Out<typeof drain.drainAdvanceOutput>;
  drainAbandon(caller: Caller, input: In<typeof drain.drainAbandonInput>): Out<typeof drain.drainAdvanceOutput>;
}

export interface DynflowService {
  sources(caller: Caller): Out<typeof dynflow.sourcesOutput>;
  plan(caller: Caller, input: In<typeof dynflow.planInput>): Out<typeof dynflow.planOutput>;
  steps(caller: Caller, input: In<typeof dynflow.planInput>): Out<typeof dynflow.stepsOutput>;
  action(caller: Caller, input: In<typeof dynflow.actionInput>): Out<typeof dynflow.actionOutput>;
  history(caller: Caller, input: In<typeof dynflow.planInput>): Out<typeof dynflow.historyOutput>;
  resume(caller: Caller, input: In<typeof dynflow.resumeInput>): Out<typeof dynflow.resumeOutput>;
  skipPreview(caller: Caller, input: In<typeof dynflow.skipPreviewInput>): Out<typeof dynflow.skipPreviewOutput>;
  skip(caller: Caller, input: In<typeof dynflow.skipInput>): Out<typeof dynflow.skipOutput>;
  cancelPreview(caller: Caller, input: In<typeof dynflow.planInput>): Out<typeof dynflow.cancelPreviewOutput>;
  cancel(caller: Caller, input: In<typeof dynflow.cancelInput>): Out<typeof dynflow.cancelOutput>;
  bulkPreview(caller: Caller, input: In<typeof dynflow.bulkPreviewInput>): Out<typeof dynflow.bulkPreviewOutput>;
  bulkStart(caller: Caller, input: In<typeof dynflow.bulkStartInput>): Out<typeof dynflow.bulkStartOutput>;
  ping(caller: Caller, input: In<typeof dynflow.pingInput>): Out<typeof dynflow.pingOutput>;
  locks(caller: Caller, input: In<typeof dynflow.locksInput>): Out<typeof dynflow.locksOutput>;
}

export interface DynflowCompareService {
  runs(caller: Caller, input: In<typeof dynflowCompare.runsInput>): Out<typeof dynflowCompare.runsOutput>;
  compare(caller: Caller, input: In<typeof dynflowCompare.compareInput>): Out<typeof dynflowCompare.compareOutput>;
}

export interface DynflowPayloadService {
  chunks(caller: Caller, input: In<typeof dynflowPayload.chunksInput>): Out<typeof dynflowPayload.chunksOutput>;
  raw(caller: Caller, input: In<typeof dynflowPayload.rawInput>): Out<typeof dynflowPayload.rawOutput>;
  rawBytes(caller: Caller, input: In<typeof dynflowPayload.rawBytesInput>): Out<typeof dynflowPayload.rawBytesOutput>;
  reveal(caller: Caller, input: In<typeof dynflowPayload.revealInput>): Out<typeof dynflowPayload.revealOutput>;
}

export interface DynflowStepsService {
  flows(caller: Caller, input: In<typeof dynflowSteps.flowsInput>): Out<typeof dynflowSteps.flowsOutput>;
  stepsCompact(
    caller: Caller,
    input: In<typeof dynflowSteps.stepsCompactInput>,
  ): Out<typeof dynflowSteps.stepsCompactOutput>;
}

export interface DynflowActionsService {
  eventPreview(
    caller: Caller,
    input: In<typeof dynflowActions.eventPreviewInput>,
  ): Out<typeof dynflowActions.eventPreviewOutput>;
  cancelStep(
    caller: Caller,
    input: In<typeof dynflowActions.cancelStepInput>,
  ): Out<typeof dynflowActions.cancelStepOutput>;
  abort(caller: Caller, input: In<typeof dynflowActions.abortInput>): Out<typeof dynflowActions.abortOutput>;
  haltPreview(
    caller: Caller,
    input: In<typeof dynflowActions.planActInput>,
  ): Out<typeof dynflowActions.haltPreviewOutput>;
  halt(caller: Caller, input: In<typeof dynflowActions.haltInput>): Out<typeof dynflowActions.haltOutput>;
  startNowPreview(
    caller: Caller,
    input: In<typeof dynflowActions.planActInput>,
  ): Out<typeof dynflowActions.startNowPreviewOutput>;
  startNow(caller: Caller, input: In<typeof dynflowActions.startNowInput>): Out<typeof dynflowActions.startNowOutput>;
}

export interface DynflowListService {
  plans(caller: Caller, input: In<typeof dynflow.plansInput>): Out<typeof dynflow.plansOutput>;
  counts(caller: Caller, input: In<typeof dynflow.countsInput>): Out<typeof dynflow.countsOutput>;
  /** Ends within a second of the signal, at the database too. */
  search(
    caller: Caller,
    input: In<typeof dynflowSearch.searchInput>,
    signal?: AbortSignal,
  ): Out<typeof dynflowSearch.searchOutput>;
  searchText(
    caller: Caller,
    input: In<typeof dynflowSearch.searchTextInput>,
    signal?: AbortSignal,
  ): Out<typeof dynflowSearch.searchOutput>;
  /** Pieces of the file. What is refused is refused before the first. */
  export(caller: Caller, input: dynflowExport.PlansExportInput): AsyncIterable<string>;
}

export interface DynflowLinksService {
  subPlans(caller: Caller, input: In<typeof dynflowTree.subPlansInput>): Out<typeof dynflowTree.subPlansOutput>;
  subPlanWalk(
    caller: Caller,
    input: In<typeof dynflowTree.subPlanWalkInput>,
  ): Out<typeof dynflowTree.subPlanWalkOutput>;
  callers(caller: Caller, input: In<typeof dynflowTree.callersInput>): Out<typeof dynflowTree.callersOutput>;
  dependencies(
    caller: Caller,
    input: In<typeof dynflowParts.planPartInput>,
  ): Out<typeof dynflowParts.dependenciesOutput>;
  delayed(caller: Caller, input: In<typeof dynflowParts.planPartInput>): Out<typeof dynflowParts.delayedOutput>;
  planPhase(caller: Caller, input: In<typeof dynflowParts.planPartInput>): Out<typeof dynflowParts.planPhaseOutput>;
}

export interface DynflowWorldsService {
  list(caller: Caller, input: In<typeof worlds.worldsInput>): Out<typeof worlds.worldsOutput>;
  status(caller: Caller, input: In<typeof worlds.statusInput>): Out<typeof worlds.statusOutput>;
  envelopes(caller: Caller, input: In<typeof worlds.envelopesInput>): Out<typeof worlds.envelopesOutput>;
  orphans(caller: Caller, input: In<typeof worlds.orphansInput>): Out<typeof worlds.orphansOutput>;
  probe(caller: Caller, input: In<typeof worlds.probeInput>): Out<typeof worlds.probeOutput>;
  invalidatePreview(
    caller: Caller,
    input: In<typeof worlds.invalidatePreviewInput>,
  ): Out<typeof worlds.invalidatePreviewOutput>;
  invalidate(caller: Caller, input: In<typeof worlds.invalidateInput>): Out<typeof worlds.invalidateOutput>;
}

export interface JobsService {
  list(caller: Caller): Out<typeof jobs.jobsOutput>;
  get(caller: Caller, input: In<typeof jobs.jobInput>): Out<typeof jobs.jobOutput>;
  ofTarget(caller: Caller, input: In<typeof jobs.jobsOfTargetInput>): Out<typeof jobs.jobsOfTargetOutput>;
  pause(caller: Caller, input: In<typeof jobs.jobControlInput>): Out<typeof jobs.jobControlOutput>;
  resume(caller: Caller, input: In<typeof jobs.jobControlInput>): Out<typeof jobs.jobControlOutput>;
  cancel(caller: Caller, input: In<typeof jobs.jobControlInput>): Out<typeof jobs.jobControlOutput>;
  retry(caller: Caller, input: In<typeof jobs.jobRetryInput>): Out<typeof jobs.jobRetryOutput>;
}

export interface JournalService {
  range(caller: Caller, input: In<typeof journal.rangeInput>): Out<typeof journal.rangeOutput>;
  stateAt(caller: Caller, input: In<typeof journal.stateAtInput>): Out<typeof journal.stateAtOutput>;
  events(caller: Caller, input: In<typeof journal.eventsInput>): Out<typeof journal.eventsOutput>;
  marks(caller: Caller, input: In<typeof journal.marksInput>): Out<typeof journal.marksOutput>;
  step(caller: Caller, input: In<typeof journal.stepInput>): Out<typeof journal.stepOutput>;
  history(caller: Caller, input: In<typeof journal.historyInput>): Out<typeof journal.historyOutput>;
  around(caller: Caller, input: In<typeof journal.aroundInput>): Out<typeof journal.aroundOutput>;
  /** Pieces of the file. What is refused is refused before the first. */
  export(caller: Caller, input: journal.ExportInput): AsyncIterable<string>;
}

export interface AgentsService {
  list(caller: Caller, input: In<typeof agents.agentsListInput>): Out<typeof agents.agentsListOutput>;
  get(caller: Caller, input: In<typeof agents.agentGetInput>): Out<typeof agents.agentGetOutput>;
}

export interface AgentDataService {
  pipeline(caller: Caller, input: In<typeof agentsData.pipelineInput>): Out<typeof agentsData.pipelineOutput>;
  deadLetters(caller: Caller, input: In<typeof agentsData.deadLettersInput>): Out<typeof agentsData.deadLettersOutput>;
  last(caller: Caller, input: In<typeof agentsData.agentLastInput>): Out<typeof agentsData.agentLastOutput>;
  tail(caller: Caller, input: In<typeof agentsData.agentTailInput>): Out<typeof agentsData.agentTailOutput>;
  points(caller: Caller, input: In<typeof agentsData.agentPointsInput>): Out<typeof agentsData.agentPointsOutput>;
  reload(caller: Caller, input: In<typeof agentsData.pipelineReloadInput>): Out<typeof agentsData.pipelineReloadOutput>;
}

export interface DemoService {
  scenario(caller: Caller, input: In<typeof demo.scenarioInput>): Out<typeof demo.scenarioOutput>;
}

export interface AdminService {
  architecture(caller: Caller): Out<typeof adminArchitecture.architectureOutput>;
  configuration(caller: Caller): Out<typeof admin.configurationOutput>;
}

export interface ReadersService {
  readers(caller: Caller): Out<typeof adminReaders.readersOutput>;
  restartReader(
    caller: Caller,
    input: In<typeof adminReaders.readerRestartInput>,
  ): Out<typeof adminReaders.readerRestartOutput>;
}

export interface SettingsService {
  settings(caller: Caller): Out<typeof settings.settingsOutput>;
}

/** What the HTTP request can do about the session itself. */
export interface SessionService {
  describe(principal: Principal | null): Promise<SessionOutput>;
}

export interface Services {
  /** Why nothing can be changed from this console at all: another writes the journal. `null`, or left out = nothing of the kind. */
  readonly refusal?: () => string | null;
  /** What is hidden in errors and faults that are answered; left out = nothing. */
  readonly masks?: MaskRules;
  readonly estate: EstateService;
  readonly attention: AttentionService;
  readonly safety: SafetyService;
  readonly alerts: AlertsService;
  readonly dna: DnaService;
  readonly dnaActors: DnaActorsService;
  readonly dnaBeam: DnaBeamService;
  readonly dnaCensus: DnaCensusService;
  readonly dnaFailover: DnaFailoverService;
  readonly dnaHealth: DnaHealthService;
  readonly haf: HafService;
  readonly dnaNodes: DnaNodesService;
  readonly dnaDrain: DnaDrainService;
  readonly dynflow: DynflowService;
  readonly dynflowList: DynflowListService;
  readonly dynflowActions: DynflowActionsService;
  readonly dynflowCompare: DynflowCompareService;
  readonly dynflowPayload: DynflowPayloadService;
  readonly dynflowLinks: DynflowLinksService;
  readonly dynflowSteps: DynflowStepsService;
  readonly dynflowWorlds: DynflowWorldsService;
  readonly jobs: JobsService;
  readonly journal: JournalService;
  readonly readers: ReadersService;
  readonly agents: AgentsService;
  readonly agentData: AgentDataService;
  readonly session: SessionService;
  readonly settings: SettingsService;
  /** `null` unless the console runs on its demo. */
  readonly demo: DemoService | null;
  readonly admin: AdminService;
}
