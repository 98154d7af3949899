import { readFileSync } from "node:fs";
import path from "node:path";
import { visibleStreams } from "#server/auth/caller.ts";
import { audienceOf } from "#server/auth/permissions.ts";
import { createSessionService } from "#server/auth/session-service.ts";
import type { LoadedConfiguration } from "#server/config/load.ts";
import { shownConfiguration } from "#server/config/masked.ts";
import type { Configuration } from "#server/config/model.ts";
import { familyOf } from "#server/contract/event.ts";
import { maskingErrors, withoutHidden } from "#server/contract/mask-errors.ts";
import { type MaskRules, maskRulesOf } from "#server/contract/mask-rules.ts";
import { followerText } from "#server/contract/view/journal-status.ts";
import { createArchitectureService } from "#server/estate/architecture-service.ts";
import type { Estate } from "#server/estate/service.ts";
import { createSettingsService } from "#server/estate/settings-service.ts";
import type { App, AppHealth, LiveFeed } from "#server/http/app.ts";
import { createLiveHandler } from "#server/http/live.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createHub, type Hub } from "#server/live/hub.ts";
import { SOLE_WRITER } from "#server/live/journal-role.ts";
import { createRecorder, type LiveRecorder } from "#server/live/recorder.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createFolderSize, type FolderSize } from "#server/runtime/folder-size.ts";
import { createLoopDelay, type LoopDelay } from "#server/runtime/loop-delay.ts";
import { createCallMeter } from "#server/trpc/call-meter.ts";
import type { DemoService } from "#server/trpc/services.ts";
import { openBeam } from "./compose-beam.ts";
import { type CoreDeps, composeCore, noteStop, sourceDepsOf } from "./compose-core.ts";
import { makeDemoFolder, openDemo } from "./compose-demo.ts";
import { assembleDna, type DnaAssembly, openScylla, type SourceDeps } from "./compose-dna.ts";
import { accessOf, assembleDynflow, type DynflowAccess, type DynflowAssembly } from "./compose-dynflow.ts";
import { assembleHaf, type HafAssembly, openHafEngine, openHafStore } from "./compose-haf.ts";
import { demoIngestSettings, openIngest } from "./compose-ingest.ts";
import { journalFolder, openJournal } from "./compose-journal.ts";
import { createTerms } from "./compose-terms.ts";

/** The sources of this console, real or simulated, and where they are said to be. */
export interface Sources {
  readonly dna: readonly DnaAssembly[];
  readonly dynflow: readonly DynflowAssembly[];
  readonly haf: readonly HafAssembly[];
}

type SourcesDeps = ReturnType<typeof sourceDepsOf>;

/** Where sources come from: the configuration, or the demo, which has to run as well. */
export interface Estates {
  readonly places: Pick<Estate, "regions" | "loadBalancer">;
  open(deps: SourcesDeps): Sources;
  readonly demo: DemoService | null;
  /** Whom a receiver of the demo tells; left out where nothing is simulated. */
  readonly hookUrl?: string;
  /** @param agentsPort where agents may send to; `null` = nowhere */
  run(signal: AbortSignal, agentsPort: number | null): Promise<void>;
  close(): Promise<void>;
}

/**
 * The composition root: configuration to adapters to services. Nothing is connected before `start`, but the journal.
 *
 * @param given sources instead of those that are configured: for measurements
 * @param reread the configuration as it stands now; throws what is wrong with it
 */
export async function compose(
  configuration: LoadedConfiguration,
  log: Logger,
  given: Estates | null = null,
  reread: () => Configuration = () => configuration,
): Promise<App> {
  const clock = createSystemClock(configuration.demo?.speed ?? 1);
  const realTime = createSystemClock();
  const demoFolder = configuration.demo === null ? null : await makeDemoFolder();
  const journal = await openJournal(configuration, demoFolder?.directory ?? null, clock, log);
  const { role } = journal;
  const masks = maskRulesOf(configuration.masks);
  // Why it cannot be written or read is told to everybody who looks.
  const told = maskingErrors(masks, journal);
  const recorder = await createRecorder({ journal: told, clock, log, ...(role === null ? {} : { role }) });
  const hub = createHub({ view: recorder, journal, clock: realTime, eventClock: clock, log, masks });
  const loopDelay = createLoopDelay(clock, configuration.demo?.speed ?? 1);
  const estates =
    given ??
    (demoFolder === null ? configuredEstates(configuration) : await openDemo(configuration, demoFolder, clock, log));
  const { version, build, licence } = identity();
  const agentSettings =
    configuration.ingest ?? (demoFolder === null ? null : demoIngestSettings(demoFolder.directory, estates.hookUrl));
  const gateway =
    agentSettings === null
      ? null
      : await openIngest({
          settings: agentSettings,
          folder:
            configuration.file === null && demoFolder !== null ? demoFolder.directory : configuration.journal.path,
          notes: journal.notes,
          shared: role !== null,
          recorder,
          clock: realTime,
          masks,
          log,
          reread: () => reread().ingest ?? agentSettings,
        });
  const coreDeps: CoreDeps = {
    configuration,
    journal,
    state: journal.state,
    recorder,
    clock,
    loopDelay,
    log,
    version,
    holder: journal.holder,
    places: estates.places,
    gateway: () => gateway,
  };
  const sourceDeps = sourceDepsOf(coreDeps);
  const terms = createTerms({
    role: role ?? SOLE_WRITER,
    open: () => composeCore(coreDeps, estates.open(sourceDeps), sourceDeps.operations),
    lead: () => recorder.lead(),
    clock: realTime,
    log,
  });
  const session = createSessionService({
    identity: {
      ...{ version, build, authMode: configuration.auth.mode, demo: configuration.demo },
      readOnly: configuration.readOnly,
      secondPerson: configuration.approvals.wholeNode,
      suspendedMinutes: configuration.limits.suspendedMinutes,
    },
    journalStatus: () => recorder.journalStatus(),
    clock,
  });
  const folder = journalFolder(configuration, demoFolder?.directory ?? null);
  const size = folder === null ? null : createFolderSize(folder, realTime, log);
  const calls = createCallMeter(realTime);
  const architecture = createArchitectureService({
    process: () => processFigures(loopDelay),
    journal: () => journalFigures(recorder, size),
    hub: () => hub.stats(),
    calls: () => calls.figures(),
    positions: () => recorder.positions(),
    clock: realTime,
  });
  const admin = {
    ...architecture,
    configuration: async () => shownConfiguration(configuration),
  };
  const settings = createSettingsService({
    identity: { version, build, licence, node: process.version },
    store: configuration.journal.store,
    journalStatus: () => recorder.journalStatus(),
    clock: realTime,
  });
  const refusal = () => {
    const { follows } = recorder.journalStatus();
    return follows === undefined ? null : followerText(follows.holder);
  };
  const abort = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  return {
    get services() {
      return { ...terms.services(), session, settings, demo: estates.demo, admin, refusal, masks };
    },
    live: feedOf(hub, realTime, log),
    state: journal.own,
    operations: sourceDeps.operations,
    calls,
    health: {
      ...healthOf(recorder, hub, clock, loopDelay),
      agents: () => (gateway === null ? null : { doors: gateway.doors(), text: gateway.figuresText() }),
    },
    async start() {
      const agentsPort = (await gateway?.start())?.port ?? null;
      running = Promise.all([loopDelay.run(abort.signal), estates.run(abort.signal, agentsPort)]).catch(
        (cause: unknown) => {
          if (!abort.signal.aborted) log.error("console.background-failed", { cause });
        },
      );
      terms.start();
    },
    async stop() {
      hub.stop();
      const doorsClosed = gateway?.stop();
      abort.abort(new Error("the console stops"));
      await terms.stop();
      await running;
      await doorsClosed;
      await noteStop({ recorder, log, clock });
      await recorder.stop();
      await journal.close();
      await estates.close();
    },
  };
}

function configuredEstates(configuration: Configuration): Estates {
  const { title, regions } = configuration.loadBalancer;
  const masks = maskRulesOf(configuration.masks);
  return {
    places: {
      loadBalancer: { title, regions: [...regions] },
      regions: configuration.regions.map(({ id, title: name }) => ({ id, title: name })),
    },
    open: (deps) => ({
      dna: configuration.dna.map((seat) => openConfiguredDna(seat, deps, masks)),
      dynflow: configuration.dynflow.map((seat) =>
        assembleDynflow({ ...seat, demo: false }, maskedAccess(masks, accessOf(seat)), deps),
      ),
      haf: configuration.haf.map((seat) => {
        const engine = openHafEngine(seat);
        const store = maskingErrors(masks, openHafStore(seat));
        return assembleHaf(seat, { store, engine: engine === null ? null : maskingErrors(masks, engine) }, deps);
      }),
    }),
    demo: null,
    run: async () => undefined,
    close: async () => undefined,
  };
}

function openConfiguredDna(seat: Configuration["dna"][number], deps: SourceDeps, masks: MaskRules): DnaAssembly {
  const { clock, log } = deps;
  const beam = seat.beam === null ? null : openBeam(seat.beam, clock, log.child({ source: seat.id }));
  const ways = {
    store: maskingErrors(masks, openScylla(seat, clock)),
    beam: beam === null ? null : maskingErrors(masks, beam),
    ...(seat.beam === null ? {} : { ownName: seat.beam.name }),
  };
  return assembleDna({ ...seat, keyspace: seat.scylla.keyspace }, ways, deps);
}

const maskedAccess = (masks: MaskRules, { store, openMailbox }: DynflowAccess): DynflowAccess => ({
  store: maskingErrors(masks, store),
  openMailbox: async () => {
    try {
      return maskingErrors(masks, await openMailbox());
    } catch (cause) {
      throw withoutHidden(masks, cause);
    }
  },
});

function feedOf(hub: Hub, clock: Clock, log: Logger): LiveFeed {
  return {
    serve(request, response, { principal, tokenId, sessionId, expiresAt }) {
      const client = {
        owner: { principalId: principal.id, tokenId, sessionId },
        audience: audienceOf(principal),
        visible: visibleStreams(principal),
        // Of the cookie above all: a token that ends is ended by `end` too, as a revoked one is.
        expiresAt,
      };
      void createLiveHandler({ hub, clock, log, authenticate: async () => client })(request, response);
    },
    end: (match, reason) => hub.endWhere(match, reason),
  };
}

function healthOf(recorder: LiveRecorder, hub: Hub, clock: Clock, loopDelay: LoopDelay): AppHealth {
  return {
    readiness() {
      const { ok, reason, follows } = recorder.journalStatus();
      return [
        { name: "journal", ready: ok, note: reason ?? (follows === undefined ? null : followerText(follows.holder)) },
      ];
    },
    sources() {
      const samples = recorder.samples();
      return Object.entries(recorder.folds()).flatMap(([stream, fold]) => {
        if (fold.family !== familyOf(stream) || fold.family === "operator" || fold.family === "console") return [];
        const sample = samples[stream];
        return {
          id: stream.slice(stream.indexOf(":") + 1),
          up: fold.source.state === "up",
          readMs: sample?.readMs ?? null,
          ageMs: sample === undefined ? null : clock.now() - sample.asOf,
        };
      });
    },
    figures() {
      const { recorded, failed } = recorder.counts();
      const loopDelayMs = loopDelay.recentMaxMs();
      const journalWriter = recorder.journalStatus().follows === undefined;
      const liveClients = hub.stats().streams;
      return { journalAppends: recorded, journalFailures: failed, journalWriter, liveClients, loopDelayMs };
    },
  };
}

function processFigures(loopDelay: LoopDelay) {
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  return { rssBytes, heapBytes, loopDelayMs: loopDelay.recentMaxMs() };
}

function journalFigures(recorder: LiveRecorder, size: FolderSize | null) {
  const { recorded, failed, appends, appendMs } = recorder.counts();
  const { ok, follows } = recorder.journalStatus();
  const bytes = size === null ? null : size.bytes();
  const store = size === null ? ("scylla" as const) : ("sqlite" as const);
  return { store, writer: follows === undefined, ok, events: recorded, appends, failures: failed, appendMs, bytes };
}

/** Version and licence of the package, and id of the built pages, read once. */
function identity(): { readonly version: string; readonly build: string; readonly licence: string } {
  const root = path.resolve(import.meta.dirname, "..");
  const { version, license: licence } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    version: string;
    license: string;
  };
  return { version, licence, build: buildId(root) };
}

function buildId(root: string): string {
  try {
    return readFileSync(path.join(root, ".next", "BUILD_ID"), "utf8").trim();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return "development";
    throw cause;
  }
}
