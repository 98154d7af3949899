"use client";
import { State } from "#components/ui/glyph.tsx";
import { useFold } from "#components/ui/live.ts";
import { Facts } from "#components/ui/section.tsx";
import { Instant } from "#components/ui/time.tsx";
import { Unknown } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";

interface LinkThenProps {
  readonly source: string;
  readonly incarnation: string;
}

/** How the console stood with the node at the instant that is shown: the one thing of its inside that is remembered. */
export function LinkThen({ source, incarnation }: LinkThenProps) {
  const link = useFold(({ folds }) => {
    const fold = folds[dnaStream(source)];
    if (fold?.family !== "dna") return undefined;
    const name = fold.nodes[incarnation]?.node;
    return name === undefined ? undefined : fold.beam[name];
  });
  const answered =
    link?.identity == null ? "nobody" : link.identity === incarnation ? "this incarnation" : "another incarnation";
  return (
    <Facts
      wide
      facts={[
        {
          name: "link then",
          value:
            link === undefined ? (
              <Unknown>not known then</Unknown>
            ) : (
              <>
                <State system="beam" word={link.state} />{" "}
                {link.reason !== null && <span className="t2">{link.reason}</span>}
              </>
            ),
          source:
            link === undefined ? (
              "journal"
            ) : (
              <>
                since <Instant at={link.since} />
              </>
            ),
          wrap: true,
        },
        {
          name: "answered as",
          value: link === undefined ? <Unknown>not known then</Unknown> : answered,
          source: "journal",
        },
      ]}
    />
  );
}
