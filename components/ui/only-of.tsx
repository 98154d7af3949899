import type { StateSystem } from "#server/kernel/states.ts";
import { State } from "./glyph.tsx";
import { Link } from "./link.tsx";
import type { Href } from "./routes.ts";

interface OnlyOfProps {
  readonly system: StateSystem;
  readonly word: string;
  /** How many there are in all. */
  readonly of: number;
  readonly all: Href;
}

/** Says that a list shows one state only, and the way back to all of it. */
export function OnlyOf({ system, word, of, all }: OnlyOfProps) {
  return (
    <p className="small t2">
      Only <State system={system} word={word} />. <Link href={all}>Show all {of}</Link>
    </p>
  );
}
