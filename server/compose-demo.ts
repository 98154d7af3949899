import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Configuration } from "#server/config/model.ts";
import { createDemoEstate } from "#server/demo/dna/estate.ts";
import { createDynflowDemo, type DynflowDemo } from "#server/demo/dynflow/demo.ts";
import { openSqliteDatabase } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError, unreachable } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { DemoService } from "#server/trpc/services.ts";
import type { Estates } from "./compose.ts";
import { assembleDna } from "./compose-dna.ts";
import { assembleDynflow, sqliteAccess } from "./compose-dynflow.ts";

/** The same world at each start: only its clock differs. */
const SEED = 20_261_122;
const PLANS_ID = "foreman";

/** A folder of this run's own, removed when it ends. */
export interface DemoFolder {
  readonly directory: string;
  remove(): Promise<void>;
}

export async function makeDemoFolder(): Promise<DemoFolder> {
  const directory = await mkdtemp(path.join(tmpdir(), "worldline-demo-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
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
  const [home] = estate.regions;
  return {
    places: {
      regions: estate.regions.map(({ id, title }) => ({ id, title })),
      loadBalancer: { title: configuration.loadBalancer.title, regions: estate.regions.map(({ id }) => id) },
    },
    open: (deps) => ({
      dna: estate.sources.map(({ store, driver: _, ...seat }) => assembleDna({ ...seat, act: true }, store, deps)),
      dynflow: [
        assembleDynflow(
          { id: PLANS_ID, title: "Foreman", region: home?.id ?? "", act: true, release: null, demo: true },
          sqliteAccess(file),
          deps,
        ),
      ],
    }),
    demo: scenariosOf(estate, plans),
    async run(signal) {
      await Promise.all([estate.run(signal), plans.run(signal)]);
    },
    async close() {
      await plans.close();
      await folder.remove();
    },
  };
}

function scenariosOf(estate: ReturnType<typeof createDemoEstate>, plans: DynflowDemo): DemoService {
  return {
    async scenario(_caller, input) {
      switch (input.scenario) {
        case "killNode":
          return { done: estate.killNode(input.source, input.incarnation) };
        case "freezeNode":
          return { done: estate.freezeNode(input.source, input.incarnation, input.forMs) };
        case "bringBack":
          return { done: estate.bringBack(input.source, input.node) };
        case "failNextPlans":
          if (input.source !== PLANS_ID) throw new OpsError("not-found", `No source ${input.source} in the demo`);
          return { done: plans.failNextPlans(input.count) };
        default:
          return unreachable(input);
      }
    },
  };
}
