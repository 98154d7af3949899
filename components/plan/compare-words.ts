/** Two runs in figures and words. Pure. */
import { formatDurationMs } from "#components/ui/format.ts";
import type { Outputs } from "#components/ui/trpc.ts";

export type Compared = Outputs["dynflow"]["plans"]["compare"];
export type ComparedPair = Compared["pairs"][number];
type ComparedStep = NonNullable<ComparedPair["left"]>;

/** Which time of the steps is compared: all of it, or only what they ran. */
export type Measure = "real" | "execution" | "waited";
export const MEASURES: readonly { readonly measure: Measure; readonly title: string }[] = [
  { measure: "real", title: "Real time" },
  { measure: "execution", title: "Execution" },
  { measure: "waited", title: "Waited before" },
];

/** Seconds; `null` where the step has not begun, or nothing is known of it. */
export function measured(step: ComparedStep | null, measure: Measure): number | null {
  if (step === null || step.startedAt === null) return null;
  switch (measure) {
    case "real":
      return step.realTimeSec;
    case "execution":
      return step.executionTimeSec;
    case "waited":
      return step.waitedSec;
  }
}

export interface PairFigures {
  readonly pair: ComparedPair;
  readonly left: number | null;
  readonly right: number | null;
  /** How much longer the left one took; `null` = one of them is not known. */
  readonly more: number | null;
  /** Left over right; `null` where there is nothing to divide by. */
  readonly ratio: number | null;
}

/** Below this a ratio says nothing. */
const RATIO_FROM_SEC = 0.001;

export function figuresOf(pair: ComparedPair, measure: Measure): PairFigures {
  const left = measured(pair.left, measure);
  const right = measured(pair.right, measure);
  const known = left !== null && right !== null;
  return {
    pair,
    left,
    right,
    more: known ? left - right : null,
    ratio: known && right >= RATIO_FROM_SEC ? left / right : null,
  };
}

export type Order = "more" | "ratio" | "flow" | "left" | "right";

/** What took longer first; what cannot be compared last, in the order of the flow. */
export function inOrder(figures: readonly PairFigures[], order: Order): readonly PairFigures[] {
  if (order === "flow") return figures;
  const of = (one: PairFigures) => one[order];
  return figures
    .map((one, index) => ({ one, index }))
    .sort(
      (a, b) => (of(b.one) ?? Number.NEGATIVE_INFINITY) - (of(a.one) ?? Number.NEGATIVE_INFINITY) || a.index - b.index,
    )
    .map(({ one }) => one);
}

export const differsInState = ({ left, right }: ComparedPair): boolean =>
  left !== null && right !== null && left.state !== right.state;

/** `+4.2 s`, `−12 ms`, `–`. */
export function moreText(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds === 0) return "·";
  return `${seconds > 0 ? "+" : "−"}${formatDurationMs(Math.abs(seconds) * 1_000)}`;
}

export const ratioText = (ratio: number | null): string =>
  ratio === null ? "–" : `${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}\u00A0×`;

/** The finding: which of the two took longer, where most of it went, in how many states they differ. */
export function finding(compared: Compared): readonly string[] {
  const { left, right, pairs } = compared;
  const said: string[] = [];
  if (
    left.realTimeSec !== null &&
    right.realTimeSec !== null &&
    left.state === "stopped" &&
    right.state === "stopped"
  ) {
    const more = left.realTimeSec - right.realTimeSec;
    if (Math.abs(more) < RATIO_FROM_SEC) said.push("Both took as long");
    else {
      const ratio = right.realTimeSec < RATIO_FROM_SEC ? "" : ` (${ratioText(left.realTimeSec / right.realTimeSec)})`;
      said.push(`This run took ${moreText(more).replace(/^[+−]/, "")} ${more > 0 ? "longer" : "less"}${ratio}`);
    }
  }
  const states = pairs.filter(differsInState).length;
  if (states > 0) said.push(`${states} ${states === 1 ? "step is" : "steps are"} in another state`);
  const alone = pairs.filter(({ by }) => by === null).length;
  if (alone > 0) said.push(`${alone} ${alone === 1 ? "step is" : "steps are"} in only one of them`);
  const waited = (side: "left" | "right") => pairs.reduce((sum, pair) => sum + (pair[side]?.waitedSec ?? 0), 0);
  const waitedMore = waited("left") - waited("right");
  if (Math.abs(waitedMore) >= 1) {
    said.push(
      `its steps had waited ${moreText(waitedMore).replace(/^[+−]/, "")} ${waitedMore > 0 ? "longer" : "less"}`,
    );
  }
  return said.length === 0 ? ["No difference is known"] : said;
}
