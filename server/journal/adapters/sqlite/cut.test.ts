import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal } from "./journal.ts";

const STREAM = "dynflow:foreman";
const TIMEOUT_MS = 120_000;
const RUNS = 15;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "journal-cut-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const clock = createManualClock();
const open = (directory: string) =>
  openSqliteJournal({
    directory,
    key: { from: "secret", secret: "a secret of at least thirty-two characters" },
    clock,
    log: silentLogger,
    segmentEvents: 4,
  });
const draft = (subject: string): EventDraft => ({
  kind: "dynflow.plan.gone",
  body: { from: "running" },
  subject,
  occurredAt: epochMs(1),
});

/** A journal of several segments, copied as a crash would leave it: with what SQLite keeps beside its files. */
async function crashed(directory: string): Promise<readonly string[]> {
  const journal = await open(join(root, "running"));
  const texts: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const events = await journal.append(STREAM, [draft(`a${n}`), draft(`b${n}`)]);
    texts.push(...events.map((event) => JSON.stringify(event)));
  }
  await journal.writeSnapshot({ stream: STREAM, seq: "8", foldVersion: 7, state: EMPTY_DYNFLOW });
  cpSync(join(root, "running"), directory, { recursive: true });
  await journal.close();
  return texts;
}

/** The events of the journal, or why it does not open. */
async function eventsOf(directory: string): Promise<readonly string[] | OpsError> {
  try {
    const journal = await open(directory);
    try {
      return (await journal.after(STREAM, "0", 100)).map((event) => JSON.stringify(event));
    } finally {
      await journal.close();
    }
  } catch (cause) {
    if (cause instanceof OpsError) return cause;
    throw cause;
  }
}

it(
  "loses no acknowledged event when a file is cut at any byte: it has them all, or refuses to open and says why",
  async () => {
    const whole = join(root, "whole");
    const expected = await crashed(whole);
    const files = readdirSync(whole).filter(
      (name) => /\.sqlite(-wal)?$/.test(name) && statSync(join(whole, name)).size > 0,
    );
    expect(files.filter((name) => name.startsWith("observed-")).length).toBeGreaterThan(2);
    expect(await eventsOf(copyOf(whole, "untouched"))).toEqual(expected);
    const refusals = new Set<string>();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (file, where) => {
          runs += 1;
          const directory = copyOf(whole, `cut-${runs}`);
          const path = join(directory, file);
          chmodSync(path, 0o600);
          truncateSync(path, Math.floor(statSync(path).size * where));
          const found = await eventsOf(directory);
          rmSync(directory, { recursive: true });
          if (found instanceof OpsError) {
            refusals.add(found.message);
            expect(["refused", "journal-unavailable"]).toContain(found.code);
            expect(found.message.length).toBeGreaterThan(10);
          } else expect(found).toEqual(expected);
        },
      ),
      { numRuns: RUNS },
    );
    expect(refusals.size).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

function copyOf(directory: string, name: string): string {
  const copy = join(root, name);
  mkdirSync(copy);
  cpSync(directory, copy, { recursive: true });
  return copy;
}
