import type { ActorLive } from "#server/contract/wire/dna-actors.ts";

type Phase = Extract<ActorLive, { kind: "running" }>["phase"];

/** The state of a running instance in the words of its life cycle. */
export function phaseWord(phase: Phase): string {
  switch (phase) {
    case "initialising":
      return "starting";
    case "idle":
      return "idle";
    case "pending_storage":
      return "pending";
    case "busy":
      return "handling";
    case "not-read":
      return "running";
    default:
      return phase satisfies never;
  }
}
