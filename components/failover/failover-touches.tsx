"use client";
import { Button } from "#components/ui/button.tsx";
import { formatDurationMs } from "#components/ui/format.ts";
import { Name } from "#components/ui/ident.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Count } from "#components/ui/table.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, Failure } from "#components/ui/widget.tsx";
import type { FailoverPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { CensusProgress } from "./census-progress.tsx";
import { type Census, isOpen } from "./use-census.ts";

interface FailoverTouchesProps {
  readonly preview: FailoverPreviewOutput;
  readonly census: Census;
  /** What becomes of them, below. */
  readonly children: React.ReactNode;
}

/** What will be touched: keys by type as last counted, with the age of the count; rounds and time from them. */
export function FailoverTouches({ preview, census, children }: FailoverTouchesProps) {
  const { node, keysPerRound, roundsPerSecond, rounds, estimateMs } = preview;
  const { owned } = node;
  const running = census.walk !== null && isOpen(census.walk);
  const refusal = useRefusal("dna:census", running ? "A walk is under way." : census.busy ? "Asked already." : null);
  const roundsOf = (keys: number) => Math.ceil(keys / keysPerRound);
  return (
    <section>
      <h3>What it will touch</h3>
      {owned === null ? (
        <Empty title="Its keys have not been counted.">
          Nobody can say what would be touched. Count them first: a walk over the register, reads only.
        </Empty>
      ) : (
        <>
          <table>
            <thead>
              <tr>
                <th scope="col">Type</th>
                <th scope="col" className="num">
                  keys owned
                </th>
                <th scope="col" className="num p2">
                  rounds
                </th>
                <th scope="col" className="num">
                  at {roundsPerSecond}/s
                </th>
              </tr>
            </thead>
            <tbody>
              {[...owned.types]
                .sort((a, b) => b.keys - a.keys)
                .map(({ namespace, moduleId, keys }) => (
                  <tr key={`${namespace}/${moduleId}`}>
                    <td className="w100 trunc">
                      <Name text={namespace} /> / {moduleId}
                    </td>
                    <td className="num">
                      <Count of={keys} />
                    </td>
                    <td className="num p2">
                      <Count of={roundsOf(keys)} />
                    </td>
                    <td className="num">{formatDurationMs((roundsOf(keys) / roundsPerSecond) * 1_000)}</td>
                  </tr>
                ))}
            </tbody>
            <tfoot>
              <tr>
                <td>one type after the other</td>
                <td className="num">
                  <b>
                    <Count of={owned.keys} />
                  </b>
                </td>
                <td className="num p2">{rounds === null ? "–" : <Count of={rounds} />}</td>
                <td className="num">
                  <b>{estimateMs === null ? "–" : formatDurationMs(estimateMs)}</b>
                </td>
              </tr>
            </tfoot>
          </table>
          <p className="small t3 n">
            Counted <Age at={Date.parse(owned.asOf) as EpochMs} suffix="ago" />; the job walks the rows anew and takes
            what is there. Time is an estimate. Storage is not touched: only rows of the register are.
          </p>
        </>
      )}
      {census.walk !== null && <CensusProgress walk={census.walk} onCancel={census.cancel} />}
      {census.error != null && <Failure title="Not counted" error={census.error} />}
      <p>
        <Button small onPress={census.start} refusal={refusal}>
          {owned === null ? "Count its keys" : "Count again"}
        </Button>
      </p>
      {children}
    </section>
  );
}
