import { journalContract } from "#server/journal/journal.contract.ts";
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
