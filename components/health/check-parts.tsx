import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";

const ABOUT_SHOWN = 20;
const LEVEL_WORDS = { critical: "critical", warning: "warning", "not-known": "not known", ok: "well" } as const;

/** How a check came out. */
export type CheckLevel = keyof typeof LEVEL_WORDS;

/** Whether a check found nothing that troubles: it is well, or cannot be judged. */
export const isUntroubled = (level: CheckLevel): boolean => level === "ok" || level === "not-known";

/** How a check came out, in the words of every list of checks. */
export function LevelWord({ level }: { readonly level: CheckLevel }) {
  return (
    <State system="health" word={level}>
      {LEVEL_WORDS[level]}
    </State>
  );
}

interface CheckTextProps {
  readonly explanation: string;
  readonly remedy: string;
  /** What it is about, by name; the first of them are listed. */
  readonly about: readonly string[];
}

/** Why a check matters, what to do, and what it is about. */
export function CheckText({ explanation, remedy, about }: CheckTextProps) {
  return (
    <>
      <p className="wrap">{explanation}</p>
      <p className="wrap">
        <b className="med">What to do:</b> {remedy}
      </p>
      {about.length > 0 && (
        <p className="wrap t2">
          <span className="t3">About </span>
          {about.slice(0, ABOUT_SHOWN).map((name, index) => (
            <span key={name}>
              {index > 0 && ", "}
              <Name text={name} />
            </span>
          ))}
          {about.length > ABOUT_SHOWN && (
            <span className="t3"> and {formatCount(about.length - ABOUT_SHOWN)} more</span>
          )}
        </p>
      )}
    </>
  );
}
