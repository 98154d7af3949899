/** Notes of a store that one process has for itself: they need not outlive it. */
import type { SharedNote, SharedNotes } from "#server/journal/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";

const NOTES_MAX = 10_000;

export function createMemoryNotes(): SharedNotes {
  const spaces = new Map<string, Map<string, SharedNote>>();
  const idOf = (owner: string, key: string) => JSON.stringify([owner, key]);

  function notesOf(space: string): Map<string, SharedNote> {
    const found = spaces.get(space) ?? new Map<string, SharedNote>();
    spaces.set(space, found);
    return found;
  }

  return {
    async put(space, owner, entries) {
      const notes = notesOf(space);
      for (const { key, value } of entries) {
        if (value === null) notes.delete(idOf(owner, key));
        else notes.set(idOf(owner, key), { owner, key, value });
      }
      if (notes.size > NOTES_MAX) throw new OpsError("limit-exceeded", `More than ${NOTES_MAX} notes in ${space}`);
    },
    list: async (space) => [...notesOf(space).values()],
    async drop(space, owner) {
      const notes = notesOf(space);
      for (const [id, note] of notes) if (note.owner === owner) notes.delete(id);
    },
  };
}
