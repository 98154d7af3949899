/** What the coordinator record of a world says of it. Whether its process lives is another question. */
export const WORLD_STATES = ["absent", "active", "inactive"] as const;
export type WorldState = (typeof WORLD_STATES)[number];

/**
 * The life of a world's record. `inactive` exists for executors only: set when termination starts and during an
 * invalidation. An update of a record that was deleted in between inserts it again, hence `absent` to both.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/coordinator.rb `register_world`, `deactivate_world`, `delete_world`;
 * lib/dynflow/persistence_adapters/sequel.rb `update_coordinator_record` (which saves, and so may insert).
 */
export const WORLD_TRANSITIONS: Readonly<Record<WorldState, readonly WorldState[]>> = Object.freeze({
  absent: Object.freeze<WorldState[]>(["active", "inactive"]),
  active: Object.freeze<WorldState[]>(["inactive", "absent"]),
  inactive: Object.freeze<WorldState[]>(["active", "absent"]),
});

export const isWorldTransition = (from: WorldState, to: WorldState): boolean => WORLD_TRANSITIONS[from].includes(to);
