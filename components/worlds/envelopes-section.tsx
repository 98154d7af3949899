"use client";
import { WorldName } from "#components/plan/world-name.tsx";
import { formatBytes, formatCount, plural, shortId } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { Id } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Link } from "#components/ui/link.tsx";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import { envelopeState } from "#server/contract/diagram/envelope-lifecycle.ts";
import { isMasked, shownText } from "#server/contract/event.ts";
import type { WorldFold } from "#server/contract/fold/dynflow.ts";
import type { EnvelopesOutput, EnvelopeView } from "#server/contract/wire/dynflow-worlds.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { useEnvelopes } from "./use-worlds.ts";

interface EnvelopesSectionProps {
  readonly source: string;
  readonly worlds: Readonly<Record<string, WorldFold>>;
  /** Several sources are shown: it has to say which. */
  readonly named: boolean;
}

/** What waits in inboxes, for whom, for how long, and whether anybody will take it. */
export function EnvelopesSection({ source, worlds, named }: EnvelopesSectionProps) {
  const past = useIsPast();
  const query = useEnvelopes(source, null);
  const total = query.data?.receivers.reduce((sum, { count }) => sum + count, 0);
  return (
    <Section
      className="sec-gap"
      title={named ? <>Envelopes of {source}</> : "Envelopes"}
      note="messages between worlds that nobody has taken yet"
      aside={total === undefined || past ? undefined : plural(total, "envelope")}
    >
      {past ? (
        <OnlyNow>What waited in inboxes: a row is gone as soon as it is taken.</OnlyNow>
      ) : (
        <QueryWidget query={query} what={`envelopes of ${source}`} rows={3} columns={5}>
          {(data) => <Waiting data={data} source={source} worlds={worlds} />}
        </QueryWidget>
      )}
    </Section>
  );
}

interface WaitingProps {
  readonly data: EnvelopesOutput;
  readonly source: string;
  readonly worlds: Readonly<Record<string, WorldFold>>;
}

function Waiting({ data, source, worlds }: WaitingProps) {
  const { receivers, envelopes, countedAll, kept, lookedSince } = data;
  return (
    <>
      {receivers.length === 0 ? (
        <Empty title="No envelope waits.">They are taken within milliseconds while their receivers live.</Empty>
      ) : (
        <>
          <ul className="receivers">
            {receivers.map(({ receiverId, count, registered, note }) => (
              <li key={receiverId}>
                <b className="num">{formatCount(count)}</b>
                <span>
                  {registered ? (
                    <WorldName id={receiverId} worlds={worlds} source={source} />
                  ) : (
                    <>
                      <Glyph tone="attention" /> no such world <Id id={receiverId} />
                    </>
                  )}
                </span>
                <span className="t3 small wrap">{note ?? "waiting to be taken"}</span>
              </li>
            ))}
          </ul>
          <div className="tscroll">
            <EnvelopeTable
              envelopes={envelopes}
              registered={new Set(receivers.filter((each) => each.registered).map(({ receiverId }) => receiverId))}
              source={source}
              worlds={worlds}
            />
          </div>
          <p className="small t3 wrap">
            Rows have no time of their own: “seen for” is since this console saw the row, at most since it first looked,{" "}
            <Age at={Date.parse(lookedSince) as EpochMs} suffix="ago" />.
            {!countedAll && " There are more than were counted."}
          </p>
        </>
      )}
      {kept.length > 0 && <Kept kept={kept} />}
    </>
  );
}

function EnvelopeTable({
  envelopes,
  registered,
  source,
  worlds,
}: Omit<WaitingProps, "data"> & {
  readonly envelopes: readonly EnvelopeView[];
  /** Receivers that have a record. */
  readonly registered: ReadonlySet<string>;
}) {
  return (
    <table className="envelopes" aria-label="Envelopes that wait">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Message</th>
          <th scope="col">For</th>
          <th scope="col" className="p2">
            From
          </th>
          <th scope="col">Plan</th>
          <th scope="col" className="w100 p3">
            Says
          </th>
          <th scope="col" className="num p3">
            size
          </th>
          <th scope="col" className="num">
            seen for
          </th>
        </tr>
      </thead>
      <tbody>
        {envelopes.map(({ rowId, receiverId, said, undecodable, bytes, seenSince }) => (
          <tr key={rowId}>
            <td className="nowrap">
              <State
                system="envelope"
                word={envelopeState({ decodes: said !== null, hasReceiver: registered.has(receiverId) })}
              />
            </td>
            <td className="nowrap">
              {said === null ? (
                <span className="t2" title={undecodable?.reason}>
                  cannot be decoded
                </span>
              ) : (
                <bdi className="med">{said.type}</bdi>
              )}
            </td>
            <td>
              <WorldName id={receiverId} worlds={worlds} source={source} />
            </td>
            <td className="p2">
              {said === null ? "–" : <WorldName id={said.senderId} worlds={worlds} source={source} />}
            </td>
            <td>
              {said?.planId == null ? (
                <span className="t3">–</span>
              ) : (
                <Link
                  href={routes.plan(source, said.planId, said.stepId === null ? {} : { step: said.stepId })}
                  className="mono"
                >
                  {shortId(said.planId)}
                  {said.stepId !== null && ` step ${said.stepId}`}
                </Link>
              )}
            </td>
            <td className="w100 trunc p3 t2">
              <Says said={said} undecodable={undecodable} />
            </td>
            <td className="num p3 t2">{formatBytes(bytes)}</td>
            <td className="num">
              <Age at={Date.parse(seenSince) as EpochMs} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Says({ said, undecodable }: Pick<EnvelopeView, "said" | "undecodable">) {
  if (said === null) {
    const head = undecodable?.head;
    return (
      <bdi title={undecodable?.reason}>
        {undecodable?.reason}
        {head !== undefined && !isMasked(head) && <span className="mono t3"> {head}</span>}
      </bdi>
    );
  }
  if (said.deviations.length > 0)
    return (
      <bdi className="t-attention tone" title={said.deviations.join("; ")}>
        Ruby cannot read it, and loses all that waits with it: {said.deviations[0]}
      </bdi>
    );
  if (said.detail === null) return <span className="t3">–</span>;
  return <bdi>{shownText(said.detail as string)}</bdi>;
}

function Kept({ kept }: { readonly kept: EnvelopesOutput["kept"] }) {
  return (
    <>
      <h3 className="gap med">Came for this console and could not be decoded</h3>
      <ul className="receivers">
        {kept.map(({ sha256, times, reason, bytes, lastAt, head }) => (
          <li key={sha256}>
            <b className="num">{formatCount(times)}×</b>
            <span className="mono trunc" title={sha256}>
              {isMasked(head) ? sha256.slice(0, 16) : head}
            </span>
            <span className="t3 small wrap">
              {reason}, {formatBytes(bytes)}, last <Age at={Date.parse(lastAt) as EpochMs} suffix="ago" />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
