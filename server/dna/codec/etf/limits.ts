import { OpsError } from "#server/kernel/errors.ts";

/** What one answer may cost us, whoever wrote it. */
export interface EtfLimits {
  /** Terms inside terms. */
  readonly depthMax: number;
  /** Terms of one decode, each byte of a string among them. */
  readonly termsMax: number;
  readonly bignumBytesMax: number;
  /** Size of a compressed term when inflated, by its own account; checked before anything is inflated. */
  readonly inflatedBytesMax: number;
}

export const ETF_LIMITS: EtfLimits = {
  depthMax: 512,
  termsMax: 4_000_000,
  bignumBytesMax: 8_192,
  inflatedBytesMax: 64 * 1024 ** 2,
};

/** Not the format. `offset` counts from the first byte given. */
export const malformed = (offset: number, what: string): OpsError =>
  new OpsError("upstream-malformed", `external term, byte ${offset}: ${what}`, { details: { offset } });

export const overLimit = (offset: number, what: string): OpsError =>
  new OpsError("limit-exceeded", `external term, byte ${offset}: ${what}`, { details: { offset } });
