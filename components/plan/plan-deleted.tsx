"use client";
import { useRef } from "react";
import { faultOf } from "#components/ui/fault.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Instant } from "#components/ui/time.tsx";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

interface PlanQuery {
  readonly data: unknown;
  readonly error: unknown;
  readonly errorUpdatedAt: number;
}

/** Whether the plan's row is not there (any more). */
export const isGone = (error: unknown): boolean => error !== null && faultOf(error).code === "NOT_FOUND";

/** When a plan that is on screen was first found to be gone; `null` = it is there, or it never was. */
export function useDeletedAt({ data, error, errorUpdatedAt }: PlanQuery): EpochMs | null {
  const first = useRef<EpochMs | null>(null);
  if (data === undefined || !isGone(error)) first.current = null;
  else first.current ??= epochMs(errorUpdatedAt);
  return first.current;
}

interface PlanDeletedProps {
  readonly source: string;
  /** When it was read last. */
  readonly asOf: EpochMs | null;
  /** `null` = it is there. */
  readonly at: EpochMs | null;
  readonly children: React.ReactNode;
}

/** What was read last of a plan whose row has been deleted meanwhile, under what has become of it. */
export function PlanDeleted({ source, asOf, at, children }: PlanDeletedProps) {
  if (at === null) return children;
  return (
    <div className="stale">
      <p className="st t-attention wrap small" role="status">
        <Glyph tone="attention" />
        <span>
          Deleted at <Instant at={at} />, or since <Instant at={asOf} /> when it was read last: <bdi>{source}</bdi> has
          no such plan any more. Below is what it was; nothing can be done with it.
        </span>
      </p>
      {children}
    </div>
  );
}
