"use client";
import { Button } from "#components/ui/button.tsx";
import { State } from "#components/ui/glyph.tsx";
import { CountCell } from "#components/ui/table.tsx";
import { Since } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { shownText } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export type Reader = Outputs["admin"]["readers"]["list"]["readers"][number];

interface PartsTableProps {
  readonly readers: readonly Reader[];
  /** Name of the one that is meant by the address. */
  readonly selected: string | null;
  /** Why nothing can be restarted by whoever looks; `null` = it can. */
  readonly refusal: string | null;
  readonly onRestart: (reader: Reader) => void;
}

const ORDER: readonly Reader["state"][] = ["parked", "restarting", "running", "stopped"];
const rank = ({ state }: Reader): number => ORDER.indexOf(state);

/** Every part that acts on its own, those that need somebody first. */
export function PartsTable({ readers, selected, refusal, onRestart }: PartsTableProps) {
  const lines = readers.toSorted((a, b) => rank(a) - rank(b));
  return (
    <div className="tscroll">
      <table aria-label="Parts that act on their own">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col" className="w100">
              Part
            </th>
            <th scope="col" className="num">
              for
            </th>
            <th scope="col" className="num p2">
              failures
            </th>
            <th scope="col" className="num p3">
              restarts
            </th>
            <th scope="col" className="p2">
              Last error
            </th>
            <th scope="col">
              <span className="vh">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((reader) => (
            <tr key={reader.name} className={reader.name === selected ? "sel" : ""}>
              <td className="nowrap">
                <State system="reader" word={reader.state} quiet={reader.state === "running"} />
              </td>
              <th scope="row" className="part-name">
                {reader.title}
                <span className="mono t3 small">{reader.name}</span>
              </th>
              <td className="num nowrap">
                <Since at={Date.parse(reader.since) as EpochMs} />
              </td>
              <CountCell className="p2" value={reader.failures} />
              <CountCell className="p3" value={reader.restarts} />
              <td className="p2 t2 last-error">
                {reader.reason === null ? "–" : <bdi>{shownText(reader.reason)}</bdi>}
              </td>
              <td>
                {reader.state === "parked" && (
                  <Button small onPress={() => onRestart(reader)} refusal={refusal}>
                    Restart…<span className="vh"> {reader.title}</span>
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
