"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import type { PayloadToken } from "#server/contract/view/payload-token.ts";
import { resolved } from "#server/contract/view/payload-tree.ts";
import { Tool } from "./payload-tool.tsx";
import { PayloadTree } from "./payload-tree.tsx";

interface ResolvedProps {
  readonly token: Extract<PayloadToken, { kind: "reference" }>;
  readonly source: string;
  readonly planId: string;
}

/** What a reference points to, read when somebody asks. */
export function Resolved({ token, source, planId }: ResolvedProps) {
  const [asked, setAsked] = useState(false);
  if (token.stepId === null) return null;
  if (!asked)
    return (
      <p className="small pl-ref">
        <Tool onPress={() => setAsked(true)}>Show what {token.text} is now</Tool>
      </p>
    );
  return <Value token={token} stepId={token.stepId} source={source} planId={token.planId ?? planId} />;
}

function Value({ token, stepId, source, planId }: ResolvedProps & { readonly stepId: number }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.dynflow.plans.action.queryOptions({ source, planId, stepId }));
  return (
    <div className="pl-ref">
      <QueryWidget query={query} what={token.text} rows={2} columns={1}>
        {({ output }) => {
          if (isMasked(output)) return <p className="small t3">Hidden from viewers.</p>;
          if ("unreadable" in output)
            return <p className="small t2 wrap">The output cannot be decoded: {output.unreadable}</p>;
          const value = resolved(output.value, token.subkeys);
          return value === undefined ? (
            <p className="small t2 wrap">Step {stepId} has no such output yet.</p>
          ) : (
            <PayloadTree value={value} label={token.text} source={source} planId={planId} />
          );
        }}
      </QueryWidget>
    </div>
  );
}
