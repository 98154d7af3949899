"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { formatBytes } from "#components/ui/format.ts";
import { useRefusal } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";
import { isMasked } from "#server/contract/event.ts";
import { HexView } from "./hex-view.tsx";
import { Reveal } from "./reveal.tsx";
import { useReveal } from "./use-reveal.ts";

/** Bytes of one page, as the server gives them. */
const PAGE_BYTES = 4_096;

interface CellProps {
  readonly source: string;
  readonly planId: string;
  readonly row: "plan" | "step" | "action" | "delayed";
  /** Of the step or action. */
  readonly id: number | null;
  readonly column: string;
}

/** The bytes of one serialized cell, page by page, and the way to have them whole. */
export function HexOfCell({ source, planId, row, id, column }: CellProps) {
  const trpc = useTRPC();
  const [offset, setOffset] = useState(0);
  const reveal = useReveal();
  const refusal = useRefusal("payloads:reveal");
  const raw = useQuery(trpc.dynflow.plans.raw.queryOptions({ source, planId, row, id }));
  // A row that keeps its whole record in one column has the bytes there.
  const held = raw.data?.rule === "data" ? "data" : column;
  const query = useQuery(
    trpc.dynflow.plans.rawBytes.queryOptions(
      { source, planId, row, id, column: held, offset },
      { enabled: raw.data !== undefined },
    ),
  );
  return (
    <div className="hex-box">
      <QueryWidget query={query} what={`the bytes of ${held}`} rows={4} columns={1}>
        {({ bytes, total, withheld }) => (
          <>
            {isMasked(bytes) ? (
              <p className="small t3">The bytes are hidden from viewers.</p>
            ) : bytes === null ? (
              <p className="small t2 wrap">The bytes are not shown: {withheld}.</p>
            ) : (
              <HexView bytes={bytes} offset={offset} label={`Bytes of ${held} from ${offset} on`} />
            )}
            <div className="row small">
              {!isMasked(bytes) && bytes !== null && total > PAGE_BYTES && (
                <>
                  <span className="t3">
                    {formatBytes(offset)} to {formatBytes(Math.min(total, offset + PAGE_BYTES))} of {formatBytes(total)}
                  </span>
                  <Button
                    small
                    onPress={() => setOffset(Math.max(0, offset - PAGE_BYTES))}
                    refusal={offset === 0 ? "These are the first." : null}
                  >
                    Back
                  </Button>
                  <Button
                    small
                    onPress={() => setOffset(offset + PAGE_BYTES)}
                    refusal={offset + PAGE_BYTES >= total ? "These are the last." : null}
                  >
                    On
                  </Button>
                </>
              )}
              <Button
                small
                refusal={refusal}
                onPress={() => reveal.ask({ part: { kind: "bytes", row, id, column: held }, name: `${row}.${held}` })}
              >
                Download bytes…
              </Button>
            </div>
          </>
        )}
      </QueryWidget>
      <Reveal reveal={reveal} source={source} planId={planId} />
    </div>
  );
}
