import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { atMost, type Figure, median, round } from "#bench/figure.ts";
import { freePort } from "#e2e/fixtures/console.ts";
import { HISTORY_EVENTS } from "./history.ts";

const ROUNDS = 5;
const POLL_MS = 10;
const TIMEOUT_MS = 60_000;

/** From the start of the process to `/readyz`, on a journal of a million events, beside an empty one. */
export async function startFigure(directory: string, journal: string): Promise<Figure> {
  const times = { full: [] as number[], empty: [] as number[] };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    times.full.push(await timeToReady(directory, journal));
    times.empty.push(await timeToReady(directory, join(directory, `empty-${turn}`)));
  }
  return {
    figure: "journal.start",
    ...atMost(2, "s").judge(median(times.full) / 1_000),
    beside: { events: HISTORY_EVENTS, emptyS: round(median(times.empty) / 1_000), rounds: ROUNDS },
  };
}

async function timeToReady(directory: string, journal: string): Promise<number> {
  const port = await freePort();
  const file = join(directory, "worldline.yaml");
  writeFileSync(
    file,
    `listen: { host: 127.0.0.1, port: ${port} }\njournal: { path: ${journal}, keepDays: 3650, keepOperatorDays: 3650 }\n`,
  );
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["server/main.ts", "--config", file], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the console ended with ${child.exitCode}`);
      if (performance.now() - startedAt > TIMEOUT_MS) throw new Error("the console was not ready");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return performance.now() - startedAt;
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
