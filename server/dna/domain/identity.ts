import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { parseInt64 } from "#server/kernel/json.ts";

/**
 * One life of the DNA cluster worker on a node. The node name is an address only: many incarnations share it over
 * time, so nothing is ever keyed by it.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex (`created_at` = system time in ms, `id` = random int64).
 */
export interface Incarnation {
  readonly createdAt: EpochMs;
  readonly id: bigint;
}

/** An incarnation as text, `"<created_at ms>:<id>"`: the form on the wire, in the journal and in URLs. */
export type IncarnationId = string;

export const toIncarnationId = (incarnation: Incarnation): IncarnationId =>
  `${incarnation.createdAt}:${incarnation.id}`;

/** Parses the text form; `null` when it is not one. */
export function parseIncarnationId(text: IncarnationId): Incarnation | null {
  const [created, id, ...rest] = text.split(":");
  if (created === undefined || id === undefined || rest.length > 0) return null;
  const createdAt = parseInt64(created);
  const idValue = parseInt64(id);
  if (createdAt === null || idValue === null) return null;
  if (createdAt > 8_640_000_000_000_000n || createdAt < -8_640_000_000_000_000n) return null;
  return { createdAt: epochMs(Number(createdAt)), id: idValue };
}

export const sameIncarnation = (a: Incarnation, b: Incarnation): boolean =>
  a.createdAt === b.createdAt && a.id === b.id;

/** All keys of one actor type are one partition of the `actors` table. */
export interface ActorType {
  readonly namespace: string;
  readonly moduleId: number;
}

export interface ActorKey extends ActorType {
  readonly name: string;
}

/** The type as text for records and URLs; unambiguous because the number comes first. */
export const toActorTypeId = (type: ActorType): string => `${type.moduleId}/${type.namespace}`;
