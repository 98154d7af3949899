import { Link } from "#components/ui/link.tsx";
import type { MachineKind } from "#server/contract/diagram/machine.ts";
import type { StateCount } from "#server/contract/view/lifecycle-counts.ts";
import { countText } from "./counted-diagram.ts";
import { stateHref } from "./state-places.ts";

interface CountOfStateProps {
  readonly kind: MachineKind;
  readonly state: string;
  /** `undefined` = nothing has been read yet. */
  readonly count: StateCount | undefined;
}

/** How many things are in a state, as a link to them where something lists them; not counted is said, never zero. */
export function CountOfState({ kind, state, count }: CountOfStateProps) {
  if (count === undefined) return <span className="t3">…</span>;
  const href = stateHref(kind, state);
  const why = count.kind === "counted" ? undefined : count.why;
  const shown =
    count.kind === "not-counted" ? (
      <span className="unk">not counted</span>
    ) : (
      <span className={count.count === 0 ? "t3" : "med"}>{countText(count)}</span>
    );
  return (
    <span title={why}>
      {href === null ? shown : <Link href={href}>{shown}</Link>}
      {why !== undefined && <span className="vh">: {why}</span>}
    </span>
  );
}
