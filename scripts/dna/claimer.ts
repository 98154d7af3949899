/**
 * One DNA node as a process of its own, as its database sees it: `node scripts/dna/claimer.ts '<json>'`. It beats until it
 * is killed; from a line `race` on its standard input on it asks for random keys of the given types, and writes one line
 * of JSON for whatever it comes to own. A line `sweep 0 3` makes it ask once for every third key from the first on.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "#server/dna/adapters/scylla/client.ts";
import type { ActorKey, ActorType } from "#server/dna/domain/identity.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { type DnaIncarnation, startIncarnation } from "./incarnation.ts";

/** What a claimer is given as its argument. */
export interface ClaimerPlan {
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
  readonly keyspace: string;
  readonly cluster: string;
  readonly node: string;
  readonly types: readonly ActorType[];
  readonly keysPerType: number;
  /** Pause between two requests. */
  readonly everyMs: number;
}

/** What a claimer writes, one a line. */
export type ClaimerLine =
  | { readonly kind: "up"; readonly id: string }
  /** It owns the key now; `from` = whose it was, `null` = nobody's. */
  | { readonly kind: "claimed"; readonly key: string; readonly from: string | null; readonly at: number }
  /** Nobody knows what became of a request: it may own the key. */
  | { readonly kind: "unknown"; readonly key: string; readonly why: string }
  /** `open` = keys that could not be settled. */
  | { readonly kind: "swept"; readonly open: number };

/** Keys of the race: names sort as their numbers do. */
export const raceName = (number: number): string => `key-${String(number).padStart(5, "0")}`;
export const raceKey = ({ namespace, moduleId, name }: ActorKey): string => `${namespace}/${moduleId}/${name}`;

const SWEEP_TRIES = 30;
const SWEEP_RETRY_MS = 500;
const SETTLED: ReadonlySet<string> = new Set(["claimed", "taken-over", "mine", "forwarded"]);

async function main(plan: ClaimerPlan): Promise<void> {
  const client = createClient(plan);
  const { keyspace, cluster, node } = plan;
  const say = (line: ClaimerLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const incarnation = await startIncarnation({
    ...{ client, keyspace, cluster, node },
    clock: createSystemClock(),
    log: silentLogger,
    onClaim: (key, from) => say({ kind: "claimed", key: raceKey(key), from, at: Date.now() }),
  });
  say({ kind: "up", id: incarnation.id });
  let [racing, sweeping] = [false, false];
  createInterface({ input: process.stdin }).on("line", (line) => {
    const [command, part = "0", parts = "1"] = line.split(" ");
    if (command === "race") racing = true;
    if (command !== "sweep" || sweeping) return;
    [racing, sweeping] = [false, true];
    void sweep(incarnation, partOf(plan, Number(part), Number(parts)), say);
  });
  for (;;) {
    const type = plan.types[Math.floor(Math.random() * plan.types.length)];
    const name = raceName(Math.floor(Math.random() * plan.keysPerType));
    if (racing && type !== undefined) await ask(incarnation, { ...type, name }, say);
    await sleep(plan.everyMs);
  }
}

async function ask(incarnation: DnaIncarnation, key: ActorKey, say: (line: ClaimerLine) => void): Promise<boolean> {
  try {
    const served = await incarnation.request(key);
    // Its driver sends a claim again that found too few replicas: the first may have been applied, and this one lost to it.
    if (served === "lost") say({ kind: "unknown", key: raceKey(key), why: "its claim was refused" });
    return SETTLED.has(served);
  } catch (cause) {
    say({ kind: "unknown", key: raceKey(key), why: messageOf(cause) });
    return false;
  }
}

function partOf({ types, keysPerType }: ClaimerPlan, part: number, parts: number): readonly ActorKey[] {
  const numbers = Array.from({ length: keysPerType }, (_, number) => number).filter(
    (number) => number % parts === part,
  );
  return types.flatMap((type) => numbers.map((number) => ({ ...type, name: raceName(number) })));
}

async function sweep(
  incarnation: DnaIncarnation,
  keys: readonly ActorKey[],
  say: (line: ClaimerLine) => void,
): Promise<void> {
  let open = keys;
  for (let round = 0; open.length > 0 && round < SWEEP_TRIES; round += 1) {
    if (round > 0) await sleep(SWEEP_RETRY_MS);
    const left: ActorKey[] = [];
    for (const key of open) if (!(await ask(incarnation, key, say))) left.push(key);
    open = left;
  }
  say({ kind: "swept", open: open.length });
}

const [given] = process.argv.slice(2);
if (import.meta.main && given !== undefined) await main(JSON.parse(given) as ClaimerPlan);
