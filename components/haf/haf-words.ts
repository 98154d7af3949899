/** Words of a HAF stack for its page. Pure. */
import { formatCount, plural } from "#components/ui/format.ts";
import type { HafAppFold, HafFold } from "#server/contract/fold/haf.ts";

/** A finding: what is wrong with it, or where it stands. */
export function stackTitle(id: string, fold: HafFold): string {
  if (fold.source.state === "down") return `${id} cannot be read`;
  const levels = Object.values(fold.checks).map(({ level }) => level);
  const critical = levels.filter((level) => level === "critical").length;
  if (critical > 0) return `${plural(critical, "thing")} of ${id} ${critical === 1 ? "needs" : "need"} a person`;
  if (fold.phases.length === 0) return id;
  return `${id}: ${fold.phases.map(phaseWords).join(", ")}`;
}

export const phaseWords = (phase: string): string => phase.replaceAll("_", " ");

/** `12 s`, with the sign of what is to come; whole numbers of blocks. */
export const blockWords = (block: number | null): string => (block === null ? "–" : formatCount(block));

/** How far behind the last irreversible block; apps can be ahead of it, on blocks that may still change. */
export function lagWords(lagBlocks: number | null): string {
  if (lagBlocks === null) return "not known";
  if (lagBlocks === 0) return "at it";
  return lagBlocks < 0 ? `${formatCount(-lagBlocks)} ahead` : `${formatCount(lagBlocks)} behind`;
}

export interface AppLine {
  readonly name: string;
  readonly app: HafAppFold;
}

/** In the order of their contexts; those that were removed come last. */
export function appLines(fold: HafFold): readonly AppLine[] {
  const rank = ({ app }: AppLine): number =>
    app.state === "removed" ? Number.MAX_SAFE_INTEGER : (app.contextId ?? Number.MAX_SAFE_INTEGER - 1);
  return Object.entries(fold.apps)
    .map(([name, app]) => ({ name, app }))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}
