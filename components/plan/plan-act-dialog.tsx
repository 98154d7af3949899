"use client";
import type { UseQueryResult } from "@tanstack/react-query";
import { ActDialog, type Intent } from "#components/ui/act-dialog.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import type { Permission } from "#server/trpc/app-router.ts";
import { ActSub, ActTitle, sentence } from "./act-title.tsx";
import type { PlanOutput } from "./types.ts";

/** What every dialog of an action on a plan is given. */
export interface PlanActDialogOwn {
  readonly source: string;
  readonly plan: PlanOutput;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** What every preview of an action on a plan tells. */
interface PlanActPreview {
  /** State of the plan, as the operator sees it. */
  readonly state: string;
  /** Why the server would refuse it now; none = it would not. */
  readonly refusals: readonly string[];
}

interface PlanActDialogProps<P extends PlanActPreview> extends PlanActDialogOwn {
  /** Begins the title, before the name of the plan: `Halt`. */
  readonly does: string;
  /** On the button, with object and count. */
  readonly verb: string;
  readonly typed?: string | null;
  readonly permission: Permission;
  readonly preview: UseQueryResult<P, unknown>;
  /** Heading above the preview, what is read for it, and its size while it is read. */
  readonly heading?: string;
  readonly what: string;
  readonly rows?: number;
  readonly columns?: number;
  /** Why not, while the preview is read. */
  readonly reading?: string;
  /** What is missing whatever the preview says; `null` = nothing. */
  readonly missing?: string | null;
  /** What is missing by the preview, which itself refuses nothing; `null` = nothing. */
  readonly whyNot?: (seen: P) => string | null;
  /** Sends it along with what the operator saw. */
  readonly onAct: (intent: Intent, seen: P) => Promise<unknown>;
  /** Draws the preview. */
  readonly touched: (seen: P) => React.ReactNode;
  /** Above the preview. */
  readonly before?: React.ReactNode;
  /** Below the preview: choices, and what remains. */
  readonly children?: React.ReactNode;
}

/**
 * An action on one plan that the server previews: title, what it will touch, the reasons against it. It is sent only on
 * a preview that was seen, and the preview is read again when it was not done.
 */
export function PlanActDialog<P extends PlanActPreview>({
  source,
  plan,
  does,
  verb,
  typed = null,
  permission,
  preview,
  heading = "What it will touch",
  what,
  rows = 3,
  columns = 3,
  reading = "What it would touch is being read.",
  missing = null,
  whyNot,
  onAct,
  touched,
  before,
  children,
  onDone,
  onClose,
}: PlanActDialogProps<P>) {
  const seen = preview.data;
  const against =
    seen === undefined
      ? reading
      : seen.refusals.length > 0
        ? sentence(seen.refusals.join("; "))
        : (whyNot?.(seen) ?? null);
  const refusal = useRefusal(permission, missing ?? against);
  return (
    <ActDialog
      title={<ActTitle verb={does} plan={plan} />}
      sub={<ActSub source={source} plan={plan} />}
      verb={verb}
      typed={typed}
      refusal={refusal}
      onAct={async (intent) => {
        if (seen === undefined) throw new Error(reading);
        try {
          return await onAct(intent, seen);
        } catch (error) {
          void preview.refetch();
          throw error;
        }
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <div className="dbody stack-3">
        {before}
        <section>
          <h3>{heading}</h3>
          <QueryWidget query={preview} what={what} rows={rows} columns={columns}>
            {touched}
          </QueryWidget>
        </section>
        {children}
      </div>
    </ActDialog>
  );
}

interface ConsentProps {
  readonly given: boolean;
  readonly onGive: (given: boolean) => void;
  /** What is warned of, and allowed by the mark. */
  readonly children: React.ReactNode;
}

/** A mark to be set before something that may do harm goes along. */
export function Consent({ given, onGive, children }: ConsentProps) {
  return (
    <label className="row warn">
      <input type="checkbox" checked={given} onChange={(event) => onGive(event.target.checked)} />
      <span className="wrap">{children}</span>
    </label>
  );
}
