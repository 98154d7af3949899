/** The configuration by its sections, as far as it is searched for. Pure. */
import type { Outputs } from "#components/ui/trpc.ts";

export type Setting = Outputs["admin"]["configuration"]["settings"][number];

export interface SettingGroup {
  readonly title: string;
  readonly settings: readonly Setting[];
}

/** Sections of the file, in the words of the console; one that is not listed is told by its own name. */
const TITLES: Readonly<Record<string, string>> = {
  listen: "Where it answers",
  journal: "Journal and retention",
  auth: "Who may come in",
  readOnly: "Read-only",
  approvals: "Approvals",
  limits: "Limits",
  masks: "Masks",
  links: "Links out",
  loadBalancer: "Top of the map",
  regions: "Regions",
  dna: "DNA clusters",
  dynflow: "Dynflow databases",
  haf: "HAF stacks",
  ingest: "Gateway for agents",
  alerts: "Alert sinks",
  demo: "Demo",
};

const sectionOf = ({ key }: Setting): string => /^[^.[]*/.exec(key)?.[0] ?? key;

/** Keys that say something else than what would hold without them. */
export const isChanged = ({ isDefault }: Setting): boolean => !isDefault;

/** @param text every word of it has to occur in key, value or meaning, in any case */
export function groupsOf(settings: readonly Setting[], text: string, changedOnly: boolean): readonly SettingGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (changedOnly && !isChanged(setting)) continue;
    const said = `${setting.key} ${setting.value ?? ""} ${setting.meaning}`.toLowerCase();
    if (!words.every((word) => said.includes(word))) continue;
    const section = sectionOf(setting);
    const group = groups.get(section);
    if (group === undefined) groups.set(section, [setting]);
    else group.push(setting);
  }
  return [...groups].map(([section, found]) => ({ title: titleOf(section), settings: found }));
}

const titleOf = (section: string): string => (Object.hasOwn(TITLES, section) ? (TITLES[section] ?? section) : section);

/** Where a value comes from. */
export function originText({ origin, isDefault }: Pick<Setting, "origin" | "isDefault">): string {
  switch (origin) {
    case "file":
      return isDefault ? "file, as by default" : "file";
    case "command-line":
      return "command line";
    case "default":
      return "default";
    case "unset":
      return "left out";
  }
}
