"use client";
import { Dialog } from "#components/ui/dialog.tsx";

interface FailoverDialogProps {
  readonly source: string;
  readonly incarnation: string;
  readonly onClose: () => void;
}

/** Releases the keys of one dead incarnation. */
export function FailoverDialog({ onClose }: FailoverDialogProps) {
  return (
    <Dialog title="Fail over" onClose={onClose}>
      <div className="dbody" />
    </Dialog>
  );
}
