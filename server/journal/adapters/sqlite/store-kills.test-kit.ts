/** Kills a process that appends to a journal, again and again, and finds what was lost. For the test and the soak. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { StreamName } from "#server/contract/event.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openSqliteJournal, type SqliteJournal } from "./journal.ts";

const PAGE = 10_000;
/** Small, so that kills hit the turn of segments and files too. */
const SEGMENT_EVENTS = 1_000;

export interface StoreKills {
  /**
   * Starts the load, kills it after so long (counted from its first word, or from its birth for `early`), and judges
   * what is on disk. Answers what is wrong, one line each, and how much was acknowledged.
   */
  round(kill: { readonly afterMs: number; readonly early: boolean }): Promise<{
    readonly acknowledged: number;
    readonly faults: readonly string[];
  }>;
  /** Walks everything from the beginning, and the audit chain. */
  judgeAll(): Promise<{ readonly events: number; readonly faults: readonly string[] }>;
}

/** @param directory of the journal, kept from round to round */
export function createStoreKills(directory: string): StoreKills {
  /** `stream seq id` of every event that any process was told is durable. */
  const acknowledged = new Set<string>();
  const ends = new Map<StreamName, string>();
  let rounds = 0;

  async function judge(journal: SqliteJournal, from: ReadonlyMap<StreamName, string>) {
    const faults: string[] = [];
    const ids = new Set<string>();
    let met = 0;
    let events = 0;
    for (const { stream, seq } of await journal.heads()) {
      let after = from.get(stream) ?? "0";
      while (after !== seq) {
        const page = await journal.after(stream, after, PAGE);
        if (page.length === 0) {
          faults.push(`${stream}: nothing behind ${after}, though its head is ${seq}`);
          break;
        }
        for (const event of page) {
          if (BigInt(event.seq) !== BigInt(after) + 1n) faults.push(`${stream}: ${event.seq} follows on ${after}`);
          after = event.seq;
          events += 1;
          const key = `${stream} ${event.id}`;
          if (ids.has(key)) faults.push(`${key} is there twice`);
          ids.add(key);
          if (acknowledged.has(`${stream} ${event.seq} ${event.id}`)) met += 1;
        }
      }
      ends.set(stream, after);
    }
    return { faults, met, events };
  }

  /** Acknowledged events behind these positions. */
  const expectedBehind = (from: ReadonlyMap<StreamName, string>): number =>
    [...acknowledged].filter((line) => {
      const [stream = "", seq = "0"] = line.split(" ");
      return BigInt(seq) > BigInt(from.get(stream) ?? "0");
    }).length;

  async function judgeBehind(from: ReadonlyMap<StreamName, string>, chain: boolean) {
    const journal = await openSqliteJournal({
      directory,
      key: { from: "generated" },
      clock: createSystemClock(),
      log: silentLogger,
    });
    try {
      const expected = expectedBehind(from);
      const { faults, met, events } = await judge(journal, from);
      if (met < expected) faults.push(`${expected - met} acknowledged events are missing`);
      const verdict = chain ? await journal.verifyChain() : null;
      if (verdict?.ok === false) faults.push(...verdict.faults.map((fault) => JSON.stringify(fault)));
      return { faults, events };
    } finally {
      await journal.close();
    }
  }

  return {
    async round(kill) {
      rounds += 1;
      const { lines, complaint } = await loadAndKill(directory, rounds, kill);
      for (const line of lines) acknowledged.add(line);
      const from = new Map(ends);
      const { faults } = await judgeBehind(from, false);
      return { acknowledged: lines.length, faults: complaint === "" ? faults : [...faults, complaint] };
    },
    judgeAll: () => judgeBehind(new Map(), true),
  };
}

/** Lets the load run, kills it without warning, and answers the lines that came out whole. */
async function loadAndKill(
  directory: string,
  round: number,
  kill: { readonly afterMs: number; readonly early: boolean },
): Promise<{ readonly lines: readonly string[]; readonly complaint: string }> {
  const script = fileURLToPath(new URL("./append-load.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(round), String(SEGMENT_EVENTS)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const arm = () => setTimeout(() => child.kill("SIGKILL"), kill.afterMs);
  let output = "";
  let complaint = "";
  if (kill.early) arm();
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (output === "" && !kill.early) arm();
    output += chunk.toString();
  });
  await ended;
  return { lines: output.split("\n").slice(1, -1), complaint };
}
