/** What operators did, before anything, and the phases of an action; apart from the reducers, which pages do not need. */
import type { OperatorFold } from "./operator.ts";

export const OPERATION_PHASES = [
  "requested",
  "executed",
  "failed",
  "denied",
  "unknown",
  "verified",
  "unverified",
] as const;

export const EMPTY_OPERATOR: OperatorFold = {
  family: "operator",
  operations: [],
  jobs: {},
  acknowledgements: {},
  readOnly: null,
  approvals: {},
  drains: {},
  silences: {},
};
