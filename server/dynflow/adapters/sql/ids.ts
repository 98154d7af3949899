import { OpsError } from "#server/kernel/errors.ts";

/** Plan and world ids are UUIDs. PostgreSQL fails a whole statement over one that is none, so none gets there. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

/** Those of the ids that can exist at all, each once. @throws OpsError `limit-exceeded` beyond `max` */
export function knownIds(ids: readonly string[], max: number): readonly string[] {
  if (ids.length > max) throw new OpsError("limit-exceeded", `At most ${max} ids at once, not ${ids.length}`);
  return [...new Set(ids.filter(isUuid))];
}
