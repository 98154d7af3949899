"use client";
import { parseInstant } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { QueryWidget } from "#components/ui/widget.tsx";

type NodeQuery = React.ComponentProps<typeof QueryWidget<Outputs["dna"]["nodes"]["get"]>>["query"];

/** Every condition under which its keys may be given away, with its present answer. */
export function NodeRelease({ query }: { readonly query: NodeQuery }) {
  const past = useIsPast();
  if (past)
    return (
      <Section title="May its keys be released">
        <OnlyNow>
          Whether keys may be released is judged anew before every statement, so it is told only of now.
        </OnlyNow>
      </Section>
    );
  return (
    <QueryWidget query={query} what="whether its keys may be released" rows={4}>
      {({ releasable: { releasable, certainty, reasons, residualRisk }, asOf }) => (
        <Section
          title={releasable ? `Its keys may be released: ${certainty} dead` : "Its keys may not be released"}
          note={
            <>
              judged <Age at={parseInstant(asOf)} suffix="ago" />
            </>
          }
        >
          <ol className="reasons node-reasons">
            {reasons.map(({ holds, text, detail }) => (
              <li key={text}>
                <Glyph tone={holds ? "good" : "idle"} label={holds ? "holds" : "does not hold"} />
                <div>
                  <b>{text}</b>
                  {detail !== null && <span>{detail}</span>}
                </div>
                <span className="small t3">{holds ? "holds" : "does not hold"}</span>
              </li>
            ))}
          </ol>
          {residualRisk !== "" && <p className="small t2 node-residual">What remains even then: {residualRisk}</p>}
        </Section>
      )}
    </QueryWidget>
  );
}
