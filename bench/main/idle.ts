import { readFileSync } from "node:fs";
import { atMost, type Figure } from "#bench/figure.ts";

const WATCHED_MS = 60_000;
/** What the figures before have left to collect and to compile is done by then: a console is idle for hours. */
const SETTLE_MS = 30_000;
const HUNDRED_PERCENT = 100;
/** Of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU of a console that nobody looks at, over 60 s, in percent of one core. */
export async function idleFigure(pid: number, beside: Readonly<Record<string, unknown>>): Promise<Figure> {
  await pause(SETTLE_MS);
  const [before, startedAt] = [cpuSec(pid), performance.now()];
  await pause(WATCHED_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  const share = ((cpuSec(pid) - before) / seconds) * HUNDRED_PERCENT;
  return {
    figure: "console.idle.cpu",
    ...atMost(1, "% of a core").judge(share),
    beside: { seconds: Math.round(seconds), ...beside },
  };
}

/** User and system time of a process with all its threads. */
function cpuSec(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
