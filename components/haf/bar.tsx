import { formatShare } from "#components/ui/format.ts";

interface BarProps {
  /** 0..1; `null` = not known how far. */
  readonly share: number | null;
  /** What moves: `Replay`. */
  readonly label: string;
  /** Said beside the share: block and time left. */
  readonly words?: string;
  readonly tone?: "working" | "good";
}

/** How far something is, as a length and as a number. */
export function Bar({ share, label, words, tone = "working" }: BarProps) {
  const part = share === null ? null : Math.min(1, Math.max(0, share));
  const text = part === null ? "not known" : formatShare(Math.floor(part * 100) / 100);
  return (
    <span className="haf-bar">
      <svg
        className={`meter t-${tone}`}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={part === null ? undefined : Math.floor(part * 100)}
        aria-valuetext={words === undefined ? text : `${text}, ${words}`}
      >
        <rect className={part === null ? "unknown" : "ground"} width="100" height="6" />
        {part !== null && <rect className="fill" width={100 * part} height="6" />}
      </svg>
      <span className="small t2 nowrap">{text}</span>
    </span>
  );
}
