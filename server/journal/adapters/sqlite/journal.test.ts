import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { journalContract } from "#server/journal/journal.contract.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openSqliteJournal } from "./journal.ts";

const contractOn = (name: string, segmentEvents?: number) =>
  journalContract(name, async () => {
    const directory = mkdtempSync(join(tmpdir(), "journal-"));
    return {
      async open(clock) {
        const journal = await openSqliteJournal({
          directory,
          key: { from: "secret", secret: "a secret of at least thirty-two characters" },
          clock,
          log: silentLogger,
          ...(segmentEvents === undefined ? {} : { segmentEvents }),
        });
        return { journal, state: journal.state };
      },
      remove: async () => rmSync(directory, { recursive: true }),
    };
  });

contractOn("SQLite");
contractOn("SQLite with a segment for every third event", 3);
