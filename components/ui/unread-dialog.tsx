"use client";
import { Dialog } from "./dialog.tsx";
import { Failure, Skeleton } from "./widget.tsx";

interface UnreadDialogProps {
  readonly title: React.ReactNode;
  readonly sub?: React.ReactNode;
  readonly wide?: boolean;
  /** What is being read: `what runs`. */
  readonly what: string;
  /** What is said when it cannot be read. */
  readonly failure: string;
  readonly rows: number;
  readonly preview: { readonly error: unknown; refetch(): unknown };
  readonly onClose: () => void;
}

/** The dialog of an action while its preview is read for the first time, or when that failed. */
export function UnreadDialog({ title, sub, wide = false, what, failure, rows, preview, onClose }: UnreadDialogProps) {
  return (
    <Dialog title={title} sub={sub} onClose={onClose} wide={wide}>
      <div className="dbody">
        {preview.error === null ? (
          <Skeleton rows={rows} what={what} />
        ) : (
          <Failure title={failure} error={preview.error} onRetry={() => void preview.refetch()} />
        )}
      </div>
    </Dialog>
  );
}

/** Why nothing is done on a preview whose last read failed; `null` = it is fresh. */
export const oldRefusal = (old: boolean): string | null =>
  old ? "What is shown is old: it could not be read again." : null;
