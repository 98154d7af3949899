import { journalContract } from "#server/journal/journal.contract.ts";
import { retentionContract } from "#server/journal/retention.contract.ts";
import { createMemoryJournal, emptyMemory } from "./journal.ts";

journalContract("memory", async () => {
  const content = emptyMemory();
  return {
    async open(clock) {
      const journal = createMemoryJournal(clock, content);
      return { journal, state: journal.state };
    },
    async remove() {},
  };
});

retentionContract("memory", async () => {
  const content = emptyMemory();
  return { open: async (clock) => createMemoryJournal(clock, content), async remove() {} };
});
