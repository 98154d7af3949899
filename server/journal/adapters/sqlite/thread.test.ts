import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { type JournalThread, startJournalThread } from "./thread.ts";

let directory: string;
let thread: JournalThread;
const logged: string[] = [];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
  const data = { directory, key: new Uint8Array(32), segmentEvents: 1_000, fileBytesMax: null, openedAt: 0 };
  const log = { ...silentLogger, error: (event: string) => void logged.push(event) };
  thread = await startJournalThread(data, log);
});
afterEach(async () => {
  await thread.close();
  rmSync(directory, { recursive: true });
});

const append = (subject: string) =>
  thread.call("append", {
    stream: "dna:eu-1",
    at: 1,
    drafts: JSON.stringify([{ kind: "dynflow.plan.gone", subject, occurredAt: 1, body: { from: "running" } }]),
  });

it("rejects every waiting call when the thread dies, and goes on with a new one", async () => {
  await append("a");
  const crash = thread.call("append", null as never);
  const beside = append("b");
  await expect(crash).rejects.toMatchObject({ code: "journal-unavailable" });
  await expect(beside).rejects.toMatchObject({ code: "journal-unavailable" });
  expect(logged).toContain("journal.thread.failed");
  await append("c");
  const runs = await thread.call("after", { stream: "dna:eu-1", seq: 0, limit: 10 });
  const events = runs.flatMap((run) => JSON.parse(`[${run}]`) as readonly { readonly subject: string }[]);
  expect(events.map(({ subject }) => subject)).toEqual(["a", "c"]);
});

it("answers calls in order: what was appended before a read is in it", async () => {
  const [, read] = await Promise.all([append("a"), thread.call("after", { stream: "dna:eu-1", seq: 0, limit: 10 })]);
  expect(read).toHaveLength(1);
});

it("ends callers' waiting when it is closed, and takes no more calls", async () => {
  await thread.close();
  await expect(append("a")).rejects.toMatchObject({ code: "journal-unavailable" });
});
