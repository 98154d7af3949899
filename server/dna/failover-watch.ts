/** What a failover asks about the nodes while it works. */
import type { IncarnationId } from "./domain/identity.ts";
import type { DeathCertainty } from "./domain/releasable.ts";

/** A target has to be alive for this long, without a break, before a key is given to it. */
export const TARGET_ALIVE_MS = 30_000;

export interface IncarnationCheck {
  readonly releasable: boolean;
  /** It beats again: the job is over. */
  readonly beats: boolean;
  /** `proven` needs no waiting of its own. */
  readonly certainty: DeathCertainty;
  /** Why it is not releasable now, in one sentence; `null` when it is. */
  readonly waitingFor: string | null;
}

/** Whether keys may be given to a node now. */
export interface TargetCheck {
  readonly eligible: boolean;
  /** Why not, without its name: `it is late`; `null` when they may. */
  readonly reason: string | null;
  /** For how long it has been alive without a break, in ms; `null` = it is not alive. */
  readonly aliveMs: number | null;
}

/** Judgements over what the reader of the source has read. */
export interface IncarnationWatch {
  /** Reads now, and judges. Throws `OpsError` when it could not be read: then nothing is judged and nothing is sent. */
  check(incarnationId: IncarnationId): Promise<IncarnationCheck>;
  /** Judges anew what was read last, at this very moment; nothing is read. */
  judge(incarnationId: IncarnationId): IncarnationCheck;
  /** Judges a node that keys of `dead` are to be given to, likewise. */
  target(incarnationId: IncarnationId, dead: IncarnationId): TargetCheck;
}
