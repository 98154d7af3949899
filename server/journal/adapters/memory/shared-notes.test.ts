import { sharedNotesContract } from "#server/journal/shared-notes.contract.ts";
import { createMemoryNotes } from "./shared-notes.ts";

sharedNotesContract("in memory", async () => {
  const notes = createMemoryNotes();
  return { one: notes, other: notes };
});
