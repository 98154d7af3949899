import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalContract } from "#server/journal/journal.contract.ts";
import { retentionContract } from "#server/journal/retention.contract.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { ManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal } from "./journal.ts";

function place(segmentEvents?: number) {
  const directory = mkdtempSync(join(tmpdir(), "journal-"));
  const open = (clock: ManualClock) =>
    openSqliteJournal({
      directory,
      key: { from: "secret", secret: "a secret of at least thirty-two characters" },
      clock,
      log: silentLogger,
      ...(segmentEvents === undefined ? {} : { segmentEvents }),
    });
  return { open, remove: async () => rmSync(directory, { recursive: true }) };
}

function contractsOn(name: string, segmentEvents?: number): void {
  journalContract(name, async () => {
    const { open, remove } = place(segmentEvents);
    return {
      async open(clock) {
        const journal = await open(clock);
        return { journal, state: journal.state };
      },
      remove,
    };
  });
  retentionContract(name, async () => place(segmentEvents));
}

contractsOn("SQLite");
contractsOn("SQLite with a segment for every third event", 3);
