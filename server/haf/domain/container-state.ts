/** What a container's own words say of the role it plays. Pure. Source of facts: Docker Engine API, `ContainerState`. */
import type { HafRoleState } from "#server/contract/haf.ts";

export interface ContainerStatus {
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead`. */
  readonly status: string;
  /** `none`, `starting`, `healthy`, `unhealthy`; `null` = it has no health check. */
  readonly health: string | null;
  readonly exitCode: number | null;
}

/** A word of tomorrow's engine is `sick`: it wants a look, and is not taken for well. */
export function stateOfContainer({ status, health, exitCode }: ContainerStatus): HafRoleState {
  switch (status) {
    case "created":
      return "planned";
    case "running":
      if (health === "starting") return "starting";
      return health === "unhealthy" ? "sick" : "alive";
    case "exited":
      return exitCode === 0 ? "done" : "failed";
    case "dead":
      return "failed";
    case "removing":
      return "destroyed";
    default:
      return "sick";
  }
}

/** Services that a container waited for, from compose's label: `service:condition:restart` with commas between. */
export const dependenciesOf = (label: string): readonly string[] =>
  label.split(",").flatMap((part) => part.split(":", 1)[0]?.trim() || []);
