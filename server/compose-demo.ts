import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Configuration } from "#server/config/model.ts";
import { createDemoAgents, type DemoAgents, demoHosts } from "#server/demo/agents/demo-agents.ts";
import { type DemoHook, openDemoHook } from "#server/demo/agents/hook.ts";
import { createDemoEstate } from "#server/demo/dna/estate.ts";
import {
  createDynflowDemo,
  DEMO_CANCELLABLE,
  DEMO_HOSTNAME_SUFFIX,
  type DynflowDemo,
} from "#server/demo/dynflow/demo.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { createHafReplay, type HafReplay } from "#server/demo/haf/replay.ts";
import { openSqliteDatabase } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError, unreachable } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { DemoService } from "#server/trpc/services.ts";
import type { Estates } from "./compose.ts";
import { assembleDna } from "./compose-dna.ts";
import { assembleDynflow, sqliteAccess } from "./compose-dynflow.ts";
import { assembleHaf } from "./compose-haf.ts";

/** The same world at each start: only its clock differs. */
const SEED = 20_261_122;
const PLANS_ID = "foreman";
const STACK_ID = "hive";

/** A folder of this run's own, removed when it ends. */
export interface DemoFolder {
  readonly directory: string;
  remove(): Promise<void>;
}

const FOLDER = /^worldline-demo-(\d+)-/;

export async function makeDemoFolder(): Promise<DemoFolder> {
  await removeLeftovers();
  const directory = await mkdtemp(path.join(tmpdir(), `worldline-demo-${process.pid}-`));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Folders of demos that were killed: of processes that are no more, and ours to remove. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = FOLDER.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = path.join(tmpdir(), name);
    if ((await stat(folder)).uid === process.getuid?.()) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it lives, as somebody else's.
    return !(cause instanceof Error && "code" in cause && cause.code === "ESRCH");
  }
}

/** The simulated estate behind the same ports as a configured one: two regions, three clusters, one Dynflow. */
export async function openDemo(
  configuration: Configuration,
  folder: DemoFolder,
  clock: Clock,
  log: Logger,
): Promise<Estates> {
  const estate = createDemoEstate({ clock, seed: SEED });
  const file = path.join(folder.directory, "dynflow.sqlite");
  const plans = await createDynflowDemo({
    path: file,
    openDatabase: (name) => openSqliteDatabase({ path: name, readOnly: false }),
    clock,
    seed: SEED,
    log: log.child({ demo: PLANS_ID }),
  });
  const stack = createHafReplay({ steps: recordedSteps(), clock });
  const hook = await openDemoHook();
  const agents = createDemoAgents({
    hosts: demoHosts(["10.1.1.11", "10.1.1.12", "10.1.1.13", "10.1.1.14"], DEMO_HOSTNAME_SUFFIX),
    clock: createSystemClock(),
    log: log.child({ demo: "agents" }),
  });
  const [home, away] = estate.regions;
  return {
    places: {
      regions: estate.regions.map(({ id, title }) => ({ id, title })),
      loadBalancer: { title: configuration.loadBalancer.title, regions: estate.regions.map(({ id }) => id) },
    },
    open: (deps) => ({
      // The simulators outlive whoever reads them.
      dna: estate.sources.map(({ store, beam, driver: _, network: __, ...seat }) =>
        assembleDna(
          { ...seat, act: true },
          { store: { ...store, close: async () => undefined }, beam: { ...beam, close: async () => undefined } },
          deps,
        ),
      ),
      dynflow: [
        assembleDynflow(
          {
            id: PLANS_ID,
            title: "Foreman",
            region: home?.id ?? "",
            act: true,
            release: null,
            demo: true,
            cancellable: DEMO_CANCELLABLE,
          },
          sqliteAccess(file),
          deps,
        ),
      ],
      haf: [
        assembleHaf(
          { id: STACK_ID, title: "Hive", region: (away ?? home)?.id ?? "", apps: [] },
          { store: stack.store, engine: null },
          deps,
        ),
      ],
    }),
    hookUrl: hook.url,
    demo: scenariosOf(estate, plans, stack, { agents, hook }),
    async run(signal, agentsPort) {
      await Promise.all([estate.run(signal), plans.run(signal), stack.run(signal), agents.run(signal, agentsPort)]);
    },
    async close() {
      await hook.close();
      await plans.close();
      await folder.remove();
    },
  };
}

function scenariosOf(
  estate: ReturnType<typeof createDemoEstate>,
  plans: DynflowDemo,
  stack: HafReplay,
  { agents, hook }: { readonly agents: DemoAgents; readonly hook: DemoHook },
): DemoService {
  const only = (id: string, source: string): void => {
    if (source !== id) throw new OpsError("not-found", `No source ${source} in the demo`);
  };
  return {
    async scenario(_caller, input) {
      switch (input.scenario) {
        case "killNode":
          return { done: estate.killNode(input.source, input.incarnation) };
        case "freezeNode":
          return { done: estate.freezeNode(input.source, input.incarnation, input.forMs) };
        case "bringBack":
          return { done: estate.bringBack(input.source, input.node) };
        case "nodeMishap":
          return { done: estate.befallNode(input.source, input.incarnation, input.mishap) };
        case "clusterMishap":
          return { done: estate.befallCluster(input.source, input.mishap) };
        case "killWorld":
          only(PLANS_ID, input.source);
          return { done: await plans.killWorld(input.worldId) };
        case "silentHosts":
          only(PLANS_ID, input.source);
          return { done: await plans.silentHosts() };
        case "failNextPlans":
          only(PLANS_ID, input.source);
          return { done: plans.failNextPlans(input.count) };
        case "stopAgent":
          return { done: agents.stop(input.agentId, input.forMs) };
        case "sleepReceiver":
          hook.sleep(input.forMs);
          return { done: `Whoever the receiver hook tells is asleep for ${Math.round(input.forMs / 1_000)} s` };
        case "hafStep":
          only(STACK_ID, input.source);
          return { done: stack.hold(input.step) };
        case "hafPlay":
          only(STACK_ID, input.source);
          return { done: stack.play() };
        default:
          return unreachable(input);
      }
    },
  };
}
