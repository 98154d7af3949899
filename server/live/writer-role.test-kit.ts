import type { WriterRole, WriterState } from "#server/journal/ports.ts";

/** A role that a test switches, as a lease that is won and lost does. */
export function createSwitchedRole(initial: WriterState): WriterRole & { become(state: WriterState): void } {
  const listeners = new Set<(state: WriterState) => void>();
  let now = initial;
  return {
    state: () => now,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    become(state) {
      now = state;
      for (const listener of listeners) listener(state);
    },
  };
}

export const WRITER: WriterState = { role: "writer" };
export const followerOf = (holder: string | null): WriterState => ({ role: "follower", holder });
