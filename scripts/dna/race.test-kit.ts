/** Claimers of a race as processes, and what they said. For tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ClaimerLine, ClaimerPlan } from "./claimer.ts";

const UP_WITHIN_MS = 60_000;

export interface Claimer {
  readonly node: string;
  /** Its incarnation, as text. */
  readonly id: string;
  readonly claims: readonly Extract<ClaimerLine, { kind: "claimed" }>[];
  /** Keys of requests of which nobody knows what became. */
  readonly unknown: ReadonlySet<string>;
  alive(): boolean;
  /** From now on it asks for keys at random. */
  race(): void;
  /** SIGKILL: nothing is tidied up. */
  kill(): Promise<void>;
  /** Makes it ask for one of so many parts of the keys; answers how many could not be settled. */
  sweep(part: number, parts: number): Promise<number>;
}

/** Starts one and resolves when it beats. */
export async function startClaimer(plan: ClaimerPlan): Promise<Claimer> {
  const script = join(import.meta.dirname, "claimer.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(plan)], { stdio: ["pipe", "pipe", "pipe"] });
  const claims: Extract<ClaimerLine, { kind: "claimed" }>[] = [];
  const unknown = new Set<string>();
  const up = Promise.withResolvers<string>();
  const swept = Promise.withResolvers<number>();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2_000);
  });
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as ClaimerLine;
    if (line.kind === "up") up.resolve(line.id);
    else if (line.kind === "claimed") claims.push(line);
    else if (line.kind === "unknown") unknown.add(line.key);
    else swept.resolve(line.open);
  });
  child.once("exit", (code) => up.reject(new Error(`${plan.node} ended with ${code}: ${said}`)));
  const timer = setTimeout(() => up.reject(new Error(`${plan.node} is not up: ${said}`)), UP_WITHIN_MS);
  const id = await up.promise.finally(() => clearTimeout(timer));
  return {
    node: plan.node,
    id,
    claims,
    unknown,
    race: () => void child.stdin.write("race\n"),
    alive: () => !hasEnded(child),
    async kill() {
      if (hasEnded(child)) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    sweep(part, parts) {
      child.stdin.write(`sweep ${part} ${parts}\n`);
      return swept.promise;
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
