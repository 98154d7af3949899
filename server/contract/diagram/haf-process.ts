/**
 * The process by which a HAF stack is set up, as it is meant: roles, phases, steps, guards, boxes and notes. Frozen. The
 * sequence for any number of apps is laid out from it; what really happens may go another way, and is told beside it.
 *
 * Source: the set-up process of Hive stacks as their operators draw it; roles by openhive-network/haf@e4fd584f and the
 * compose services of haf_api_node@d22ca041.
 */
import type { HafAppState, HafPhase } from "#server/contract/haf.ts";

/** Who takes part; the orchestrator is no container. */
export const HAF_PARTIES = ["gandalf", "mib", "haf", "live_trigger", "setup", "sync", "detector", "api"] as const;
export type HafParty = (typeof HAF_PARTIES)[number];

/** `indexed` = once for each app that asks for indexes. */
export type HafCount = "one" | "each-app" | "indexed";

export interface HafPartyPlan {
  /** Short, for the head of its line; the app's name follows for those of an app. */
  readonly title: string;
  readonly count: HafCount;
  /** What it is. */
  readonly what: string;
  readonly runs: string;
  readonly createdBy: string;
  readonly endedBy: string;
  /** Title of the box it stands in; `null` = in none. */
  readonly box: string | null;
  /** Said beside it in the plan; `null` = nothing. */
  readonly note: string | null;
}

export const HAF_PROCESS_PARTIES: Readonly<Record<HafParty, HafPartyPlan>> = Object.freeze({
  gandalf: {
    title: "orchestrator",
    count: "one",
    what: "the operator, or what starts the containers",
    runs: "–",
    createdBy: "is there",
    endedBy: "never",
    box: null,
    note: null,
  },
  mib: {
    title: "index builder",
    count: "indexed",
    what: "HAF's image in maintenance: builds the indexes an app needs on HAF's tables",
    runs: "--maintenance-script=, the app's index script",
    createdBy: "the orchestrator, then the one before",
    endedBy: "the next one, the last by HAF",
    box: "Custom indexes of apps",
    note: "builds what the app needs on HAF tables, then the next takes over",
  },
  haf: {
    title: "HAF",
    count: "one",
    what: "HAF's image: replays, then follows the chain",
    runs: "hived and PostgreSQL",
    createdBy: "the orchestrator",
    endedBy: "never",
    box: null,
    note: "replays blocks, then follows the chain",
  },
  live_trigger: {
    title: "live trigger",
    count: "one",
    what: "psql helper that waits until HAF is live",
    runs: "detect-live script",
    createdBy: "HAF, as soon as it is started",
    endedBy: "the first setup",
    box: null,
    note: "asks HAF until it is live",
  },
  setup: {
    title: "setup",
    count: "each-app",
    what: "psql helper with the app's files: creates its schema and context",
    runs: "setup_db.sh --postgres-url=",
    createdBy: "the live trigger, then the setup before",
    endedBy: "the next setup, the last by the first sync",
    box: "Setup of app databases",
    note: "one app after another",
  },
  sync: {
    title: "sync",
    count: "each-app",
    what: "the app's image: processes blocks",
    runs: "the app's block processor",
    createdBy: "the last setup",
    endedBy: "never",
    box: "Sync of app data",
    note: "all apps at once, each at its own pace",
  },
  detector: {
    title: "detector",
    count: "each-app",
    what: "psql helper that waits until the app is live",
    runs: "wait_for_app_live_sync.sh --postgres-url=",
    createdBy: "the sync of its app",
    endedBy: "the API of its app",
    box: "Detectors of live sync",
    note: "asks until its app is live",
  },
  api: {
    title: "API",
    count: "each-app",
    what: "the app's API server",
    runs: "its server",
    createdBy: "the detector of its app",
    endedBy: "never",
    box: "API servers of apps",
    note: "serves its app",
  },
});

/** Which one of a party: of the app at hand, the app before or after it, the first, the last; `only` = there is one. */
export type HafWhich = "only" | "this" | "next" | "first" | "last";

export interface HafEnd {
  readonly party: HafParty;
  readonly which: HafWhich;
}

export interface HafStep {
  readonly id: string;
  readonly from: HafEnd;
  readonly to: HafEnd;
  readonly arrow: "->>" | "-x";
  /** Fixed words; the app's name is said by the lines it goes between. */
  readonly what: string;
  /** The receiver begins, or ends, with this message. */
  readonly effect: "creates" | "ends" | null;
  /** How often: once; for each app; for each but the last. */
  readonly each: "once" | "app" | "app-but-last";
  /** Only when some app asks for indexes. */
  readonly onlyIndexed: boolean;
  /** Goes on as long as the phase: the place of its progress. */
  readonly loops: string | null;
}

export interface HafPhasePlan {
  readonly id: HafPhase;
  readonly title: string;
  /** `lanes` = each app on its own, at the same time. */
  readonly fragment: "none" | "optional" | "concurrent" | "one-by-one" | "lanes";
  readonly enters: string;
  /** What must hold before it is left. */
  readonly guard: string;
  readonly steps: readonly HafStep[];
}

const end = (party: HafParty, which: HafWhich = "only"): HafEnd => Object.freeze({ party, which });

type Extra = Partial<Pick<HafStep, "arrow" | "effect" | "each" | "onlyIndexed" | "loops">>;
const step = (id: string, from: HafEnd, to: HafEnd, what: string, extra: Extra = {}): HafStep =>
  Object.freeze({
    id,
    from,
    to,
    what,
    arrow: extra.effect === "ends" ? "-x" : "->>",
    effect: null,
    each: "once",
    onlyIndexed: false,
    loops: null,
    ...extra,
  });
const phase = (plan: HafPhasePlan): HafPhasePlan => Object.freeze({ ...plan, steps: Object.freeze([...plan.steps]) });

/** All phases in their order. */
export const HAF_PROCESS: readonly HafPhasePlan[] = Object.freeze([
  phase({
    id: "not_started",
    title: "not started",
    fragment: "none",
    enters: "nothing was observed",
    guard: "an instance exists",
    steps: [],
  }),
  phase({
    id: "index_building",
    title: "custom indexes",
    fragment: "optional",
    enters: "at least one app asks for indexes on HAF tables",
    guard: "the last index builder was shut down by HAF",
    steps: [
      step("mib.start", end("gandalf"), end("mib", "first"), "start with custom indexes", {
        effect: "creates",
        onlyIndexed: true,
      }),
      step("mib.build", end("mib", "this"), end("mib", "this"), "builds indexes", {
        each: "app",
        onlyIndexed: true,
        loops: "until its indexes are built",
      }),
      step("mib.next", end("mib", "this"), end("mib", "next"), "build for the next app", {
        effect: "creates",
        each: "app-but-last",
        onlyIndexed: true,
      }),
      step("mib.end", end("mib", "next"), end("mib", "this"), "shutdown", {
        effect: "ends",
        each: "app-but-last",
        onlyIndexed: true,
      }),
    ],
  }),
  phase({
    id: "haf_starting",
    title: "HAF starts",
    fragment: "none",
    enters: "the orchestrator starts HAF",
    guard: "hived connected",
    steps: [
      step("haf.start", end("gandalf"), end("haf"), "simple start", { effect: "creates" }),
      step("mib.last", end("haf"), end("mib", "last"), "shutdown, continue regular replay", {
        effect: "ends",
        onlyIndexed: true,
      }),
      step("trigger.start", end("haf"), end("live_trigger"), "wait for LIVE", { effect: "creates" }),
    ],
  }),
  phase({
    id: "replay",
    title: "replay",
    fragment: "concurrent",
    enters: "sync state is WAIT, REINDEX_WAIT, REINDEX or P2P",
    guard: "sync state is LIVE and the instance is ready",
    steps: [
      step("haf.replay", end("haf"), end("haf"), "replay", { loops: "until LIVE" }),
      step("trigger.wait", end("live_trigger"), end("live_trigger"), "is it LIVE", { loops: "until LIVE" }),
    ],
  }),
  phase({
    id: "live_trigger_fired",
    title: "HAF is live",
    fragment: "none",
    enters: "LIVE was seen",
    guard: "the first setup runs",
    steps: [
      step("setup.first", end("live_trigger"), end("setup", "first"), "HAF is LIVE", { effect: "creates" }),
      step("trigger.end", end("setup", "first"), end("live_trigger"), "shutdown", { effect: "ends" }),
    ],
  }),
  phase({
    id: "app_setup",
    title: "setup of apps",
    fragment: "one-by-one",
    enters: "a setup exists",
    guard: "the last setup exited with 0",
    steps: [
      step("setup.run", end("setup", "this"), end("setup", "this"), "creates schema and context", { each: "app" }),
      step("setup.next", end("setup", "this"), end("setup", "next"), "next app", {
        effect: "creates",
        each: "app-but-last",
      }),
      step("setup.end", end("setup", "next"), end("setup", "this"), "shutdown", {
        effect: "ends",
        each: "app-but-last",
      }),
    ],
  }),
  phase({
    id: "app_sync",
    title: "sync of apps",
    fragment: "lanes",
    enters: "the last setup is done",
    guard: "each app for itself: it takes blocks",
    steps: [
      step("sync.start", end("setup", "last"), end("sync", "this"), "start", { effect: "creates", each: "app" }),
      step("setup.last", end("sync", "first"), end("setup", "last"), "shutdown", { effect: "ends" }),
      step("sync.run", end("sync", "this"), end("sync", "this"), "processes blocks", {
        each: "app",
        loops: "for ever",
      }),
    ],
  }),
  phase({
    id: "app_live_wait",
    title: "wait until an app is live",
    fragment: "lanes",
    enters: "the sync of an app runs",
    guard: "each app for itself: attached and in sync",
    steps: [
      step("detector.start", end("sync", "this"), end("detector", "this"), "wait until live", {
        effect: "creates",
        each: "app",
      }),
      step("detector.wait", end("detector", "this"), end("detector", "this"), "is it live", {
        each: "app",
        loops: "until its app is live",
      }),
    ],
  }),
  phase({
    id: "api_serving",
    title: "APIs serve",
    fragment: "lanes",
    enters: "a detector saw its app live",
    guard: "none: this is how it stays",
    steps: [
      step("api.start", end("detector", "this"), end("api", "this"), "its app is live", {
        effect: "creates",
        each: "app",
      }),
      step("detector.end", end("api", "this"), end("detector", "this"), "shutdown", { effect: "ends", each: "app" }),
      step("api.serve", end("api", "this"), end("api", "this"), "serves", { each: "app", loops: "for ever" }),
    ],
  }),
]);

/**
 * Which of the phases of lanes an app of a live stack is in. At the head with a stage that was not evaluated anew yet, it
 * is in two: its detector is about to see it.
 */
export function hafAppPhases(state: HafAppState, stage: string | null): readonly HafPhase[] {
  switch (state) {
    case "installed":
    case "indexes_pending":
    case "waiting_for_haf":
    case "massive":
      return ["app_sync"];
    case "live":
      return stage === null || stage === "live" ? ["api_serving"] : ["app_live_wait", "api_serving"];
    case "lagging":
    case "detached":
      return ["api_serving"];
    default:
      return [];
  }
}
