import type { PidTerm } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";

const REF = /^<0\.(\d{1,10})\.(\d{1,10})>@(\d{1,10})$/;
const UINT32_MAX = 2 ** 32 - 1;

/** A process as text that names it in one life of its VM only: `<0.312.0>@1795372011`, with the VM's creation. */
export const toProcessRef = ({ id, serial, creation }: PidTerm): string => `<0.${id}.${serial}>@${creation}`;

/** @throws OpsError `invalid-input` for any other text */
export function parseProcessRef(node: string, ref: string): PidTerm {
  const [id, serial, creation] = (REF.exec(ref) ?? []).slice(1).map(Number);
  const numbers = [id, serial, creation];
  if (
    id === undefined ||
    serial === undefined ||
    creation === undefined ||
    numbers.some((n) => (n ?? 0) > UINT32_MAX)
  ) {
    throw new OpsError("invalid-input", "That names no process");
  }
  return { type: "pid", node, id, serial, creation };
}

/** Whether it is the same process. The node's name is not compared: both came from one node. */
export const sameProcess = (a: PidTerm, b: PidTerm): boolean =>
  a.id === b.id && a.serial === b.serial && a.creation === b.creation;
