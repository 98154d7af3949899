/** More than agents of one gateway; beyond it the one that was heard longest ago begins anew. */
const AGENTS_MAX = 20_000;

interface Boot {
  readonly id: string;
  taken: number;
  tail: Promise<unknown>;
}

/**
 * Numbers for agents that send none: from 1 for each time that they are there. A boot of theirs is one that the gateway
 * knows of: it begins with the gateway, or after a bye.
 */
export interface PoaBoots {
  of(agentId: string): string;
  /**
   * Runs with the next number, one after the other; a number of which it is certain that it was not taken is given
   * again. Of any other nobody knows: what came next under it could be taken for the same.
   */
  inTurn<T extends { readonly kind: string }>(agentId: string, take: (seq: number) => Promise<T>): Promise<T>;
  leave(agentId: string): void;
}

/** @param startedAt of the gateway */
export function createPoaBoots(startedAt: number): PoaBoots {
  const boots = new Map<string, Boot>();
  let turns = 0;

  function bootOf(agentId: string): Boot {
    const known = boots.get(agentId);
    if (known !== undefined) {
      // The order of the map is that of the last call.
      boots.delete(agentId);
      boots.set(agentId, known);
      return known;
    }
    const [oldest] = boots.keys();
    if (boots.size >= AGENTS_MAX && oldest !== undefined) boots.delete(oldest);
    turns += 1;
    const made: Boot = { id: `poa-${startedAt.toString(36)}-${turns}`, taken: 0, tail: Promise.resolve() };
    boots.set(agentId, made);
    return made;
  }

  return {
    of: (agentId) => bootOf(agentId).id,
    inTurn(agentId, take) {
      const boot = bootOf(agentId);
      const result = boot.tail.then(async () => {
        boot.taken += 1;
        const answer = await take(boot.taken);
        if (answer.kind === "full") boot.taken -= 1;
        return answer;
      });
      boot.tail = result.then(
        () => undefined,
        () => undefined, // told to who asked
      );
      return result;
    },
    leave: (agentId) => void boots.delete(agentId),
  };
}
