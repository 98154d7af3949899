"use client";
interface ToolProps {
  readonly onPress: () => void;
  readonly shortcut?: string;
  readonly refusal?: string | null;
  readonly children: React.ReactNode;
}

/** A small verb under a payload. */
export function Tool({ onPress, shortcut, refusal = null, children }: ToolProps) {
  return (
    <button
      type="button"
      className="btn-plain nowrap"
      aria-keyshortcuts={shortcut}
      aria-disabled={refusal !== null || undefined}
      title={refusal ?? undefined}
      onClick={() => {
        if (refusal === null) onPress();
      }}
    >
      {children}
    </button>
  );
}
