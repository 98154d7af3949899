import { OpsError } from "#server/kernel/errors.ts";
import { isUuid } from "./ids.ts";

/** How far a scan has come: all of the plans up to this one, or the rows of it up to this one. */
export interface ScanPlace {
  readonly plan: string;
  /** `null` = the plan is done with. */
  readonly child: number | null;
}

/** No plan has it. */
export const FIRST_ID = "00000000-0000-0000-0000-000000000000";

export const encodePlace = ({ plan, child }: ScanPlace): string => (child === null ? plan : `${plan}:${child}`);

/** @throws OpsError `invalid-input` */
export function decodePlace(text: string): ScanPlace {
  const [plan = "", child] = text.split(":");
  if (!isUuid(plan) || (child !== undefined && !/^[0-9]{1,10}$/.test(child)) || text.split(":").length > 2) {
    throw new OpsError("invalid-input", "No place of a search");
  }
  return { plan, child: child === undefined ? null : Number(child) };
}
