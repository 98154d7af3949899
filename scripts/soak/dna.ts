import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import {
  addFigures,
  type Figures,
  historyOf,
  judgeHistory,
  noFigures,
} from "#server/demo/referee/random-history.test-kit.ts";

export const DNA_USAGE =
  "usage: npm run soak -- dna [--from N] [--to N] [--minutes N] [--bookmark FILE] | dna --seed N";

/** The first ones are played with every commit. */
const FIRST_SEED = 20_001;
const SEED_MAX = 2 ** 31 - 1;
const MINUTES = 10;
const BOOKMARK = path.join("data", "soak-dna.json");
const SAVE_EVERY = 200;
const TELL_EVERY_MS = 15_000;
const FAULTS_SHOWN_MAX = 5;

/** Where a soak stands: every history below `next` has been played. */
interface Bookmark {
  readonly from: number;
  readonly next: number;
  readonly failed: readonly number[];
  readonly figures: Figures;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Plays histories of DNA clusters by their numbers until the last one, or until its time is over, and goes on from its
 * bookmark the next time. `--seed` plays one again and tells all that is wrong with it. False when one was not as it must
 * be; `null` when the arguments make no sense.
 */
export async function soakDna(args: readonly string[]): Promise<boolean | null> {
  const asked = read(args);
  if (asked === null) return null;
  return asked.seed === null ? soak(asked) : replay(asked.seed);
}

interface Asked {
  readonly seed: number | null;
  readonly from: number | null;
  readonly to: number;
  readonly minutes: number;
  readonly bookmark: string;
}

function read(args: readonly string[]): Asked | null {
  const text = { type: "string" } as const;
  try {
    const options = { seed: text, from: text, to: text, minutes: text, bookmark: text };
    const { values } = parseArgs({ args: [...args], options });
    const whole = (value: string | undefined, otherwise: number | null): number | null =>
      value === undefined
        ? otherwise
        : /^[0-9]{1,10}$/.test(value) && Number(value) <= SEED_MAX
          ? Number(value)
          : Number.NaN;
    const asked = {
      seed: whole(values.seed, null),
      from: whole(values.from, null),
      to: whole(values.to, SEED_MAX) ?? SEED_MAX,
      minutes: values.minutes === undefined ? MINUTES : Number(values.minutes),
      bookmark: values.bookmark ?? BOOKMARK,
    };
    const numbers = [asked.seed ?? 0, asked.from ?? 0, asked.to];
    return numbers.some(Number.isNaN) || !(asked.minutes > 0) ? null : asked;
  } catch (cause) {
    say(cause instanceof Error ? cause.message : String(cause));
    return null;
  }
}

async function replay(seed: number): Promise<boolean> {
  const history = historyOf(seed);
  const figures = noFigures();
  say(`history ${seed}: ${JSON.stringify(history)}`);
  const faults = await judgeHistory(history, figures);
  for (const fault of faults) say(fault);
  say(`${faults.length === 0 ? "nothing is wrong with it" : `${faults.length} faults`}: ${JSON.stringify(figures)}`);
  return faults.length === 0;
}

async function soak({ from, to, minutes, bookmark }: Asked): Promise<boolean> {
  const start = from ?? FIRST_SEED;
  let at = from === null ? load(bookmark, start) : fresh(start);
  say(`histories from ${at.next}${at.next === at.from ? "" : ` (since ${at.from})`} on, for ${minutes} min at most`);
  const endAt = performance.now() + minutes * 60_000;
  let toldAt = performance.now();
  for (; at.next <= to && performance.now() < endAt; ) {
    at = await playOne(at);
    if ((at.next - at.from) % SAVE_EVERY === 0) save(bookmark, at);
    if (performance.now() - toldAt < TELL_EVERY_MS) continue;
    toldAt = performance.now();
    tell(at);
  }
  save(bookmark, at);
  tell(at);
  say(at.next > to ? "all played" : `to go on: npm run soak -- dna --bookmark ${bookmark}`);
  return at.failed.length === 0;
}

async function playOne(at: Bookmark): Promise<Bookmark> {
  const faults = await judgeHistory(historyOf(at.next), at.figures);
  for (const fault of faults.slice(0, FAULTS_SHOWN_MAX)) say(`history ${at.next}: ${fault}`);
  if (faults.length > 0) say(`to play it again: npm run soak -- dna --seed ${at.next}`);
  return { ...at, next: at.next + 1, failed: faults.length > 0 ? [...at.failed, at.next] : at.failed };
}

const tell = ({ from, next, failed, figures }: Bookmark): void =>
  say(
    `${from} to ${next - 1}: ${failed.length === 0 ? "none failed" : `failed: ${failed.join(", ")}`}; ${JSON.stringify(figures)}`,
  );

const fresh = (from: number): Bookmark => ({ from, next: from, failed: [], figures: noFigures() });

function load(file: string, start: number): Bookmark {
  if (!existsSync(file)) return fresh(start);
  const found: Partial<Bookmark> = JSON.parse(readFileSync(file, "utf8"));
  const { from = start, next = start, failed = [], figures } = found;
  return { from, next, failed, figures: addFigures(noFigures(), figures ?? {}) };
}

/** In one step, so that a soak that is killed leaves its last bookmark whole. */
function save(file: string, at: Bookmark): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(at)}\n`);
  renameSync(`${file}.new`, file);
}
