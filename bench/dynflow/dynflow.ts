import type { Figure } from "#bench/figure.ts";
import { largePlanId, STEPS_OF_LARGE_PLAN, seedPlans } from "#bench/main/seed.ts";
import { startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { flowPageFigures } from "./flow-page.ts";
import { idleShareFigure } from "./idle-share.ts";
import { listFigures } from "./lists.ts";
import { pixelFigures } from "./pixels.ts";
import { planPageFigures } from "./plan-pages.ts";
import { seedLargePostgres } from "./seed-large.ts";
import { seedUnfinished } from "./unfinished.ts";

const UNFINISHED = 200;
const SIZES = [
  { plans: 100_000, rounds: { warmUp: 3, rounds: 20 } },
  { plans: 1_000_000, rounds: { warmUp: 1, rounds: 8 } },
] as const;
/** A plan that was read a moment ago is not read again: each round looks at another. */
const THOUSANDS = 40;
const idOf = (kind: string, index: number): string =>
  `00000000-0000-4000-${kind}-${String(index + 1).padStart(12, "0")}`;
const THOUSAND_IDS = Array.from({ length: THOUSANDS }, (_, index) => idOf("b000", index));
const HUGE = { steps: 100_000, ids: [idOf("c000", 0), idOf("c000", 1), idOf("c000", 2)] } as const;

/** Lists of 100,000 and of a million plans, plan pages of any size, and what an idle console costs the database. */
export async function* benchDynflow(): AsyncIterable<Figure> {
  const postgres = await startPostgres();
  try {
    for (const size of SIZES) yield* figuresOf(postgres, size);
  } finally {
    await postgres.remove();
  }
}

async function* figuresOf(postgres: TestPostgres, { plans, rounds }: (typeof SIZES)[number]): AsyncIterable<Figure> {
  const databaseUrl = await seedPlans(postgres, plans);
  const small = plans === SIZES[0].plans;
  if (small) await seedPages(databaseUrl);
  await seedUnfinished(databaseUrl, UNFINISHED);
  const { url, environment } = withoutPassword(databaseUrl, "BENCH_DB_PASSWORD");
  const console = await startConsole({ environment, configuration: configurationOf(url) });
  const at = { consoleUrl: console.url, databaseUrl, source: "bench" };
  try {
    yield await idleShareFigure(console.url, databaseUrl, { plans, unfinished: UNFINISHED });
    if (small) {
      yield* pixelFigures(console.url, PIXEL_PAGES);
      yield* flowPageFigures({ url: `${console.url}/plans/bench/${HUGE.ids[0]}` });
      yield* planPageFigures(at, PAGES);
    }
    yield* listFigures({ ...at, plans, rounds });
  } finally {
    await console.close();
  }
}

const PAGES = [
  {
    steps: STEPS_OF_LARGE_PLAN,
    ids: Array.from({ length: 400 }, (_, index) => largePlanId(index)),
    rounds: { warmUp: 200, rounds: 100 },
  },
  { steps: 1_000, ids: THOUSAND_IDS, rounds: { warmUp: 10, rounds: 30 } },
  { ...HUGE, rounds: { warmUp: 1, rounds: 6 } },
];

const FLOW = ".flow-box canvas[data-painted], .flow-box svg";
const PIXEL_PAGES = [
  { name: "plans.list", path: "/plans?source=bench&state=all", shown: '[data-row]:not([data-row=""])' },
  { name: `plan.${STEPS_OF_LARGE_PLAN}-steps`, path: `/plans/bench/${largePlanId(0)}`, shown: FLOW },
  { name: "plan.1000-steps", path: `/plans/bench/${THOUSAND_IDS[0]}`, shown: FLOW },
];

async function seedPages(url: string): Promise<void> {
  for (const id of THOUSAND_IDS) await seedLargePostgres(url, { id, steps: 1_000, shape: "mixed" });
  for (const id of HUGE.ids) await seedLargePostgres(url, { id, steps: HUGE.steps, shape: "mixed", failed: 3 });
}

const configurationOf = (url: string): string => `
regions: [ { id: lab, title: Lab } ]
dynflow:
  - { id: bench, region: lab, title: Bench, url: ${JSON.stringify(url)}, passwordEnv: BENCH_DB_PASSWORD }
`;
