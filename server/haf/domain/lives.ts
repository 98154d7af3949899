/** Lives of roles: one container instance each, known or inferred, and how one changes. Pure. */
import type { HafRole, HafRoleRef, HafRoleState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface Life extends HafRoleRef {
  readonly state: HafRoleState;
  readonly inferred: boolean;
  readonly since: EpochMs;
  readonly exitCode: number | null;
  readonly container: { readonly name: string; readonly image: string; readonly host: string | null } | null;
}

/** One step of one life. */
export interface LifeChange extends HafRoleRef {
  readonly from: HafRoleState | null;
  readonly to: HafRoleState;
  readonly inferred: boolean;
  readonly cause: HafRoleRef | null;
  readonly exitCode: number | null;
  readonly evidence: string;
  readonly container: Life["container"];
  /** By the source's clock. */
  readonly at: EpochMs;
}

export const isOver = (state: HafRoleState): boolean => state === "done" || state === "failed" || state === "destroyed";

/** The latest life of a role; `null` = there was none. */
export function latestLife(lives: readonly Life[], role: HafRole, app: string | null): Life | null {
  let latest: Life | null = null;
  for (const life of lives) {
    if (life.role !== role || life.app !== app) continue;
    if (latest === null || life.generation > latest.generation) latest = life;
  }
  return latest;
}

export const refOf = ({ role, app, generation }: HafRoleRef): HafRoleRef => ({ role, app, generation });
