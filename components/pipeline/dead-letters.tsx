"use client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { isMasked, shownText } from "#server/contract/event.ts";
import type { DeadLettersOutput } from "#server/contract/wire/agents-data.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

const REFRESH_MS = 5_000;
const PAGE = 25;

/** What receivers would not take in the end, newest first, with the reason and the item itself. */
export function DeadLetters({ source }: { readonly source: string }) {
  const trpc = useTRPC();
  const [before, setBefore] = useState<string | null>(null);
  const query = useQuery(
    trpc.agents.deadLetters.queryOptions(
      { source, limit: PAGE, ...(before === null ? {} : { before }) },
      { refetchInterval: before === null ? REFRESH_MS : false, placeholderData: keepPreviousData },
    ),
  );
  return (
    <QueryWidget query={query} what="dead letters" columns={4}>
      {({ letters, next }) =>
        letters.length === 0 ? (
          <Empty title="None: every item was taken by its receivers." />
        ) : (
          <>
            <LetterRows letters={letters} />
            <div className="more">
              {before !== null && (
                <Button small onPress={() => setBefore(null)}>
                  Newest
                </Button>
              )}
              {next !== null && (
                <Button small onPress={() => setBefore(next)}>
                  Older
                </Button>
              )}
            </div>
          </>
        )
      }
    </QueryWidget>
  );
}

function LetterRows({ letters }: { readonly letters: DeadLettersOutput["letters"] }) {
  return (
    <table aria-label="Dead letters">
      <thead>
        <tr>
          <th scope="col">Receiver</th>
          <th scope="col">Agent</th>
          <th scope="col" className="p2">
            Item
          </th>
          <th scope="col" className="num">
            given up
          </th>
          <th scope="col" className="w100 p2">
            Why
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.map(({ id, receiver, agentId, type, kind, seq, buriedAt, reason, body }) => (
          <tr key={id}>
            <td>
              <bdi>{receiver}</bdi>
            </td>
            <td>
              <Link href={routes.agent(agentId)}>
                <bdi>{agentId}</bdi>
              </Link>
            </td>
            <td className="p2">
              <details>
                <summary>
                  <bdi>
                    {type} {kind}
                  </bdi>{" "}
                  <span className="t3">{seq}</span>
                </summary>
                <pre className="small">{isMasked(body) ? "hidden from viewers" : JSON.stringify(body, null, 2)}</pre>
              </details>
            </td>
            <td className="num">
              <Age at={Date.parse(buriedAt) as EpochMs} suffix="ago" />
            </td>
            <td className="w100 t2 p2">
              <bdi>{shownText(reason)}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
