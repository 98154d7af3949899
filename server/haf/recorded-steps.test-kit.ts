/** What each step of the recording is expected to be judged as: the table of phases, states and stages. */
import type { HafFold } from "#server/contract/fold/haf.ts";

type App = readonly [state: string, stage: string | null, block: number | null];

export interface ExpectedStep {
  readonly step: number;
  readonly name: string;
  readonly phases: readonly string[];
  readonly syncState: string;
  readonly apps: Readonly<Record<string, App>>;
  /** Indexes by status: missing, creating, created. */
  readonly indexes: readonly [missing: number, creating: number, created: number];
  /** Checks that want somebody. */
  readonly troubles: readonly string[];
}

const MASSIVE = "MASSIVE_PROCESSING";
const NEW: App = ["installed", null, 0];
const WAITS: App = ["waiting_for_haf", "wait_for_haf", 0];
const AT_3000: App = ["massive", MASSIVE, 3_000];
const LIVE: App = ["live", "live", 12_003];
const FORKED: App = ["live", "live", 12_004];

export const EXPECTED_STEPS: readonly ExpectedStep[] = [
  expected(1, "database-installed", ["haf_starting"], "START", {}, [0, 0, 0]),
  expected(2, "hived-connected-waiting", ["replay"], "REINDEX_WAIT", {}, [0, 0, 0]),
  expected(3, "reindex-indexes-dropped", ["replay"], "REINDEX", {}, [27, 0, 0]),
  expected(4, "reindex-3000", ["replay"], "REINDEX", {}, [27, 0, 0]),
  expected(5, "reindex-9000", ["replay"], "REINDEX", {}, [27, 0, 0]),
  expected(6, "p2p-12000", ["replay"], "P2P", {}, [27, 0, 0]),
  expected(7, "setup-app1", ["replay"], "P2P", { app1: NEW }, [27, 0, 0]),
  expected(8, "setup-app2", ["replay"], "P2P", { app1: NEW, app2: NEW }, [27, 0, 0]),
  expected(9, "setup-app3", ["replay"], "P2P", { app1: NEW, app2: NEW, app3: NEW }, [27, 0, 0]),
  expected(
    10,
    "app1-index-registered",
    ["replay"],
    "P2P",
    { app1: ["indexes_pending", null, 0], app2: NEW, app3: NEW },
    [28, 0, 0],
  ),
  expected(11, "app1-waits-for-haf", ["replay"], "P2P", { app1: WAITS, app2: NEW, app3: NEW }, [28, 0, 0]),
  expected(12, "indexes-creating", ["replay"], "P2P", { app1: WAITS, app2: NEW, app3: NEW }, [24, 4, 0]),
  expected(13, "indexes-restored", ["replay"], "P2P", { app1: WAITS, app2: NEW, app3: NEW }, [0, 0, 28]),
  expected(14, "live", ["app_sync"], "LIVE", { app1: WAITS, app2: NEW, app3: NEW }, [0, 0, 28]),
  expected(15, "apps-massive-3000", ["app_sync"], "LIVE", { app1: AT_3000, app2: AT_3000, app3: NEW }, [0, 0, 28]),
  expected(
    16,
    "app1-caught-up",
    ["app_sync", "app_live_wait", "api_serving"],
    "LIVE",
    { app1: ["live", MASSIVE, 12_000], app2: AT_3000, app3: NEW },
    [0, 0, 28],
  ),
  expected(17, "app1-live", ["app_sync", "api_serving"], "LIVE", { app1: LIVE, app2: AT_3000, app3: NEW }, [0, 0, 28]),
  expected(18, "app2-live", ["app_sync", "api_serving"], "LIVE", { app1: LIVE, app2: LIVE, app3: NEW }, [0, 0, 28]),
  expected(19, "app3-live", ["api_serving"], "LIVE", { app1: LIVE, app2: LIVE, app3: LIVE }, [0, 0, 28]),
  expected(20, "fork-switched", ["api_serving"], "LIVE", { app1: LIVE, app2: LIVE, app3: LIVE }, [0, 0, 28], ["fork"]),
  expected(
    21,
    "apps-followed-fork",
    ["api_serving"],
    "LIVE",
    { app1: FORKED, app2: FORKED, app3: FORKED },
    [0, 0, 28],
    ["app-slow", "fork"],
  ),
  expected(
    22,
    "app1-silent-5h",
    ["api_serving"],
    "LIVE",
    { app1: FORKED, app2: FORKED, app3: FORKED },
    [0, 0, 28],
    ["app-auto-detach", "app-silent", "app-slow", "fork"],
  ),
  expected(
    23,
    "app1-auto-detached",
    ["api_serving"],
    "LIVE",
    { app1: ["detached", "live", 12_001], app2: FORKED, app3: FORKED },
    [0, 0, 28],
    ["app-detached", "app-slow", "block-went-down", "fork"],
  ),
  expected(
    24,
    "app3-removed",
    ["api_serving"],
    "LIVE",
    { app1: ["detached", "live", 12_001], app2: FORKED, app3: ["removed", null, null] },
    [0, 0, 28],
    ["app-detached", "app-slow", "block-went-down", "fork"],
  ),
];

function expected(
  step: number,
  name: string,
  phases: readonly string[],
  syncState: string,
  apps: ExpectedStep["apps"],
  indexes: ExpectedStep["indexes"],
  troubles: readonly string[] = [],
): ExpectedStep {
  return { step, name, phases, syncState, apps, indexes, troubles };
}

/** The same of a fold; blocks of apps are samples, so they are given beside it. */
export function judgedOf(fold: HafFold, blocks: Readonly<Record<string, number>>): Omit<ExpectedStep, "step" | "name"> {
  const { phases, syncState, indexes, apps, checks } = fold;
  return {
    phases,
    syncState: syncState ?? "none",
    apps: Object.fromEntries(
      Object.entries(apps).map(([name, { state, stage }]) => [name, [state, stage, blocks[name] ?? null] as const]),
    ),
    indexes: [indexes?.missing ?? -1, indexes?.creating ?? -1, indexes?.created ?? -1],
    troubles: Object.entries(checks)
      .flatMap(([check, { level }]) => (level === "critical" || level === "warning" ? check : []))
      .toSorted(),
  };
}
