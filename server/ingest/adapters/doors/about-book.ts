import type { AgentAbout } from "#server/contract/agents.ts";

/** More than agents of one gateway; beyond it the oldest is forgotten, and its agent shows without words of its own. */
const ENTRIES_MAX = 20_000;

/** What agents said of themselves when they opened a session, until their first call tells their boot. */
export interface AboutBook {
  keep(tokenId: string, about: AgentAbout): void;
  /** Given once. */
  take(tokenId: string): AgentAbout | null;
}

export function createAboutBook(): AboutBook {
  const entries = new Map<string, AgentAbout>();
  return {
    keep(tokenId, about) {
      const [oldest] = entries.keys();
      if (entries.size >= ENTRIES_MAX && oldest !== undefined) entries.delete(oldest);
      entries.set(tokenId, about);
    },
    take(tokenId) {
      const found = entries.get(tokenId) ?? null;
      entries.delete(tokenId);
      return found;
    },
  };
}
