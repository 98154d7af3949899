"use client";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useAttention } from "#components/shell/attention-context.tsx";
import { ActDialog } from "#components/ui/act-dialog.tsx";
import { Button } from "#components/ui/button.tsx";
import { useNow } from "#components/ui/live.ts";
import { useRefusal } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty } from "#components/ui/widget.tsx";
import type { SilenceFold } from "#server/contract/fold/silences.ts";
import { sourceOf } from "#server/contract/view/need.ts";
import { toIso } from "#server/kernel/clock.ts";

interface Line extends SilenceFold {
  readonly id: string;
  /** In words: of one finding its title, as long as it is there. */
  readonly what: string;
}

/** What is silenced now, the one that ends first first; those that have run out are in the journal. */
export function SilencesTable({ silences }: { readonly silences: Readonly<Record<string, SilenceFold>> }) {
  const now = useNow();
  const [ended, setEnded] = useState<Line | null>(null);
  const refusal = useRefusal("alerts:silence");
  const titles = new Map((useAttention() ?? []).map(({ id, title }) => [id, title]));
  const lines = Object.entries(silences)
    .map(([id, silence]): Line => ({ id, what: whatWords(silence, titles), ...silence }))
    .filter(({ until }) => now !== null && until > now)
    .sort((a, b) => a.until - b.until);
  if (lines.length === 0) return <Empty title="Nothing is silenced." />;
  return (
    <>
      <table aria-label="Silences">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Where</th>
            <th scope="col">Until</th>
            <th scope="col" className="p2">
              By
            </th>
            <th scope="col" className="w100 p3">
              Why
            </th>
            <th scope="col">
              <span className="vh">End</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.id}>
              <td>
                <bdi>{line.what}</bdi>
              </td>
              <td>{line.stream === null ? "every source" : <bdi>{sourceOf(line.stream)}</bdi>}</td>
              <td>
                <Instant at={line.until} />
              </td>
              <td className="p2">
                <bdi>{line.by?.user ?? "–"}</bdi>
              </td>
              <td className="w100 trunc t2 p3">
                <bdi>{line.by?.reason ?? "–"}</bdi>
              </td>
              <td className="num">
                <Button small refusal={refusal} onPress={() => setEnded(line)}>
                  End…
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {ended !== null && <EndDialog line={ended} onClose={() => setEnded(null)} />}
    </>
  );
}

function whatWords({ kind, finding }: SilenceFold, titles: ReadonlyMap<string, string>): string {
  if (finding !== null) return titles.get(finding) ?? finding;
  return kind?.replaceAll("_", " ") ?? "everything";
}

function EndDialog({ line, onClose }: { readonly line: Line; readonly onClose: () => void }) {
  const end = useMutation(useTRPC().alerts.unsilence.mutationOptions());
  return (
    <ActDialog
      title="End the silence"
      verb="Tell it again"
      refusal={useRefusal("alerts:silence")}
      onAct={({ reason, requestId }) =>
        end.mutateAsync({ silenceId: line.id, expectedUntil: toIso(line.until), reason, requestId })
      }
      onDone={onClose}
      onClose={onClose}
    >
      <div className="dbody">
        <p className="t2">
          <bdi>{line.what}</bdi> is told again from now on: what is there already, too.
        </p>
      </div>
    </ActDialog>
  );
}
