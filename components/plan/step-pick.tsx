"use client";
import { useQuery } from "@tanstack/react-query";
import { useAddress } from "#components/ui/address.ts";
import { shortId } from "#components/ui/format.ts";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { useTRPC } from "#components/ui/trpc.ts";

interface StepPickProps {
  readonly source: string;
  readonly planId: string;
  readonly otherId: string;
  readonly stepId: number;
}

/** Steps of a list at most. */
const OPTIONS_MAX = 500;

/** What the selected step can be laid beside: its like in the other run, or another step of this plan. */
export function StepPick({ source, planId, otherId, stepId }: StepPickProps) {
  const trpc = useTRPC();
  const { go } = useAddress();
  const { data } = useQuery(trpc.dynflow.plans.compare.queryOptions({ source, planId, otherId }));
  const pair = data?.pairs.find(({ left }) => left?.id === stepId);
  if (data === undefined || pair === undefined) return null;
  const others = data.pairs.flatMap(({ left, actionClass, phase }) =>
    left === null || left.id === stepId ? [] : [{ id: left.id, actionClass, phase }],
  );
  const own = others.filter(({ actionClass }) => actionClass === pair.actionClass);
  const options = [...own, ...others.filter((one) => !own.includes(one))].slice(0, OPTIONS_MAX);
  return (
    <div className="cmp-pick">
      <span>
        <b className="med">Step {stepId}</b> <bdi className="t2">{pair.actionClass}</bdi>
      </span>
      {pair.right === null ? (
        <span className="t3">has no like in {shortId(otherId)}</span>
      ) : (
        <Link
          href={routes.plan(source, planId, { tab: "compare", run: otherId, step: stepId, against: pair.right.id })}
        >
          {`Payloads beside step ${pair.right.id} of ${shortId(otherId)}`}
        </Link>
      )}
      <label>
        <span className="fl">Or beside another step of this plan</span>
        <select
          className="field"
          value=""
          onChange={(event) =>
            go(
              routes.plan(source, planId, {
                tab: "compare",
                run: planId,
                step: stepId,
                against: Number(event.target.value),
              }),
            )
          }
        >
          <option value="" disabled>
            choose a step
          </option>
          {options.map((one) => (
            <option key={one.id} value={one.id}>{`${one.id} ${one.phase} ${one.actionClass}`}</option>
          ))}
        </select>
      </label>
    </div>
  );
}
