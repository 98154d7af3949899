/** Words of what nodes tell of themselves. Pure. */
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";

/** What each ability is for, as people know it. */
const ABILITY_WORDS: Readonly<Record<string, string>> = {
  identity: "tell which incarnation it is",
  partitions: "count running instances",
  instances: "list running instances",
  "first-instances": "list the first instances cheaply",
  inspect: "tell mailbox and memory of instances",
  peers: "show its peer table",
  "owner-cache": "show its cache of owners",
  vitals: "tell the vitals of its VM",
  "stop-forced": "stop an instance by force",
  "stop-safe": "stop an instance without loss",
  top: "find the largest backlog on the node",
  "stop-vm": "shut its VM down",
};

/** An ability of a later version is told by its name. */
export const abilityWords = (ability: string): string => ABILITY_WORDS[ability] ?? ability;

/** The word of the state language for a link. */
export function linkWord(link: BeamNodeOutput["link"], identity: string | null): string {
  if (link === null) return "none";
  if (link.state !== "idle") return link.state;
  return identity === null ? "none" : "connected";
}

/** `1 234 of 262 144 (0 %)` where a limit is near, it matters. */
export const shareOf = (value: number, limit: number): number => (limit === 0 ? 0 : value / limit);

/** A share of a limit from which it draws attention. */
export const NEAR_LIMIT = 0.8;
