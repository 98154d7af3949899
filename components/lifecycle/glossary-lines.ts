/** Every state of every machine as a line of the glossary, and the search in it. Pure. */
import type { FactSource, Machine } from "#server/contract/diagram/machine.ts";
import { lookOf, type Shape, type Tone } from "#server/kernel/states.ts";

export interface GlossaryLine {
  readonly machine: Machine;
  readonly state: string;
  readonly means: string;
  readonly tone: Tone;
  readonly shape: Shape;
  /** How it is told, where that differs by state. */
  readonly toldBy: string | null;
  readonly sources: readonly FactSource[];
}

export const glossaryLines = (machines: readonly Machine[]): readonly GlossaryLine[] =>
  machines.flatMap((machine) =>
    machine.states.map((state) => ({
      machine,
      state,
      means: machine.means[state] ?? "",
      ...lookOf(machine.system, state),
      toldBy: machine.toldBy?.[state] ?? null,
      sources: machine.sources,
    })),
  );

export const sourceText = ({ repository, path }: FactSource): string => `${repository} ${path}`;

/** Lines in which every word of the search occurs; those whose state it names come first. */
export function searchGlossary(lines: readonly GlossaryLine[], text: string): readonly GlossaryLine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return lines;
  const found = lines.filter((line) => {
    const all = haystackOf(line);
    return words.every((word) => all.includes(word));
  });
  const isNamed = ({ state }: GlossaryLine) => words.every((word) => state.toLowerCase().includes(word));
  return [...found.filter(isNamed), ...found.filter((line) => !isNamed(line))];
}

const haystackOf = ({ machine, state, means, tone, shape, toldBy, sources }: GlossaryLine): string =>
  [state, machine.name, machine.group, means, tone, shape, toldBy ?? "", ...sources.map(sourceText)]
    .join("\n")
    .toLowerCase();
