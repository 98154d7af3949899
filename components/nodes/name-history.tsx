"use client";
import { nodeWord } from "#components/topology/estate-view.ts";
import { State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { useNow } from "#components/ui/live.ts";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Instant, Since } from "#components/ui/time.tsx";
import type { NodeFold } from "#server/contract/fold/dna.ts";
import { lookOf } from "#server/kernel/states.ts";
import { livesOfName } from "./name-lives.ts";

const LINE_WIDTH = 168;

interface NameHistoryProps {
  readonly source: string;
  readonly incarnation: string;
  readonly node: NodeFold;
  readonly nodes: Readonly<Record<string, NodeFold>>;
}

/** Everybody who has borne this name: who came before, who came after, and who both beat. */
export function NameHistory({ source, incarnation, node, nodes }: NameHistoryProps) {
  const now = useNow();
  const lives = livesOfName(nodes, node, now ?? node.since);
  const from = Math.min(...lives.map(({ from: at }) => at));
  const span = Math.max(1, (now ?? node.since) - from);
  const own = lives.findIndex(({ id }) => id === incarnation);
  return (
    <Section
      title="Under this name"
      note={lives.length === 1 ? "nobody else, as far as is known" : `${lives.length} incarnations, newest first`}
    >
      <div className="tscroll">
        <table className="twin pad" aria-label="Incarnations of this name">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Incarnation</th>
              <th scope="col">To this one</th>
              <th scope="col" className="p2">
                Life
              </th>
              <th scope="col" className="num p2">
                Created
              </th>
              <th scope="col" className="num">
                in state
              </th>
            </tr>
          </thead>
          <tbody>
            {lives.map(({ id, node: other, from: start, to }, index) => {
              const word = nodeWord(other);
              const { tone } = lookOf("node", word);
              const x = ((start - from) / span) * LINE_WIDTH;
              const end = ((to - from) / span) * LINE_WIDTH;
              return (
                <tr key={id} className={id === incarnation ? "sel" : ""} aria-current={id === incarnation || undefined}>
                  <td>
                    <State system="node" word={word} />
                  </td>
                  <td>
                    {id === incarnation ? (
                      <Id id={id} form="incarnation" />
                    ) : (
                      <Link className="plain" href={routes.node(source, id)}>
                        <Id id={id} form="incarnation" />
                      </Link>
                    )}
                  </td>
                  <td className="t2">{index === own ? "this one" : index > own ? "predecessor" : "successor"}</td>
                  <td className="p2">
                    <svg className={`life t-${tone}`} width={LINE_WIDTH + 8} height="12" aria-hidden="true">
                      <path className="all" d={`M2 6H${LINE_WIDTH + 4}`} />
                      <path className="lived" d={`M${x + 2} 6H${Math.max(x + 4, end + 2)}`} />
                      <circle cx={x + 2} cy="6" r="2.5" />
                    </svg>
                  </td>
                  <td className="num p2">
                    <Instant at={other.createdAt} />
                  </td>
                  <td className="num">
                    <Since at={other.since} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Section>
  );
}
